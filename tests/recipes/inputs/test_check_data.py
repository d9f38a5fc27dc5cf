import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.check_data import check_data, data_warnings


def test_skipped_files_come_first_one_a_line_with_path_tab_reason(image_folder):
    deep = image_folder / "a" / ("long " * 30).strip()
    deep.mkdir(parents=True)
    (deep / "broken\tname.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (image_folder / "empty.jpg").write_bytes(b"")
    report = check_data(image_folder, 32)
    lines = report.lines()
    name = f"a/{deep.name}/broken\\tname.png"
    assert [line.split("\t")[0] for line in lines if "\t" in line] == [name, "empty.jpg"]
    assert all(line.count("\t") <= 1 and "\n" not in line for line in lines)
    assert lines[2] == f"{image_folder}: 12 usable, 2 skipped" and report.usable
    assert "sizes: 12 32x32" in lines and "formats: 12 PNG" in lines


def test_duplicates_and_warnings_are_reported_and_repeated_for_a_training(image_folder):
    (image_folder / "twin.png").write_bytes((image_folder / "00.png").read_bytes())
    (image_folder / "empty.jpg").write_bytes(b"")
    lines = check_data(image_folder, 32).lines()
    assert "the same image: 00.png, twin.png" in lines and "1 exact duplicate" in lines
    warnings = data_warnings(read_images(image_folder, 32))
    assert warnings == ["only 13 images: a GAN may copy them", "1 exact duplicate"]
    assert set(warnings) < set(lines)


def test_long_images_are_a_warning_where_they_are_cropped(tmp_path):
    Image.fromarray(np.zeros((32, 96, 3), np.uint8)).save(tmp_path / "long.png")
    image_set = read_images(tmp_path, 32)
    assert any("twice as long as wide" in line for line in data_warnings(image_set, "crop"))
    assert not any("twice as long as wide" in line for line in data_warnings(image_set, "pad"))


def test_preview_is_a_contact_sheet(image_folder, tmp_path):
    report = check_data(image_folder, 32, preview=tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (4 * 32, 3 * 32)
    assert json.loads(json.dumps({**report.to_dict(), "preview": None}))["usable"] == 12


def test_source_without_a_usable_image_is_a_result(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    preview = tmp_path.parent / "sheet-of-nothing.png"
    report = check_data(tmp_path, preview=preview)
    assert not report.usable and "no usable image" in report.lines()
    assert not preview.exists()


def test_preview_replaces_no_image(image_folder, tmp_path):
    before = (image_folder / "00.png").read_bytes()
    (tmp_path / "mine.png").write_bytes(before)
    with pytest.raises(checks.UserFileError, match=r"`preview` must be a new file, or a sheet to replace.*--preview"):
        check_data(image_folder, 32, preview=tmp_path / "mine.png")
    with pytest.raises(checks.UserError, match=r"`preview` must be a file outside the images' folder"):
        check_data(image_folder, 32, preview=image_folder / "sheet.png")
    assert (tmp_path / "mine.png").read_bytes() == before and len(list(image_folder.iterdir())) == 12
    check_data(image_folder, 32, preview=tmp_path / "sheet.png")
    check_data(image_folder, 32, preview=tmp_path / "sheet.png")  # its own is replaced


def test_missing_source_and_wrong_size_are_errors(tmp_path):
    with pytest.raises(checks.UserFileError, match="nothing at this path"):
        check_data(tmp_path / "none")
    with pytest.raises(checks.UserError, match="`image_size` must be one of"):
        check_data(tmp_path, 48)


def test_check_loads_no_tensorflow(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 32, 32, 3), np.uint8))
    code = (
        "import sys\nfrom keras_transfer_gen.recipes.inputs.check_data import check_data\n"
        f"print(check_data({str(tmp_path / 'a.npy')!r}, 32).usable, 'tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True False\n"

import json

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.outputs import SHEET_IMAGES, check_file, check_outputs, write_outputs
from keras_transfer_gen.recipes.latent_tools.vae_inputs import ModelImages


def test_file_has_its_suffix_and_is_no_folder(tmp_path):
    assert check_file(tmp_path / "film.GIF", ".gif", "") == tmp_path / "film.GIF"
    (tmp_path / "a.gif").mkdir()
    for out in (tmp_path / "film.mp4", tmp_path / "a.gif"):
        with pytest.raises(checks.UserError, match=r"`out` must be a file \*.gif.*Such as --out film.gif"):
            check_file(out, ".gif", "Such as --out film.gif.")


def test_folder_with_other_files_and_a_sheet_among_the_images_are_refused(tmp_path):
    (tmp_path / "dear.txt").write_text("")
    with pytest.raises(checks.UserError, match="`out` must be a new or empty folder"):
        check_outputs(tmp_path, None)
    with pytest.raises(checks.UserError, match="`grid` must be a file outside --out"):
        check_outputs(tmp_path / "images", tmp_path / "images" / "sheet.png")


def test_images_sheet_and_names_are_written_and_shown(sample_images, tmp_path, scripted):
    reporter = scripted()
    many = np.concatenate([sample_images] * 4)
    inputs = ModelImages(many, [f"{number}.png" for number in range(48)], "discs")
    parts = [("input", many), ("result", many)]
    write_outputs(many, parts, inputs, tmp_path / "images", tmp_path / "sheet.png", {"detail": 0.5}, reporter)
    notes = json.loads((tmp_path / "images" / ".ktg-generate.json").read_text())
    assert notes["made_from"][:2] == ["0.png", "1.png"] and notes["detail"] == 0.5 and notes["num"] == 48
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * 6 * 32 + 24, 6 * 32 + 24) and SHEET_IMAGES == 36
        np.testing.assert_array_equal(np.asarray(sheet), reporter.sheets[0])

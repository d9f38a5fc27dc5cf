import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.fetching import presets
from tests.saved_model_fixtures import folder_of, saved
from tests.stylegan2_fixtures import FOLDER


@pytest.fixture
def preset(tmp_path, monkeypatch, source_file):
    folder = tmp_path / "installed" / "test_gan_32"
    folder.mkdir(parents=True)
    shutil.copy(source_file, folder / "gan.keras")
    ModelSpec(image_size=32, channels=3, latent_dim=16, licence="CC0-1.0").save(folder / "spec.json")
    (folder / "scores.json").write_text('{"kid": 61.23}')
    monkeypatch.setattr(presets, "_preset_folders", lambda: [folder])


@pytest.mark.usefixtures("preset")
def test_models_lists_the_presets_for_people_and_programs(ktg, ktg_json):
    result = ktg("models")
    assert result.exit_code == 0 and result.stdout.splitlines()[0] == "name\timages\tsize\tKID x 1000\tlicence"
    name, size, _, kid, licence = result.stdout.splitlines()[1].split("\t")
    assert (name, size, kid, licence) == ("test_gan_32", "32 px, RGB", "61.2", "CC0-1.0")
    (preset,) = ktg_json("models")
    facts = ("test_gan_32", 32, "CC0-1.0", {"kid": 61.23})
    assert (preset["name"], preset["image_size"], preset["licence"], preset["scores"]) == facts


def test_models_says_where_there_are_none(ktg, ktg_json, monkeypatch):
    monkeypatch.setattr(presets, "_preset_folders", list)
    assert ktg("models").stdout == "no presets: this installation has none\n"
    assert ktg_json("models") == []


def test_old_option_of_models_is_hidden_and_has_no_effect(ktg):
    result = ktg("models", "--trust")
    assert result.exit_code == 0 and result.stdout == ktg("models").stdout
    assert result.stderr == "warning: --trust has no effect here: nothing is fetched. Leave it out.\n"
    assert "--trust" not in ktg("models", "--help").stdout


@pytest.mark.usefixtures("preset")
def test_info_takes_every_kind_of_model(ktg_json, finished, source_file):
    run = RunFolder(finished.out)
    for model in ("test_gan_32", finished.out, source_file, run.saved_model, run.saved_model.parent):
        facts = ktg_json("info", model)
        assert (facts["model"], facts["image_size"], facts["latent_dim"]) == (str(model), 32, 16)


def test_info_lists_layers_as_rules_name_them(ktg, finished):
    lines = ktg("info", finished.out, "--layers").stdout.splitlines()
    assert "licence\tCC0-1.0" in lines and "path\tshape\tparameters\ttrainable\tsource" in lines
    row = next(line.split("\t") for line in lines if line.startswith("generator/block_8/conv/kernel\t"))
    height, width, *_ = row[1].split(" x ")  # as in other tables: no lists, no True
    assert height == width and row[3] == "yes" and "," in row[2]
    parameters = next(line for line in lines if line.startswith("parameters\t"))
    assert parameters.startswith("parameters\tgenerator ") and ", discriminator " in parameters


@pytest.mark.parametrize(("model", "text"), [
    ("noto_gan_46", "`model` must be a preset"), ("{empty}", "This folder holds none of them"),
    ("{damaged}", "not a `.keras` file, or it is damaged"),
])  # fmt: skip
def test_info_refuses_on_one_line(refused, tmp_path, source_file, model, text):
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.keras").write_bytes(source_file.read_bytes()[:999])
    assert text in refused("info", model.format(empty=tmp_path / "empty", damaged=tmp_path / "damaged.keras"))


def test_data_check_names_each_skipped_file_on_a_line_of_its_own(ktg, ktg_json, image_folder):
    deep = image_folder / "/".join(["a rather long name of a folder"] * 5)
    deep.mkdir(parents=True)
    (deep / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (image_folder / "empty.png").write_bytes(b"")
    result = ktg("data", "check", image_folder, "--image-size", "32")
    path = (deep / "broken.png").relative_to(image_folder)
    skipped = [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]
    assert result.exit_code == 0 and [name for name, _ in skipped] == [str(path), "empty.png"]
    assert all(reason for _, reason in skipped)
    assert f"{image_folder}: 12 usable, 2 skipped" in result.stdout.splitlines()
    checked = ktg_json("data", "check", image_folder, "--image-size", "32")
    assert checked["usable"] == 12 and [[file["path"], file["reason"]] for file in checked["skipped"]] == skipped


def test_data_check_ends_with_2_where_nothing_is_usable(ktg, refused, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    for more in ((), ("--json",)):
        result = ktg("data", "check", tmp_path, *more)
        assert result.exit_code == 2 and "notes.txt" in result.stdout
    assert "Check source= (SOURCE)." in refused("data", "check", tmp_path / "none")


def test_data_check_reads_archives_and_arrays_and_writes_a_preview(ktg, tmp_path, image_folder, sample_images):
    np.savez(tmp_path / "a.npz", images=sample_images)
    shutil.make_archive(str(tmp_path / "b"), "zip", image_folder)
    for name in ("a.npz", "b.zip"):
        sheet = tmp_path / "sheet.png"
        result = ktg("data", "check", tmp_path / name, "--image-size", 32, "--channels", 1, "--preview", sheet)
        assert result.exit_code == 0 and "12 usable, 0 skipped" in result.stdout
        assert tf.io.decode_png(sheet.read_bytes()).shape == (96, 128, 1)


@pytest.mark.parametrize(("option", "text"), [
    (("--image-size", "48"), "`image_size` must be one of"), (("--channels", "4"), "`channels` must be one of"),
    (("--resize-mode", "stretch"), "`resize_mode` must be one of"), (("--background", "whit"), "`background` must be"),
])  # fmt: skip
def test_data_check_refuses_wrong_options(refused, image_folder, option, text):
    assert text in refused("data", "check", image_folder, *option)


def test_preview_never_replaces_a_folder(refused, image_folder, tmp_path):
    check = ("data", "check", image_folder, "--preview")
    assert "`preview` must be a PNG file, not a folder" in refused(*check, image_folder)
    (tmp_path / "file").write_text("")
    assert "Choose another path with --preview." in refused(*check, tmp_path / "file" / "sheet.png")
    assert len(list(image_folder.iterdir())) == 12


def test_info_measures_a_third_party_model(ktg_json):
    facts = ktg_json("info", saved("renderers")[0] / "unit")
    assert (facts["num_classes"], facts["pixel_range"], facts["inputs"]) == (7, [0, 1], "z: latents, label: class ids")


def test_inspect_shows_all_of_a_saved_model(ktg, ktg_json, tmp_path):
    result = ktg("models", "inspect", saved("renderers")[0] / "unit", "--grid", tmp_path / "grid.png")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "function __call__\tinputs\tlabel\tint32 (None,)" in lines
    assert "generator/mix\t6 x 192\t1,152\tyes\tunit" in lines
    assert any(line.startswith("num_classes\t7\tinput 'label', integers: 6 is the last") for line in lines)
    assert lines[-1].strip().startswith("keras.utils.save_img(")
    assert tf.io.decode_png((tmp_path / "grid.png").read_bytes()).shape == (32, 32, 1)
    inspection = ktg_json("models", "inspect", saved("renderers")[0] / "unit")
    assert inspection["spec"]["num_classes"] == 7 and inspection["program"] in result.stdout


def test_inspect_shows_what_is_no_generator_but_makes_no_grid_of_it(ktg, refused, tmp_path):
    result = ktg("models", "inspect", folder_of("module"))
    assert result.exit_code == 0 and "It can be trained: 4 of 6 variables" in result.stdout
    assert "centre\t8\t8\tno" in result.stdout and "square images" in result.stdout
    line = refused("models", "inspect", folder_of("module"), "--grid", tmp_path / "grid.png")
    assert "`grid` must be left out" in line


@pytest.mark.parametrize(("source", "text"), [
    ("https://tfhub.dev/google/progan-128/1", "a model that you trust"), ("{keras}", "`ktg info "),
    ("none", "`SOURCE` must be"),
])  # fmt: skip
def test_inspect_refuses_on_one_line(refused, source_file, source, text):
    assert text in refused("models", "inspect", source.format(keras=source_file))


def test_inspect_shows_the_networks_of_another_program(ktg, ktg_json, tmp_path):
    path = FOLDER / "tf1_v4.pkl"
    text = ktg("models", "inspect", path, "--grid", tmp_path / "grid.png").stdout
    assert "written_by" in text and "unknown, assume non-commercial" in text and (tmp_path / "grid.png").is_file()
    assert ktg_json("models", "inspect", path)["networks"]["D"]["group_size"] == 4


def test_models_loads_no_tensorflow():
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom keras_transfer_gen.cli.main import app\n"
        "print(CliRunner().invoke(app, ['models']).exit_code, 'tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0 False\n"


def test_data_check_counts_the_classes_of_images(ktg, ktg_json, refused, tmp_path, sample_images):
    np.savez(tmp_path / "x.npz", images=sample_images, labels=["cat"] * 5 + ["dog"] * 7)
    check = ("data", "check", tmp_path / "x.npz", "--image-size", 32, "--labels")
    assert ktg_json(*check, "own")["classes"] == {"cat": 5, "dog": 7}
    assert "classes: 7 dog, 5 cat" in ktg(*check, "own").stdout
    assert "Did you mean folders?" in refused(*check, "folder")

import dataclasses
import types

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.inputs import init_settings
from keras_transfer_gen.recipes.inputs.init_settings import look_at, settings_class, suggest_out, write_settings
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.settings_file import read_settings_file
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings


@pytest.fixture
def folder(tmp_path):
    """Function: names of files, mode -> a folder with an image of 20 x 30 pixels under each."""

    def build(*names, mode="RGB"):
        for number, name in enumerate(names):
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, (20, 30), number).save(path)
        return tmp_path / "photos"

    return build


def test_images_are_counted_with_their_sizes_channels_and_classes(folder):
    look = look_at(folder("cats/a.png", "cats/b.png", "dogs/c.png"))
    assert (look.usable, look.grey, look.side, look.reference) == (3, False, 20, None)
    assert "3 images, RGB, sides from 20 to 30 pixels." in look.lines[0]
    assert look.lines[1] == "Classes by their folders: cats 2, dogs 1."
    assert any(line.startswith("Note: only 3 images") for line in look.lines)


def test_grey_images_and_mixed_ones_are_told(folder):
    assert look_at(folder("a.png", "b.png", mode="L")).grey
    look = look_at(folder("c.png"))
    assert not look.grey and "RGB, 2 of them grey" in look.lines[0] and look.classes == ""


def test_train_and_reference_of_prepared_images_are_told_apart(folder):
    root = folder("train/a.png", "train/b.png", "reference/c.png")
    look = look_at(root)
    assert (look.data, look.reference, look.usable) == (str(root / "train"), str(root / "reference"), 2)


def test_folder_without_an_image_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(checks.UserFileError, match="`ktg data check` says why"):
        look_at(tmp_path)


def test_source_has_the_channels_of_the_images_where_there_is_one(folder, monkeypatch):
    look = look_at(folder("a.png"))
    assert init_settings.suggest_source(look) == "emoji_64"
    monkeypatch.setattr(init_settings, "list_presets", list)
    assert init_settings.suggest_source(look) == init_settings.FALLBACK_SOURCE


@pytest.mark.parametrize(("side", "name"), [(30, "b_64"), (64, "b_64"), (127, "b_64"), (128, "c_128"), (900, "c_128")])
def test_source_is_the_largest_that_no_image_is_enlarged_for(monkeypatch, side, name):
    sizes = {"a_28": (28, 1), "b_64": (64, 3), "c_128": (128, 3)}
    spec = types.SimpleNamespace(family="gan")
    presets = [types.SimpleNamespace(name=n, image_size=s, channels=c, spec=spec) for n, (s, c) in sizes.items()]
    monkeypatch.setattr(init_settings, "list_presets", lambda: presets)
    look = init_settings.Look("images", None, 9, [], "", False, side)
    assert init_settings.suggest_source(look) == name
    assert init_settings.suggest_source(dataclasses.replace(look, grey=True)) == "a_28"


def test_settings_belong_to_the_family_of_the_source():
    assert settings_class("noto_gan_64") is FineTuneSettings
    assert settings_class("noto_vae_64") is FineTuneVaeSettings
    assert settings_class("https://tfhub.dev/a/b/1") is FineTuneSettings
    with pytest.raises(checks.UserFileError, match="Did you mean noto_gan_64"):
        settings_class("noto_gan_46")


def test_file_is_written_once_and_read_by_config(folder, tmp_path):
    look = look_at(folder("cats/a.png", "dogs/c.png"))
    path = tmp_path / "run.yaml"
    values = write_settings(path, look, "noto_gan_64", 3.0, "runs/a")
    assert read_settings_file(path, "finetune", (FineTuneSettings,)).values == values
    assert "the folders are classes" in path.read_text() and "cats 1, dogs 1" in path.read_text()
    with pytest.raises(checks.UserFileError, match="give --overwrite"):
        write_settings(path, look, "noto_gan_64", 4.0, "runs/a")
    write_settings(path, look, "noto_vae_64", 4.0, "runs/a", overwrite=True)
    assert "\nkimg: 4\n" in path.read_text()
    with pytest.raises(checks.UserError, match="`kimg` must be a number above 0"):
        write_settings(path, look, "noto_gan_64", -4.0, "runs/a", overwrite=True)
    assert "\nkimg: 4\n" in path.read_text()


@pytest.mark.parametrize("name", ["run.txt", "run", "."])
def test_other_files_are_refused(tmp_path, name):
    with pytest.raises(checks.UserError, match=r"must be a file that ends in \.yaml"):
        init_settings.check_file(tmp_path / name, False)


def test_run_is_named_after_the_images():
    assert suggest_out("photos/cats.zip") == "runs/cats"
    assert np.all([suggest_out(name) == "runs/cats" for name in ("cats", "photos/cats/")])

import json

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.output.folder_checks import MARK
from keras_transfer_gen.recipes.output.image_folder import generate_folder, write_grid
from tests import generator_fixtures


@pytest.fixture(scope="module")
def gan(source_file):
    return load_gan(source_file)


def test_images_are_numbered_and_depend_on_seed_and_number_alone(gan, tmp_path):
    images = generate_folder(gan, 3, tmp_path / "a", seed=7)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [MARK, "00000.png", "00001.png", "00002.png"]
    assert np.array_equal(read_images(tmp_path / "a", 32).images, images)
    generate_folder(gan, 40, tmp_path / "b", seed=7)
    for name in ("00000.png", "00001.png", "00002.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "b" / MARK).read_text()) == {"num": 40, "seed": 7, "truncation": None}


def test_earlier_images_are_replaced_whole_and_counted(gan, tmp_path, scripted):
    reporter = scripted()
    generate_folder(gan, 3, tmp_path / "a", reporter=reporter)
    assert reporter.lines == []
    generate_folder(gan, 1, tmp_path / "a", seed=1, reporter=reporter)
    assert reporter.lines == [f"replaced 3 earlier images in {tmp_path / 'a'}"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [MARK, "00000.png"]


def test_folder_with_other_files_is_left_alone(gan, tmp_path):
    (tmp_path / "holiday.jpg").write_text("dear")
    with pytest.raises(checks.UserError, match="`out` must be a new or empty folder"):
        generate_folder(gan, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_grid_shows_the_first_images(gan, tmp_path):
    images = gan.generate(70)
    write_grid(tmp_path / "grid.png", images)
    with Image.open(tmp_path / "grid.png") as sheet:
        assert sheet.size == (256, 256)
        assert np.array_equal(np.asarray(sheet)[:32, 32:64], images[1])


def test_class_is_passed_on_and_noted_where_there_are_some(gan, tmp_path):
    labelled = open_model(generator_fixtures.folder_of("labelled"))
    images = generate_folder(labelled, 2, tmp_path / "a", label=3)
    assert np.array_equal(images, labelled.generate(2, label=3))
    assert json.loads((tmp_path / "a" / MARK).read_text())["label"] == 3
    with pytest.raises(checks.UserError, match="`label` must be left out for this model"):
        generate_folder(gan, 1, tmp_path / "b", label=0)
    assert not (tmp_path / "b").exists()

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.mix import copy_layers, mix


def test_sheet_mixes_the_styles_of_rows_and_columns(style_file, tmp_path):
    space = open_space(style_file)
    sheet = mix(space, tmp_path / "mix.png", rows="0-1", columns="4-6", layers="0,2", seed=1)
    assert sheet.shape == (3, 4, 16, 16, 3) and (sheet[0, 0] == 255).all()
    styles = space.draw(range(7), 1)
    np.testing.assert_array_equal(sheet[1:, 0], space.images(styles[:2]))
    np.testing.assert_array_equal(sheet[0, 1:], space.images(styles[4:]))
    mixed = styles[1].copy()
    mixed[[0, 2]] = styles[5][[0, 2]]
    np.testing.assert_array_equal(sheet[2, 2], space.images(mixed[None])[0])
    with Image.open(tmp_path / "mix.png") as written:
        assert written.size == (64, 48)


def test_first_third_of_the_layers_is_copied_by_default(style_file):
    space = open_space(style_file)
    np.testing.assert_array_equal(mix(space, rows="0", columns="1"), mix(space, rows="0", columns="1", layers="0-2"))


def test_models_without_styles_and_unknown_layers_are_refused(style_file, source_file):
    with pytest.raises(checks.UserError, match="`space` must be z"):
        mix(source_file)
    with pytest.raises(checks.UserError, match="`layers` must be numbers from 0 to 5"):
        mix(style_file, layers="6")


def test_copied_layers_broadcast():
    styles, other = np.zeros((2, 1, 3, 4), np.float32), np.ones((1, 5, 3, 4), np.float32)
    mixed = copy_layers(styles, other, [0, 2])
    assert mixed.shape == (2, 5, 3, 4) and (mixed[:, :, [0, 2]] == 1).all() and (mixed[:, :, 1] == 0).all()
    assert (styles == 0).all()

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.walk import walk


def test_walk_passes_the_images_and_closes(style_file, tmp_path):
    space = open_space(style_file)
    images = walk(space, tmp_path / "walk.webp", numbers="0-2", frames=5, seed=2)
    assert images.shape == (15, 16, 16, 3)
    np.testing.assert_array_equal(images[::5], space.images(space.draw(range(3), 2)))
    steps = np.abs(np.diff(np.concatenate([images, images[:1]]).astype(int), axis=0)).mean((1, 2, 3))
    assert steps.max() < 4 * np.median(steps)  # the last step, to the first image, is no jump
    with Image.open(tmp_path / "walk.webp") as film:
        assert film.n_frames == 15


def test_one_image_and_other_files_are_refused(source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`images` must be at least two different numbers"):
        walk(source_file, numbers="3,3")
    with pytest.raises(checks.UserError, match=r"`out` must be a file \*.gif"):
        walk(source_file, tmp_path / "walk.avi")

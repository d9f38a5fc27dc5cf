import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.directions import find_directions, move
from keras_transfer_gen.recipes.latent_tools.edit_along import edit_along
from keras_transfer_gen.recipes.latent_tools.latent_files import write_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space


@pytest.fixture(scope="module")
def file(style_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("directions") / "d.npz"
    find_directions(style_file, path, num=2, numbers="0")
    return path


def test_images_move_along_a_direction_of_the_file(style_file, file, tmp_path):
    before, after = edit_along(style_file, file, 1, 2.0, tmp_path / "out", numbers="3,4", layers="0-1")
    space = open_space(style_file)
    latents = space.draw([3, 4])
    np.testing.assert_array_equal(before, space.images(latents))
    direction = np.load(file)["directions"][1]
    np.testing.assert_array_equal(after, space.images(move(space, latents, direction, 2.0, [0, 1])))
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["00000.png", "00001.png"]


def test_stored_latents_are_shown_with_their_noise(style_file, file, tmp_path):
    space = open_space(style_file)
    latents = space.draw([5])
    (path,) = [v.path for v in space.network.variables if v.path.endswith("block_16/conv1/noise_const")]
    noise = np.full((16, 16), 3.0, np.float32)
    write_arrays(tmp_path / "l.npz", space, latents=latents, **{f"noise/{path}": noise})
    before, _ = edit_along(style_file, file, 0, latents=tmp_path / "l.npz")
    plain = space.images(latents)
    assert (before != plain).any()
    space.network.get_layer("block_16").conv1.noise_const.assign(noise)
    np.testing.assert_array_equal(before, space.images(latents))


def test_files_of_another_model_or_space_are_refused(style_file, source_file, file, tmp_path):
    with pytest.raises(checks.UserError, match="`space` must be z"):
        edit_along(source_file, file, 0)
    with pytest.raises(checks.UserError, match="`direction` must be an integer from 0 to 1"):
        edit_along(style_file, file, 2)
    write_arrays(tmp_path / "z.npz", open_space(style_file, "z"), latents=np.zeros((1, 8)))
    with pytest.raises(checks.UserError, match="`latents` must be latents of the space w.*--space w"):
        edit_along(style_file, file, 0, latents=tmp_path / "z.npz")

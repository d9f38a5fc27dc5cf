import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.maths.principal_directions import matrix_directions
from keras_transfer_gen.recipes.latent_tools.directions import (
    deviations,
    find_directions,
    move,
    scaled_directions,
    style_matrices,
)
from keras_transfer_gen.recipes.latent_tools.latent_files import read_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace, open_space


def test_directions_of_styles_are_read_off_the_weights(style_file, tmp_path):
    space = open_space(style_file)
    result = find_directions(space, tmp_path / "d.npz", tmp_path / "d.png", num=3, numbers="0,1")
    kernels = [v.numpy() for v in space.network.variables if v.path.endswith("affine/kernel")]
    assert len(kernels) == len(style_matrices(space)) == 8  # 5 convolutions and 3 images
    expected, strengths = matrix_directions(kernels, 3)
    unit = result["directions"] / np.linalg.norm(result["directions"], axis=1, keepdims=True)
    np.testing.assert_allclose(unit, expected, atol=1e-5)
    np.testing.assert_allclose(result["strengths"], strengths, rtol=1e-5)
    styles = space.draw(range(500))[:, 0]
    np.testing.assert_allclose(np.linalg.norm(result["directions"], axis=1), (styles @ expected.T).std(0), rtol=1e-4)
    stored = read_arrays(tmp_path / "d.npz", "directions", "directions")
    np.testing.assert_array_equal(stored["directions"], result["directions"])
    np.testing.assert_array_equal(scaled_directions(space, 3)[0], result["directions"])
    assert stored["space"] == "w" and (tmp_path / "d.png").is_file() and result["sheet"].shape[1] >= 3 * 5 * 16


def test_directions_of_other_latents_are_measured(tmp_path):
    """A generator whose brightness follows one known direction, and its contrast weakly another."""
    import types

    import tensorflow as tf

    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0].astype(np.float32)

    def render(latents):
        along = tf.matmul(tf.convert_to_tensor(latents), tf.constant(basis.T))
        left, right = 0.15 * along[:, :1, None, None], 0.05 * along[:, 1:2, None, None]
        halves = tf.constant([1.0] * 8 + [0.0] * 8)[None, None, :, None]
        return tf.ones((1, 16, 16, 1)) * (left * halves + right * (1 - halves))

    def draw(numbers, seed=0, truncation=1.0):
        return np.random.default_rng(seed).normal(size=(len(list(numbers)), 6)).astype(np.float32)

    spec = types.SimpleNamespace(image_size=16)
    result = find_directions(LatentSpace("z", spec, (6,), render, draw, None), num=2, numbers="0")
    directions = result["directions"] / np.linalg.norm(result["directions"], axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(directions @ basis[:2].T), np.eye(2), atol=0.06)
    assert result["strengths"][0] > 2 * result["strengths"][1]


def test_latents_move_by_the_strength_in_the_layers_asked_for(style_file, source_file):
    space, plain = open_space(style_file), open_space(source_file)
    latents, direction = space.draw([0, 1]), np.arange(8, dtype=np.float32)
    moved = move(space, latents, direction, -2.0, layers=[1, 3])
    np.testing.assert_allclose(moved[:, [1, 3]], latents[:, [1, 3]] - 2 * direction, rtol=1e-6)
    np.testing.assert_array_equal(moved[:, [0, 2, 4, 5]], latents[:, [0, 2, 4, 5]])
    np.testing.assert_allclose(move(space, latents, direction, 1.0), latents + direction, rtol=1e-6)
    z = plain.draw([0])
    np.testing.assert_allclose(move(plain, z, np.ones(16), 0.5), z + 0.5, rtol=1e-6)
    assert deviations(plain, np.eye(16, dtype=np.float32)[:2]) == pytest.approx([1.0, 1.0], abs=0.1)


def test_too_many_directions_are_refused(style_file):
    with pytest.raises(checks.UserError, match="`num` must be an integer from 1 to 8"):
        find_directions(style_file, num=9)

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.training import ada_geometry
from keras_transfer_gen.training.ada_draws import neutral_amounts

X = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)


def moved(images=X, **amounts):
    """Images of amounts, a number for all images or a pair (x, y)."""
    values = {name: tf.constant([value] * len(images), tf.float32) for name, value in amounts.items()}
    maps = ada_geometry.output_to_input({**neutral_amounts(len(images)), **values}, *images.shape[1:3])
    return ada_geometry.resample(tf.constant(images), maps).numpy()


def test_identity_changes_nothing():
    np.testing.assert_allclose(moved(), X, atol=2e-6)


def wave(x, y):
    return np.cos(0.2 * x + 0.1 * y)


def wave_image():
    """float32 `[1, 16, 16, 1]`: a wave of long wavelength; the wavelet reproduces it to 0.005."""
    y, x = np.mgrid[:16, :16].astype(np.float32) - 7.5
    return x, y, wave(x, y)[None, :, :, None].astype(np.float32)


def test_flips_and_quarter_turns_equal_numpy():
    """Nearly: the filter is not symmetric, in the official implementation as here. At the border there is an edge."""
    image, inner = wave_image()[2], np.s_[:, 4:12, 4:12, :]
    np.testing.assert_allclose(moved(image, flip=1)[inner], image[:, :, ::-1][inner], atol=0.03)
    for turns in range(4):
        expected = np.rot90(image, turns, axes=(1, 2))
        np.testing.assert_allclose(moved(image, turns=turns)[inner], expected[inner], atol=0.03)


def test_whole_shifts_equal_numpy():
    """To the right by 2 and down by 1; the border is a mirror."""
    padded = np.pad(X, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    np.testing.assert_allclose(moved(shift=(0.125, 0.0625)), padded[:, 1:17, :16], atol=2e-6)


def test_oblong_images_move_along_their_own_sides():
    image = np.random.default_rng(1).uniform(-1, 1, (1, 8, 16, 1)).astype(np.float32)
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    np.testing.assert_allclose(moved(image, shift=(0.125, 0.125)), padded[:, 1:9, :16], atol=2e-6)


def test_a_smooth_image_is_sampled_where_it_should():
    """The wave against its formula at the places that the maps name."""
    x, y, image = wave_image()
    angle = 0.4
    cos, sin = np.cos(angle), np.sin(angle)
    inner = np.s_[:, 4:12, 4:12, :]
    u, v = x / 1.25, y / 1.25
    expected = wave(cos * u - sin * v, sin * u + cos * v)[None, :, :, None]
    both = moved(image, scale=1.25, rotation_after=angle)
    np.testing.assert_allclose(both[inner], expected[inner], atol=6e-3)
    stretched = moved(image, aspect=1.25)
    np.testing.assert_allclose(stretched[inner], wave(x / 1.25, y * 1.25)[None, :, :, None][inner], atol=6e-3)


def test_maps_multiply_to_the_right():
    """By hand: a flip, then a shift of 2 pixels, takes place x of the result to -(x - 2)."""
    amounts = {**neutral_amounts(1), "flip": tf.ones(1), "shift": tf.constant([[0.125, 0.0]])}
    np.testing.assert_allclose(
        ada_geometry.output_to_input(amounts, 16, 16)[0], [[-1, 0, 2], [0, 1, 0], [0, 0, 1]], atol=1e-6
    )


@pytest.mark.parametrize("side", [8, 28])
def test_matrices_reflect_enlarge_and_reduce(side):
    """By hand: zeros between the reflected pixels, the filter over them; the reduction is its transpose."""
    row = np.random.default_rng(2).normal(size=side)
    padded = np.pad(row, side - 1, mode="reflect")
    zeros = np.zeros(2 * len(padded))
    zeros[::2] = padded
    taps = np.float64(ada_geometry.SYM6) / sum(ada_geometry.SYM6)
    expected = 2 * np.convolve(np.pad(zeros, (6, 5)), taps, mode="valid")
    np.testing.assert_allclose(ada_geometry.enlarging_matrix(side) @ row, expected, atol=1e-5)
    wide = np.random.default_rng(3).normal(size=2 * (side + 6))
    expected = np.correlate(wide[1:-1], taps, mode="valid")[::2]
    np.testing.assert_allclose(ada_geometry.reducing_matrix(side) @ wide, expected, atol=1e-5)


def test_samples_are_bilinear_and_0_outside():
    image = tf.constant([[[[1.0], [3.0]], [[5.0], [7.0]]]])
    maps = tf.constant([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])  # half a pixel to the right
    np.testing.assert_allclose(ada_geometry.sample(image, maps, 2, 2)[0, :, :, 0], [[2.0, 1.5], [6.0, 3.5]])


def test_second_derivatives_exist():
    """The gradient's square sum of a linear map T is |T' v|^2; its gradient in v is 2 T T' v."""
    maps = ada_geometry.output_to_input({**neutral_amounts(1), "scale": tf.constant([1.3])}, 8, 8)
    image, v = tf.constant(X[:1, :8, :8]), tf.Variable(tf.random.stateless_normal((1, 8, 8, 3), [0, 1]))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(image)
            total = tf.reduce_sum(ada_geometry.resample(image, maps) * v)
        square = tf.reduce_sum(inner.gradient(total, image) ** 2)
    transposed = np.linalg.norm(outer.gradient(square, v))
    with tf.GradientTape() as tape:
        tape.watch(image)
        total = tf.reduce_sum(ada_geometry.resample(image, maps) * v)
    back = tape.gradient(total, image)
    assert transposed == pytest.approx(np.linalg.norm(2 * ada_geometry.resample(back, maps)), rel=1e-5)

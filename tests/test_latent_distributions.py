import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_transfer_gen import checks
from keras_transfer_gen.latent_distributions import transform_normals
from keras_transfer_gen.specs import DISTRIBUTIONS

NORMAL = stats.norm()
NORMALS = np.random.default_rng(0).standard_normal((500, 40)).astype(np.float32)
INSIDE = 2 * NORMAL.cdf(2) - 1
# Each distribution's distribution function, in closed form.
CDFS = {
    "normal": NORMAL.cdf,
    "uniform": lambda x: (x + 1) / 2,
    "truncated_normal": lambda x: (NORMAL.cdf(x) - NORMAL.cdf(-2)) / INSIDE,
}


@pytest.mark.parametrize("name", CDFS)
def test_draws_have_the_distribution_function_of_their_name(name):
    latents = np.sort(transform_normals(name, NORMALS).ravel())
    expected = CDFS[name](latents.astype(np.float64))
    distance = np.abs(expected - (np.arange(latents.size) + 0.5) / latents.size).max()
    assert distance < 1.63 / math.sqrt(latents.size)  # Kolmogorov and Smirnov, 1 %
    inside = np.clip(latents.astype(np.float64), -1, 1)
    wrong = [np.abs(cdf(inside) - expected).max() for other, cdf in CDFS.items() if other != name]
    assert min(wrong) > 10 * distance  # the test tells the distributions apart


@pytest.mark.parametrize("name", ["uniform", "truncated_normal"])
def test_each_number_is_mapped_by_the_inverse_distribution_function(name):
    latents = transform_normals(name, NORMALS[:5])
    np.testing.assert_allclose(CDFS[name](latents), NORMAL.cdf(NORMALS[:5]), atol=1e-5)
    assert np.abs(latents).max() <= (1 if name == "uniform" else 2)
    extreme = transform_normals(name, np.float32([[-40.0, 40.0]]))
    np.testing.assert_allclose(extreme, [[-1, 1]] if name == "uniform" else [[-2, 2]], rtol=1e-5)


def test_sphere_keeps_the_direction_and_sets_the_length():
    latents = transform_normals("sphere", NORMALS)
    np.testing.assert_allclose(np.linalg.norm(latents, axis=1), math.sqrt(40), rtol=1e-5)
    ratio = latents / NORMALS
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-4)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_arrays_stay_arrays_and_graphs_give_the_same(name):
    latents = transform_normals(name, NORMALS)
    assert type(latents) is np.ndarray and latents.dtype == np.float32 and latents.shape == NORMALS.shape
    graph = tf.function(lambda x: transform_normals(name, x))(tf.constant(NORMALS))
    assert isinstance(graph, tf.Tensor)
    np.testing.assert_allclose(graph, latents, atol=1e-5)
    np.testing.assert_allclose(transform_normals(name, NORMALS[7:8]), latents[7:8], atol=1e-6)


def test_unknown_distribution_is_refused_with_the_nearest():
    with pytest.raises(checks.UserError, match="`distribution` must be one of 'normal', .*Did you mean uniform"):
        transform_normals("unifrom", NORMALS)

import math
import statistics

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.latent_distributions import follow
from keras_transfer_gen.specs import DISTRIBUTIONS

NORMAL = statistics.NormalDist()
NORMALS = np.random.default_rng(0).standard_normal((500, 40)).astype(np.float32)
INSIDE = 2 * NORMAL.cdf(2) - 1
# Each distribution's distribution function, in closed form.
CDFS = {
    "normal": NORMAL.cdf,
    "uniform": lambda x: (x + 1) / 2,
    "truncated_normal": lambda x: (NORMAL.cdf(x) - NORMAL.cdf(-2)) / INSIDE,
}


@pytest.mark.parametrize("name", CDFS)
def test_draws_have_the_distribution_function_of_their_law(name):
    made = np.sort(follow(name, NORMALS).ravel())
    expected = np.array([CDFS[name](float(x)) for x in made])
    distance = np.abs(expected - (np.arange(made.size) + 0.5) / made.size).max()
    assert distance < 1.63 / math.sqrt(made.size)  # Kolmogorov and Smirnov, 1 %
    others = [other for other in CDFS if other != name]
    wrong = [np.abs(np.array([CDFS[o](np.clip(float(x), -1, 1)) for x in made]) - expected).max() for o in others]
    assert min(wrong) > 10 * distance  # the test tells the distributions apart


@pytest.mark.parametrize("name", ["uniform", "truncated_normal"])
def test_each_number_is_mapped_by_the_inverse_of_its_law(name):
    made = follow(name, NORMALS[:5])
    np.testing.assert_allclose(np.vectorize(CDFS[name])(made), np.vectorize(NORMAL.cdf)(NORMALS[:5]), atol=1e-5)
    assert np.abs(made).max() <= (1 if name == "uniform" else 2)
    extreme = follow(name, np.float32([[-40.0, 40.0]]))
    np.testing.assert_allclose(extreme, [[-1, 1]] if name == "uniform" else [[-2, 2]], rtol=1e-5)


def test_sphere_keeps_the_direction_and_sets_the_length():
    made = follow("sphere", NORMALS)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), math.sqrt(40), rtol=1e-5)
    ratio = made / NORMALS
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-4)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_arrays_stay_arrays_and_graphs_give_the_same(name):
    made = follow(name, NORMALS)
    assert type(made) is np.ndarray and made.dtype == np.float32 and made.shape == NORMALS.shape
    graph = tf.function(lambda x: follow(name, x))(tf.constant(NORMALS))
    assert isinstance(graph, tf.Tensor)
    np.testing.assert_allclose(graph, made, atol=1e-5)
    np.testing.assert_allclose(follow(name, NORMALS[7:8]), made[7:8], atol=1e-6)


def test_unknown_law_is_refused_with_the_nearest():
    with pytest.raises(checks.UserError, match="`distribution` must be one of 'normal', .*Did you mean uniform"):
        follow("unifrom", NORMALS)

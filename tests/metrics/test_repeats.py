import numpy as np
import pytest
from scipy.spatial.distance import cdist

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.repeats import repeats


def by_definition(train, fake):
    """The share and the threshold, from all distances at once."""

    def nearest(rows):
        distances = cdist(rows, rows)
        np.fill_diagonal(distances, np.inf)
        return distances.min(axis=1)

    threshold = np.percentile(nearest(train), 5)
    return (nearest(fake) <= threshold).mean(), threshold


@pytest.mark.parametrize("seed", range(3))
def test_share_is_that_of_all_distances(seed):
    generator = np.random.default_rng(seed)
    train, fake = generator.normal(size=(60, 3)), generator.normal(size=(300, 3)) * 0.8
    share, threshold = by_definition(train, fake)
    measured = repeats(train, fake)
    assert measured.share == pytest.approx(share) and 0.05 < share < 0.95
    assert measured.threshold == pytest.approx(threshold, rel=1e-3)


def test_training_images_repeat_each_other_in_one_of_twenty():
    train = np.random.default_rng(0).normal(size=(200, 8))
    assert repeats(train, train).share == pytest.approx(0.05, abs=0.011)


@pytest.mark.parametrize("size", [70, 200, 500])
def test_perfect_generator_repeats_as_often_as_expected(size):
    generator, shares = np.random.default_rng(2), []
    for _ in range(20):
        measured = repeats(generator.uniform(size=(200, 2)), generator.uniform(size=(size, 2)))
        shares.append(measured.share)
    assert measured.expected == pytest.approx(1 - 0.95 ** ((size - 1) / 199))
    assert np.mean(shares) == pytest.approx(measured.expected, rel=0.25)


def test_generator_that_draws_ten_images_over_and_over_repeats_all_of_them():
    generator = np.random.default_rng(1)
    train = generator.normal(size=(50, 8))
    few = generator.normal(size=(10, 8))[generator.integers(0, 10, 500)]
    assert repeats(train, few + 1e-7 * generator.normal(size=few.shape)).share == 1.0
    assert repeats(train, 100 * generator.normal(size=(50, 8))).share == 0.0


def test_identical_draws_count_where_training_images_are_identical_too():
    train = np.repeat(np.eye(4), 2, axis=0)
    assert repeats(train, [[9.0, 0, 0, 0], [9.0, 0, 0, 0], [5.0, 5, 0, 0]]).share == pytest.approx(2 / 3)


def test_features_of_another_network_are_refused():
    with pytest.raises(UserError, match=r"`fake_features.shape\[1\]` must be 3"):
        repeats(np.zeros((4, 3)), np.zeros((4, 2)))
    with pytest.raises(UserError, match="at least 2"):
        repeats(np.zeros((4, 3)), np.zeros((1, 3)))

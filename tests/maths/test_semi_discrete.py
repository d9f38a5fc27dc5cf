import numpy as np
from scipy.stats import norm

from keras_transfer_gen.maths.semi_discrete import fit_offsets, principal_points


def test_three_points_on_a_line_part_the_normal_distribution_in_thirds():
    points = np.array([[-1.0], [0.5], [2.0]])
    offsets = fit_offsets(points)
    bounds = -np.diff(offsets) / np.diff(points[:, 0])  # where two neighbours have the same score
    np.testing.assert_allclose(bounds, norm.ppf([1 / 3, 2 / 3]), atol=0.03)
    assert abs(offsets.mean()) < 1e-6


def test_points_are_chosen_equally_often_in_several_dimensions():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(40, 8)) * rng.uniform(0.2, 2.0, (40, 1))
    offsets = fit_offsets(points, seed=1)
    draws = rng.normal(size=(40_000, 8))
    counts = [np.bincount((draws @ points.T + shift).argmax(axis=1), minlength=40) for shift in (0, offsets)]
    assert np.abs(counts[1] / 1000 - 1).max() < 0.2 and np.abs(counts[0] / 1000 - 1).max() > 0.9


def test_principal_points_keep_distances_but_for_one_factor():
    features = np.random.default_rng(2).normal(size=(7, 4))
    points = principal_points(features, 6)
    lengths = [np.square(part[:, None] - part).sum(axis=-1) for part in (features, points)]
    scale = lengths[1].sum() / lengths[0].sum()
    np.testing.assert_allclose(lengths[1], scale * lengths[0], atol=1e-9)
    assert points.shape == (7, 6) and not points[:, 4:].any()
    np.testing.assert_allclose(np.square(points).sum(axis=1).mean(), 1.0)

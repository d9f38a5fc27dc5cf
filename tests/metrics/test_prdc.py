import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.prdc import density_coverage, precision_recall, radii


@pytest.fixture
def sets():
    generator = np.random.default_rng(0)
    return generator.normal(size=(25, 3)), generator.normal(size=(18, 3)) * 0.7 + 0.5


def slow(real, fake, k):
    """(precision, recall, density, coverage) by loops."""

    def distance(a, b):
        return float(np.sqrt(((a - b) ** 2).sum()))

    def radius(rows, i):
        return sorted(distance(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    real_radii, fake_radii = [radius(real, i) for i in range(len(real))], [radius(fake, i) for i in range(len(fake))]
    precision = [any(distance(f, r) <= rho for r, rho in zip(real, real_radii, strict=True)) for f in fake]
    recall = [any(distance(f, r) <= rho for f, rho in zip(fake, fake_radii, strict=True)) for r in real]
    inside = [[distance(f, r) < rho for f in fake] for r, rho in zip(real, real_radii, strict=True)]
    return np.mean(precision), np.mean(recall), np.sum(inside) / (k * len(fake)), np.mean([any(row) for row in inside])


@pytest.mark.parametrize("k", [1, 3, 5])
def test_all_four_equal_loops(sets, k):
    np.testing.assert_allclose([*precision_recall(*sets, k), *density_coverage(*sets, k)], slow(*sets, k), rtol=1e-12)


def test_defaults_are_those_of_the_papers(sets):
    assert precision_recall(*sets) == precision_recall(*sets, k=3)
    assert density_coverage(*sets) == density_coverage(*sets, k=5)


def test_radii_equal_sklearn_and_leave_out_the_image_itself(sets):
    expected = NearestNeighbors(n_neighbors=4).fit(sets[0]).kneighbors()[0][:, -1]  # no argument: itself left out
    np.testing.assert_allclose(radii(sets[0], 4), expected)
    counted = NearestNeighbors(n_neighbors=4).fit(sets[0]).kneighbors(sets[0])[0][:, -1]
    assert (radii(sets[0], 4) > counted).all()  # the wrong variant counts it


def test_sphere_belongs_to_the_ball_for_precision_and_not_for_density():
    real, fake = np.float64([[0], [1], [3]]), np.float64([[-1], [20], [30]])  # -1 lies on the sphere around 0
    assert precision_recall(real, fake, k=1).precision == pytest.approx(1 / 3)
    assert density_coverage(real, fake, k=1) == (0.0, 0.0)


def test_copies_of_the_real_set_are_inside_by_both_conventions(sets):
    real = sets[0]
    assert precision_recall(real, real.copy()) == (1.0, 1.0)
    copies = density_coverage(real, real.copy())
    # Each ball holds its centre and the k - 1 neighbours before the k-th, which lies on the sphere.
    assert copies.density == pytest.approx(1.0) and copies.coverage == 1.0
    twice = np.concatenate([real, real])
    assert precision_recall(twice, real, k=1).precision == 1.0  # radius 0 still holds a copy
    assert density_coverage(twice, real, k=1).density == 0.0


def test_one_repeated_image_is_precise_and_covers_nothing_else(sets):
    real, fake = sets[0], np.repeat(sets[0][:1], 30, axis=0)
    scores = precision_recall(real, fake)
    assert scores.precision == 1.0 and scores.recall == pytest.approx(1 / 25)
    assert density_coverage(real, fake).coverage < 0.5


def test_coverage_of_one_distribution_has_the_expected_value():
    generator, n, m, k = np.random.default_rng(1), 40, 30, 3
    scores = [density_coverage(generator.normal(size=(n, 2)), generator.normal(size=(m, 2)), k=k) for _ in range(300)]
    density, coverage = np.mean(scores, axis=0)
    expected = 1 - np.prod([(n - i) / (n + m - i) for i in range(1, k + 1)])
    assert coverage == pytest.approx(expected, abs=0.01)
    assert density == pytest.approx(1, abs=0.03)


def test_too_few_images_are_refused():
    few, many = np.eye(4)[:3], np.eye(4)
    with pytest.raises(UserError, match=r"`len\(real_features\)` must be at least 4. Received: len\(real_features\)=3"):
        precision_recall(few, many)
    with pytest.raises(UserError, match=r"`len\(real_features\)` must be an integer of at least 6.*or a smaller k"):
        density_coverage(many, many)
    with pytest.raises(UserError, match="`k` must be an integer of at least 1. Received: k=0"):
        precision_recall(many, many, k=0)


def test_fewer_generated_images_than_k_have_a_density():
    """All distances are sqrt(2), the radius: each of three balls holds the copy of its centre alone."""
    assert density_coverage(np.eye(4), np.eye(4)[:3], k=3) == pytest.approx((1 / 3, 3 / 4))

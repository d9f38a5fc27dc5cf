import numpy as np
import pytest
from sklearn.metrics import pairwise

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.kid import (
    KidScore,
    draw_counts,
    kernel_matrices,
    kid,
    kid_score,
    polynomial_kernel,
    weighted_kid,
)


def slow_kid(real, fake, real_ids, fake_ids):
    """The estimate by loops over pairs; pairs of one id are left out within a set."""

    def k(a, b):
        return (float(np.dot(a, b)) / len(a) + 1) ** 3

    def within(rows, ids):
        pairs = [k(rows[i], rows[j]) for i in range(len(rows)) for j in range(len(rows)) if ids[i] != ids[j]]
        return sum(pairs) / len(pairs)

    between = [k(a, b) for a in real for b in fake]
    return within(real, real_ids) + within(fake, fake_ids) - 2 * sum(between) / len(between)


def biased_kid(real, fake):
    means = [polynomial_kernel(a, b).mean() for a, b in ((real, real), (fake, fake), (real, fake))]
    return means[0] + means[1] - 2 * means[2]


@pytest.fixture
def sets():
    generator = np.random.default_rng(0)
    return generator.normal(size=(9, 5)), generator.normal(size=(6, 5)) + 0.3


def test_kernel_equals_sklearn(sets):
    expected = pairwise.polynomial_kernel(*sets, degree=3, gamma=1 / 5, coef0=1)
    np.testing.assert_allclose(polynomial_kernel(*sets), expected, rtol=1e-12)


def test_kid_equals_loops_over_pairs(sets):
    real, fake = sets
    assert kid(real, fake) == pytest.approx(slow_kid(real, fake, range(9), range(6)), rel=1e-12)
    assert kid(fake, real) == pytest.approx(kid(real, fake), rel=1e-12)
    assert biased_kid(real, fake) != pytest.approx(kid(real, fake), rel=0.05)  # the wrong variant keeps the diagonal


def test_kid_of_constant_sets_has_a_closed_form():
    real, fake = np.full((3, 1), 2.0), np.full((4, 1), 0.5)
    assert kid(real, fake) == pytest.approx((4 + 1) ** 3 + (0.25 + 1) ** 3 - 2 * (1 + 1) ** 3)


def test_kid_of_a_set_with_itself_is_negative_and_small(sets):
    real = sets[0]
    assert -5 < kid(real, real) < 0
    assert biased_kid(real, real) == pytest.approx(0)


def test_kid_is_unbiased_and_the_diagonal_is_not():
    # E (x y + 1)^3 gives sum_k binomial(3, k) (E x^k - E y^k)^2: for N(0, 1) and N(1, 1) 3 * 1 + 3 * 1 + 16 = 22.
    generator = np.random.default_rng(1)
    for shift, expected in ((0.0, 0.0), (1.0, 22.0)):
        draws = [(generator.normal(size=(20, 1)), generator.normal(size=(30, 1)) + shift) for _ in range(2000)]
        values = np.array([kid(*draw) for draw in draws])
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - expected) < 3 * error
        assert np.mean([biased_kid(*draw) for draw in draws]) - expected > 10 * error


def test_halves_of_one_set_are_zero_apart_on_average():
    features = np.random.default_rng(2).gamma(0.5, size=(60, 16))
    values = []
    for seed in range(400):
        order = np.random.default_rng(seed).permutation(60)
        values.append(kid(features[order[:30]], features[order[30:]]))
    assert abs(np.mean(values)) < 0.2 * np.std(values)


def test_float32_features_lose_no_precision_in_the_sums(sets):
    real, fake = (rows.astype(np.float32) for rows in sets)
    assert kid(real, fake) == pytest.approx(kid(real.astype(np.float64), fake.astype(np.float64)), rel=1e-14)


def test_score_is_the_full_sample_value_times_1000(sets):
    score = kid_score(*sets, resamples=50)
    assert isinstance(score, KidScore)
    assert score.value == pytest.approx(1000 * kid(*sets), rel=1e-12)
    assert score == kid_score(*sets, resamples=50)
    other = kid_score(*sets, resamples=50, seed=1)
    assert other.value == score.value and other.std != score.std


def test_resample_equals_loops_that_leave_out_copies(sets):
    real, fake = sets
    real_ids, fake_ids = [0, 0, 0, 1, 2, 5, 5, 8, 8], [1, 1, 2, 3, 3, 0]
    counts = [np.bincount(ids, minlength=size)[None].astype(float) for ids, size in ((real_ids, 9), (fake_ids, 6))]
    estimate = weighted_kid(*kernel_matrices(real, fake), *counts)[0]
    assert estimate == pytest.approx(slow_kid(real[real_ids], fake[fake_ids], real_ids, fake_ids), rel=1e-12)
    naive = slow_kid(real[real_ids], fake[fake_ids], range(9), range(6))  # copies taken for different images
    assert naive - estimate > 0.1


def test_deviation_is_that_of_fresh_draws():
    generator = np.random.default_rng(3)
    draws = [(generator.normal(size=(60, 8)), generator.normal(size=(60, 8)) + 0.5) for _ in range(300)]
    true = 1000 * np.std([kid(*draw) for draw in draws])
    guessed = np.mean([kid_score(*draw, seed=index).std for index, draw in enumerate(draws[:30])])
    assert guessed == pytest.approx(true, rel=0.15)


def test_counts_are_whole_resamples_with_a_pair_in_each():
    counts = draw_counts(np.random.default_rng(0), 2, 500)
    assert counts.shape == (500, 2)
    np.testing.assert_array_equal(counts, np.ones((500, 2)))
    counts = draw_counts(np.random.default_rng(0), 3, 500)
    np.testing.assert_array_equal(counts.sum(axis=1), 3)
    assert ((counts > 0).sum(axis=1) >= 2).all()


def test_bad_arguments_are_refused(sets):
    with pytest.raises(UserError, match=r"`len\(fake_features\)` must be at least 2"):
        kid(sets[0], sets[1][:1])
    with pytest.raises(UserError, match=r"`resamples` must be an integer of at least 2. Received: resamples=1"):
        kid_score(*sets, resamples=1)

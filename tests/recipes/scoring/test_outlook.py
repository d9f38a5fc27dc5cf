import numpy as np
import pytest

from keras_transfer_gen.recipes.scoring.outlook import describe_outlook, fit_power_law, round_up


def curve(values, kimg=None):
    """Records of KID alone, the first at 0 kimg."""
    kimg = range(1, len(values)) if kimg is None else kimg
    return [{"kimg": k, "kid": value} for k, value in zip([0.0, *map(float, kimg)], values, strict=True)]


def test_falling_curve_says_where_it_would_be_a_fifth_lower():
    k = np.arange(1.0, 11.0)
    outlook = describe_outlook(curve([100.0, *(80 * k**-0.5)]), kept_start=False)
    assert outlook.kimg == pytest.approx(round_up(10 / 0.8**2)) == 16.0
    assert "a fifth lower at about 16 kimg: give the same command with --kimg 16." in outlook.sentence


def test_curve_that_rises_before_it_falls_is_judged_by_its_end():
    outlook = describe_outlook(curve([314.0, 330.0, 340.0, 338.0, 320.0, 300.0, 270.0, 240.0]), kept_start=False)
    assert 7 < outlook.kimg < 15 and "still falling" in outlook.sentence


def test_nothing_is_promised_where_earlier_weights_were_better():
    falling = [314.0, 120.0, 110.0, 200.0, 180.0, 160.0, 140.0, 125.0]
    assert describe_outlook(curve(falling), kept_start=False).sentence == ""
    assert describe_outlook(curve([*falling, 100.0]), kept_start=False).sentence != ""


@pytest.mark.parametrize("end", [[50.0, 51.0, 49.0, 50.5, 50.0], [50.0, 55.0, 60.0, 65.0, 70.0]])
def test_curve_that_no_longer_falls_asks_for_nothing(end):
    outlook = describe_outlook(curve([100.0, 90.0, 70.0, 60.0, *end]), kept_start=False)
    assert (outlook.kimg, outlook.sentence) == (None, "")


def test_run_that_kept_its_source_is_told_to_train_longer():
    outlook = describe_outlook(curve([314.0, 340.0, 345.0, 336.0, 350.0], [0.5, 1, 1.5, 2]), kept_start=True)
    assert outlook.kimg is None
    assert "No weights on the way were better than the source" in outlook.sentence and "--kimg 6)" in outlook.sentence


def test_slow_fall_promises_nothing():
    k = np.arange(1.0, 11.0)
    assert describe_outlook(curve([100.0, *(80 * k**-0.05)]), kept_start=False).kimg is None


def test_source_is_no_point_of_the_curve_where_it_was_scored_after_a_warm_up():
    after = [{**record, "kimg": record["kimg"] + 0.4} for record in curve([100.0, 90.0, 80.0, 70.0])]
    assert describe_outlook(after, kept_start=False).sentence != ""
    after[0]["source"] = True
    assert describe_outlook(after, kept_start=False).sentence == ""


def test_short_curve_says_nothing():
    assert describe_outlook(curve([100.0, 90.0, 80.0, 70.0]), kept_start=True).sentence == ""
    assert describe_outlook([], kept_start=False).kimg is None


def test_power_law_is_that_of_numpy():
    generator = np.random.default_rng(0)
    k = np.linspace(1, 9, 12)
    scores = 5 * k**-0.7 * np.exp(0.1 * generator.normal(size=12))
    slope, error = fit_power_law(k, scores)
    coefficients, covariance = np.polyfit(np.log(k), np.log(scores), 1, cov=True)
    assert (slope, error) == pytest.approx((coefficients[0], covariance[0, 0] ** 0.5))


@pytest.mark.parametrize(("value", "rounded"), [(15.625, 16.0), (151.0, 160.0), (3.0, 3.0), (0.231, 0.24), (10, 10)])
def test_kimg_are_rounded_up_to_two_digits(value, rounded):
    assert round_up(value) == rounded

import math

import pytest

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.scoring import kid_protocol, selection
from keras_transfer_gen.recipes.scoring.feature_views import average_down
from keras_transfer_gen.recipes.scoring.selection import best_record, relative_score

START = {"kimg": 0.0, "kid": 100.0, "kid_second": 40.0, "layout": 300.0}


def test_views_count_alike_by_how_many_times_better_each_is():
    better = {"kid": 50.0, "kid_second": 10.0, "layout": 300.0}
    assert relative_score(better, START) == pytest.approx((0.5 * 0.25 * 1.0) ** (1 / 3))
    assert relative_score(START, START) == 1.0
    # Twice as good by one view does not outweigh three times as bad by another.
    assert relative_score({"kid": 50.0, "kid_second": 40.0, "layout": 900.0}, START) > 1


def test_order_does_not_depend_on_the_start():
    records = [{"kid": 30.0, "kid_second": 20.0, "layout": 80.0}, {"kid": 25.0, "kid_second": 28.0, "layout": 70.0}]
    other = {"kid": 300.0, "kid_second": 21.0, "layout": 400.0}
    ratios = [relative_score(records[0], start) / relative_score(records[1], start) for start in (START, other)]
    assert ratios[0] == pytest.approx(ratios[1])


def test_scores_as_good_as_real_images_do_not_run_away():
    assert relative_score({"kid": -3.0}, {"kid": 100.0}) == pytest.approx(0.025)
    assert relative_score({"kid": -3.0}, {"kid": 500.0}) == pytest.approx(0.02)
    assert relative_score({"kid": 0.5}, {"kid": 2.4}) == 1.0  # both below 2.5
    assert relative_score({"kid": 12.0}, {"kid": -1.0}) == pytest.approx(4.8)
    assert math.isfinite(relative_score({"kid": 0.0, "layout": 0.0}, {"kid": 0.0, "layout": 0.0}))


def test_curve_of_an_older_version_counts_by_kid_alone():
    old = [{"kimg": 1.0, "kid": 80.0}, {"kimg": 2.0, "kid": 60.0, "kid_second": 500.0, "layout": 500.0}]
    assert relative_score(old[1], old[0]) == pytest.approx(0.75)


def test_best_record_is_the_earliest_of_equals():
    records = [START, {**START, "kimg": 1.0, "kid": 50.0}, {**START, "kimg": 2.0, "kid": 50.0}]
    assert best_record(records)["kimg"] == 1.0 and best_record([]) is None
    assert best_record([START, {**START, "kimg": 1.0, "layout": 310.0}]) is START


def test_source_that_blends_known_images_counts_as_worse():
    source = {**START, "blends": True}
    assert relative_score(source, source) == pytest.approx(1.15) and relative_score(START, source) == 1.0
    close, worse = ({"kimg": 2.0, **{name: share * START[name] for name in START}} for share in (1.1, 1.3))
    assert best_record([source, close]) is close and best_record([source, worse]) is source


@pytest.mark.usefixtures("quick_scores")
def test_curve_scores_are_kid_of_the_first_images_by_each_view(sample_images, tiny_features, monkeypatch):
    class Model:
        def generate(self, num, seed):
            assert seed == 0
            return (255 - sample_images)[:num]

    protocol = kid_protocol.KidProtocol(curve_fakes=6)
    reference = kid_protocol.make_reference(sample_images, "real ones")
    assert list(selection.curve_scores(reference, protocol)(Model())) == ["kid", "kid_second", "layout"]
    monkeypatch.setattr(selection, "LEAST_IMAGES", 6)
    scores = selection.curve_scores(reference, protocol)(Model())
    assert list(scores) == ["kid", "kid_second", "layout", "precision", "recall", "spread"]
    assert 0 <= scores["precision"] <= 1 and 0 < scores["spread"] < 2
    measured = selection.curve_scores(reference, protocol, lambda gan, images: {"count": len(images)})(Model())
    assert measured == {**scores, "count": 6}
    real, fake = (extract_features(images, tiny_features) for images in (sample_images, 255 - sample_images[:6]))
    assert scores["kid"] == pytest.approx(1000 * kid(real, fake), rel=1e-4)
    small = [extract_features(average_down(x, 16), tiny_features) for x in (sample_images, 255 - sample_images[:6])]
    assert scores["layout"] == pytest.approx(1000 * kid(*small), rel=1e-4)

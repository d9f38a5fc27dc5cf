import json

import numpy as np
import pytest

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.metrics.prdc import precision_recall
from keras_transfer_gen.metrics.repeats import repeats
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring import kid_protocol, run_scores
from keras_transfer_gen.recipes.scoring.feature_views import average_down

SCORE = ["value", "std", "feature_network", "input_size", "n_real", "n_fake", "reference"]


@pytest.mark.usefixtures("quick_scores")
def test_each_view_scores_the_images_that_it_sees(sample_images, tiny_features):
    reference = kid_protocol.make_reference(sample_images, "real ones")
    generated = 255 - sample_images[:8]
    features = extract_features(generated, tiny_features)
    scores = run_scores.score_views(generated, features, reference, "after")
    assert list(scores) == ["kid_after", "kid_second_after", "layout_after"]
    assert list(scores["kid_after"]) == list(scores["kid_second_after"]) == SCORE
    assert list(scores["layout_after"]) == [*SCORE, "size", "precision", "recall"]
    networks = [score["feature_network"] for score in scores.values()]
    assert networks == ["efficientnet_lite0", "movenet_lightning", "efficientnet_lite0"]
    small = [extract_features(average_down(images, 16), tiny_features) for images in (sample_images, generated)]
    assert scores["layout_after"]["value"] == pytest.approx(kid_score(*small).value, rel=1e-4)
    assert scores["layout_after"]["value"] != pytest.approx(scores["kid_after"]["value"], rel=1e-3)
    assert scores["layout_after"]["recall"] == precision_recall(*small).recall


@pytest.mark.usefixtures("quick_scores")
def test_features_of_the_real_images_are_extracted_once_for_each_view(sample_images, monkeypatch):
    from keras_transfer_gen.metrics import features as feature_layer

    reference, calls = kid_protocol.make_reference(sample_images, "real ones"), []
    extract = feature_layer.reference_features
    monkeypatch.setattr(
        feature_layer, "reference_features", lambda images, **rest: calls.append(1) or extract(images, **rest)
    )
    for when in ("before", "after", "scratch"):
        run_scores.score_views(sample_images[:5], np.ones((5, 16)), reference, when)
    assert len(calls) == 2
    assert list(reference.seen) == [run_scores.SECOND, run_scores.LAYOUT]


def test_shares_are_missing_where_there_are_too_few_images():
    few = kid_protocol.Reference(None, np.eye(3), "three")
    assert run_scores.precision_and_recall(np.eye(3), few) == {"precision": None, "recall": None}
    four = kid_protocol.Reference(None, np.eye(4), "four")
    assert run_scores.precision_and_recall(np.eye(4), four) == {"precision": 1.0, "recall": 1.0}


def test_scores_that_were_not_measured_are_none():
    scores = run_scores.all_scores({"kid_before": 1, "other": 2}, {"layout_after": 3}, None)
    assert scores["kid_before"] == 1 and scores["layout_after"] == 3 and "other" not in scores
    assert list(scores)[:3] == ["kid_before", "kid_after", "kid_scratch"] and scores["kid_second_scratch"] is None


@pytest.mark.usefixtures("quick_scores")
def test_finished_run_has_every_score_and_they_are_those_of_its_images(finished, sample_images, tiny_features):
    from keras_transfer_gen.recipes.models.load import load_gan

    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    assert all(metrics[f"{view}_{when}"] is not None for view in run_scores.VIEWS for when in run_scores.WHEN)
    fake = extract_features(load_gan(finished.out).generate(12), tiny_features)
    real = extract_features(sample_images, tiny_features)
    assert metrics["repeats"] == pytest.approx(repeats(real, fake).share)
    assert (metrics["precision"], metrics["recall"]) == pytest.approx(tuple(precision_recall(real, fake)))
    before = extract_features(load_gan(finished.source).generate(12), tiny_features)
    assert metrics["recall_before"] == pytest.approx(precision_recall(real, before).recall)

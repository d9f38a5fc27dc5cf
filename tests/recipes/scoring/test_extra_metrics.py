import json

import numpy as np
import pytest

from keras_transfer_gen import checks, tables
from keras_transfer_gen.recipes.scoring.evaluate import evaluate_images
from keras_transfer_gen.recipes.scoring.extra_metrics import extra_rows, measure_extra

IMAGES = np.full((3, 4, 4, 3), 10, np.uint8)
FEATURES = np.ones((3, 2), np.float32)


def brightness_gap(real_images, generated_images):
    """difference of the mean levels"""
    return generated_images.mean() - real_images.mean()


def feature_gap(generated_features, real_features):
    return np.float32(generated_features.mean() - real_features.mean())


@pytest.fixture
def metrics(monkeypatch):
    """An empty table of metrics for one test."""
    monkeypatch.setattr(tables.METRICS, "_rows", {})
    return tables.METRICS


def test_functions_are_called_with_what_their_parameters_are_named_after(metrics):
    assert metrics.register("brightness", brightness_gap) is brightness_gap
    metrics.register("features", feature_gap, help="a gap")
    values = measure_extra(IMAGES, IMAGES + 5, FEATURES, 3 * FEATURES)
    assert values == {"brightness": 5.0, "features": 2.0} and type(values["features"]) is float
    assert extra_rows(values) == [
        ("brightness", "5", "difference of the mean levels"), ("features", "2", "a gap"),
    ]  # fmt: skip


@pytest.mark.usefixtures("quick_scores")
def test_registered_metric_stands_in_every_evaluation(metrics, sample_images):
    assert evaluate_images(sample_images, sample_images, "discs").extra == {}
    tables.register_metric("brightness", brightness_gap)
    evaluation = evaluate_images(sample_images // 2, sample_images, "discs")
    expected = (sample_images // 2).mean() - sample_images.mean()
    assert evaluation.extra == {"brightness": pytest.approx(expected)}
    assert json.loads(json.dumps(evaluation.to_dict()))["extra"] == evaluation.extra
    assert ("brightness", f"{expected:.4g}", "difference of the mean levels") in evaluation.rows()
    assert "brightness" in str(evaluation)


@pytest.mark.parametrize("entry", [np.ndarray, 3, lambda: 1.0, lambda images: 1.0])
def test_what_is_no_function_of_images_or_features_is_refused(metrics, entry):
    with pytest.raises(checks.UserError, match="`entry` must be a function"):
        metrics.register("wrong", entry)
    assert len(metrics) == 0


def test_row_of_the_package_may_name_a_function_by_its_module(metrics):
    metrics.register("brightness", f"{__name__}:brightness_gap", help="a gap")
    assert measure_extra(IMAGES, IMAGES, FEATURES, FEATURES) == {"brightness": 0.0}

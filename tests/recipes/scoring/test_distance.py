import numpy as np
import pytest

from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.scoring import distance
from keras_transfer_gen.recipes.scoring.distance import describe_distance, source_features

RNG = np.random.default_rng(0)
SEEN, KNOWN, MADE = (RNG.normal(size=(20, 4)) + shift for shift in (0.0, 0.5, 2.0))


def test_distance_is_measured_to_the_sources_images_or_else_to_what_it_makes():
    value, sentence = describe_distance(SEEN, KNOWN, MADE)
    assert value == pytest.approx(1000 * kid(KNOWN, SEEN)) and "it makes" not in sentence
    value, sentence = describe_distance(SEEN, None, MADE)
    assert value == pytest.approx(1000 * kid(MADE, SEEN)) and "(measured on images that it makes)" in sentence


@pytest.mark.parametrize(("value", "sentence"), [
    (0.035, "your images are 35 from this source: near, transfer should win"),
    (-0.002, "your images are 0 from this source: near, transfer should win"),
    (0.107, "your images are 107 from this source: some way off, transfer should still help"),
    (0.258, "your images are 258 from this source: far, so check with --compare-scratch that transfer helps"),
])  # fmt: skip
def test_sentence_follows_the_distance(value, sentence, monkeypatch):
    monkeypatch.setattr(distance, "kid", lambda real, fake: value)
    assert describe_distance(SEEN, KNOWN, MADE) == (1000 * value, sentence)


def test_features_beside_a_preset_are_read(tmp_path):
    assert source_features(tmp_path) is None
    np.savez(tmp_path / "features.npz", features=KNOWN.astype(np.float16))
    found = source_features(tmp_path)
    assert found.dtype == np.float32 and np.allclose(found, KNOWN, atol=2e-3)

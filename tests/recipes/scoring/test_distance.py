import numpy as np
import pytest

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.scoring.distance import describe_distance, measure_distance, source_features
from keras_transfer_gen.recipes.scoring.kid_protocol import Reference

RNG = np.random.default_rng(0)
USER, KNOWN, GENERATED = (RNG.normal(size=(20, 4)) + shift for shift in (0.0, 0.5, 2.0))
SMALL = np.zeros((20, 64, 64, 3), np.uint8)


def test_distance_is_to_the_sources_images_or_else_to_those_that_it_generates():
    training = Reference(SMALL, USER, "cats")
    value, sentence = measure_distance(training, SMALL, GENERATED, KNOWN)
    assert value == pytest.approx(1000 * kid(KNOWN, USER)) and "the source's:" in sentence
    value, sentence = measure_distance(training, SMALL, GENERATED)
    assert value == pytest.approx(1000 * kid(GENERATED, USER)) and "those that the source generates:" in sentence


@pytest.mark.usefixtures("quick_scores")
def test_large_images_are_compared_at_64_pixels(tiny_features):
    large, generated = RNG.integers(0, 256, (2, 12, 128, 128, 3)).astype(np.uint8)
    training = Reference(large, extract_features(large, tiny_features), "cats")
    value, sentence = measure_distance(training, generated, extract_features(generated, tiny_features))
    halves = [
        images.reshape(12, 64, 2, 64, 2, 3).mean((2, 4)).round().astype(np.uint8) for images in (generated, large)
    ]
    assert value == pytest.approx(1000 * kid(*(extract_features(part, tiny_features) for part in halves)), rel=1e-4)
    assert "at 64 px." in sentence
    known = extract_features(halves[0], tiny_features)  # features of a preset are of 64 px already
    assert measure_distance(training, None, None, known)[0] == pytest.approx(value)


@pytest.mark.parametrize(("value", "sentence"), [
    (35.2, "35 (close), at 64 px. Adapting the source should work well."),
    (-2.0, "0 (close), at 64 px. Adapting the source should work well."),
    (107.0, "107 (medium), at 64 px. Adapting the source should still help."),
    (258.0, "258 (far), at 64 px. Try other sources (`ktg models`); check with --compare-scratch that they help."),
])  # fmt: skip
def test_sentence_follows_the_distance(value, sentence):
    assert describe_distance(value) == f"KID x 1000 between your images and the source's: {sentence}"


def test_sentence_says_the_size_of_the_comparison():
    assert "(far), at 64 px. " in describe_distance(200.0, size=256)
    assert "(far), at 32 px (far is meant for images of 64 px). " in describe_distance(200.0, size=32)


def test_features_beside_a_preset_are_read(tmp_path):
    assert source_features(tmp_path) is None
    np.savez(tmp_path / "features.npz", features=KNOWN.astype(np.float16))
    features = source_features(tmp_path)
    assert features.dtype == np.float32 and np.allclose(features, KNOWN, atol=2e-3)
    ref = ModelRef("keras", tmp_path / "gan.keras", "gan", "a_preset")
    assert np.array_equal(source_features(ref), features)
    assert source_features(ModelRef("saved_model", "https://example.org/gan", "", "far away")) is None

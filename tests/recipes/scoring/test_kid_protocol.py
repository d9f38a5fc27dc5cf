import numpy as np
import pytest

from keras_transfer_gen.metrics import features
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.recipes.scoring import kid_protocol


class Model:
    def __init__(self, sample_images):
        self.image_set = sample_images

    def generate(self, num, seed):
        assert seed == 0
        return self.image_set[:num]


def test_protocol_is_that_of_the_contract():
    assert (kid_protocol.NUM_FAKES, kid_protocol.MOST_REALS, kid_protocol.SEED) == (500, 1000, 0)


@pytest.mark.usefixtures("quick_scores")
def test_score_has_the_fields_of_metrics_json(sample_images, tiny_features):
    reference = kid_protocol.make_reference(sample_images, "the others")
    score = kid_protocol.score_model(Model(sample_images), reference, num=7)
    assert list(score) == ["value", "std", "feature_network", "input_size", "n_real", "n_fake", "reference"]
    found = [features.extract_features(images, tiny_features) for images in (sample_images, sample_images[:7])]
    assert (score["value"], score["std"]) == pytest.approx(tuple(kid_score(*found)), rel=1e-4)
    assert (score["n_real"], score["n_fake"], score["reference"]) == (12, 7, "the others")
    assert kid_protocol.curve_score(reference)(Model(sample_images)) == {
        "kid": kid_protocol.score_model(Model(sample_images), reference, num=12)["value"]
    }


def test_scores_are_taken_with_the_shipped_network(sample_images):
    reference = kid_protocol.make_reference(sample_images[:4], "few")
    assert reference.features.shape == (4, 1280)
    score = kid_protocol.score_images(sample_images[4:8], reference)
    assert (score["feature_network"], score["input_size"]) == ("efficientnet_lite0", 224)


@pytest.mark.usefixtures("quick_scores")
def test_large_reference_is_a_fixed_sample_without_repetition():
    images = np.arange(60, dtype=np.uint8).reshape(60, 1, 1, 1) * np.ones((1, 32, 32, 3), np.uint8)
    first, second = (kid_protocol.make_reference(images, "many", most=40) for _ in range(2))
    numbers = first.images[:, 0, 0, 0]
    assert np.array_equal(first.images, second.images) and len(set(numbers.tolist())) == 40
    assert (np.diff(numbers.astype(int)) > 0).all()
    assert np.array_equal(kid_protocol.make_reference(images, "all", most=60).images, images)

import numpy as np
import pytest

from keras_transfer_gen.metrics import features
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol


class Model:
    def __init__(self, images):
        self.images, self.seeds = images, []

    def generate(self, num, seed):
        self.seeds.append(seed)
        return self.images[:num]


def test_protocol_is_that_of_the_contract():
    assert kid_protocol.DEFAULT == KidProtocol() == KidProtocol(500, 200, 1000, 0)


@pytest.mark.usefixtures("quick_scores")
def test_score_has_the_fields_of_metrics_json(sample_images, tiny_features):
    reference = kid_protocol.make_reference(sample_images, "the others")
    score = kid_protocol.score_model(Model(sample_images), reference, num=7)
    assert list(score) == ["value", "std", "feature_network", "input_size", "n_real", "n_fake", "reference"]
    both = [features.extract_features(images, tiny_features) for images in (sample_images, sample_images[:7])]
    assert (score["value"], score["std"]) == pytest.approx(tuple(kid_score(*both)), rel=1e-4)
    assert (score["n_real"], score["n_fake"], score["reference"]) == (12, 7, "the others")


@pytest.mark.usefixtures("quick_scores")
def test_counts_and_seed_are_those_of_the_protocol(sample_images):
    protocol = KidProtocol(num_fakes=9, curve_fakes=6, max_reals=10, seed=3)
    reference, model = kid_protocol.make_reference(sample_images, "few", protocol), Model(sample_images)
    score = kid_protocol.score_model(model, reference, protocol=protocol)
    assert np.array_equal(kid_protocol.generate_fakes(model, protocol), sample_images[:9])
    assert (score["n_real"], score["n_fake"]) == (10, 9)
    on_the_way = kid_protocol.curve_score(reference, protocol)(model)
    assert on_the_way == {"kid": kid_protocol.score_images(sample_images[:6], reference)["value"]}
    assert model.seeds == [3, 3, 3]


def test_scores_are_taken_with_the_shipped_network(sample_images):
    reference = kid_protocol.make_reference(sample_images[:4], "few")
    assert reference.features.shape == (4, 1280)
    score = kid_protocol.score_images(sample_images[4:8], reference)
    assert (score["feature_network"], score["input_size"]) == ("efficientnet_lite0", 224)


@pytest.mark.usefixtures("quick_scores")
def test_large_reference_is_a_fixed_sample_without_repetition():
    images = np.arange(60, dtype=np.uint8).reshape(60, 1, 1, 1) * np.ones((1, 32, 32, 3), np.uint8)
    first, second = (kid_protocol.make_reference(images, "many", KidProtocol(max_reals=40)) for _ in range(2))
    numbers = first.images[:, 0, 0, 0]
    assert np.array_equal(first.images, second.images) and len(set(numbers.tolist())) == 40
    assert (np.diff(numbers.astype(int)) > 0).all()
    assert np.array_equal(kid_protocol.make_reference(images, "all", KidProtocol(max_reals=60)).images, images)

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.class_rows import OnlyClass, class_layers, takes_labels, with_classes, without_labels
from keras_transfer_gen.networks.dcgan.conditional import build_conditional_discriminator, build_conditional_generator
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator

SMALL = {"image_size": 28, "channels": 1, "num_classes": 4, "max_channels": 16, "min_channels": 8}
Z = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(4, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def networks():
    """(generator, discriminator) of 4 classes whose rows all differ."""
    keras.utils.set_random_seed(0)
    generator = build_conditional_generator(latent_dim=6, class_dim=8, **SMALL)
    discriminator = build_conditional_discriminator(**SMALL)
    rng = np.random.default_rng(2)
    for network in (generator, discriminator):
        for variable in network.weights:
            if "classes" in variable.path or "modulation" in variable.path:
                variable.assign(rng.normal(size=variable.shape))
    return generator, discriminator


def answers(network, labels):
    """What a network makes of the same latents or images with these labels; None where it takes none."""
    first = Z if network.name == "generator" else X
    if labels is None:
        return np.asarray(network(first))
    name = "latents" if network.name == "generator" else "images"
    return np.asarray(network({name: first, "labels": np.asarray(labels, np.int32)}))


def test_layers_with_a_row_for_each_class_are_told(networks):
    generator, discriminator = networks
    assert class_layers(generator) == ["classes"] and class_layers(discriminator) == ["logits"]
    plain = build_dcgan_discriminator(28, 1, max_channels=16, min_channels=8)
    assert class_layers(plain) == [] and not takes_labels(plain) and takes_labels(generator)


@pytest.mark.parametrize("number", [0, 1], ids=["generator", "discriminator"])
def test_new_classes_are_the_old_ones_that_they_start_from(networks, number):
    network = networks[number]
    copy = with_classes(network, np.eye(4)[[2, 0, 2]])
    np.testing.assert_allclose(answers(copy, [0, 1, 2, 0]), answers(network, [2, 0, 2, 2]), atol=1e-5)
    assert np.abs(answers(network, [2, 0, 2, 2]) - answers(network, [0, 0, 0, 0])).max() > 1e-3
    assert copy.name == network.name and class_layers(copy) == class_layers(network)


def test_rows_may_be_means_and_the_rest_stays(networks):
    rows = networks[0].get_layer("classes").get_weights()[0]
    copy = with_classes(networks[0], [[0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(copy.get_layer("classes").get_weights()[0][0], rows[:2].mean(axis=0), atol=1e-6)
    same = [np.array_equal(a, b) for a, b in zip(copy.get_weights(), networks[0].get_weights(), strict=True)]
    assert same.count(False) == 1


def test_weights_that_are_as_long_as_there_are_classes_are_no_rows():
    """A discriminator of one class has a bias of one number."""
    single = build_conditional_discriminator(**{**SMALL, "num_classes": 1})
    single.get_layer("logits").set_weights([weight + 1 for weight in single.get_layer("logits").get_weights()])
    many = with_classes(single, np.ones((3, 1)))
    shapes = [weight.shape for weight in many.get_layer("logits").get_weights()]
    assert (1,) in shapes and (3, 16) in shapes
    np.testing.assert_allclose(answers(many, [2, 1, 0, 0]), answers(single, [0] * 4), atol=1e-5)


@pytest.mark.parametrize("number", [0, 1], ids=["generator", "discriminator"])
def test_network_of_one_class_takes_no_labels_and_answers_alike(networks, number, tmp_path):
    network = networks[number]
    alone = without_labels(with_classes(network, np.eye(4)[[3]]))
    np.testing.assert_allclose(answers(alone, None), answers(network, [3] * 4), atol=1e-5)
    assert not takes_labels(alone) and len(alone.inputs) == 1
    alone.save(tmp_path / "alone.keras")
    np.testing.assert_array_equal(
        answers(keras.models.load_model(tmp_path / "alone.keras"), None), answers(alone, None)
    )
    names = [layer.name for layer in network.layers]
    assert sorted(layer.name for layer in alone.layers) == sorted(names)  # paths of freezing rules stay


def test_other_inputs_stay_beside_the_latents():
    named = {"latents": keras.Input((6,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    named["truncation"] = keras.Input((), name="truncation")
    row = keras.layers.Embedding(1, 6, name="classes")(named["labels"])
    outputs = (named["latents"] + row) * keras.ops.expand_dims(named["truncation"], -1)
    network = keras.Model(named, outputs, name="generator")
    alone, factor = without_labels(network), np.float32([1, 2, 3, 4])
    expected = network({"latents": Z, "labels": np.zeros(4, np.int32), "truncation": factor})
    assert set(alone.input) == {"latents", "truncation"}
    np.testing.assert_allclose(alone({"latents": Z, "truncation": factor}), expected, atol=1e-6)


def test_only_class_is_a_whole_number():
    assert OnlyClass()(Z).dtype == "int32" and np.asarray(OnlyClass()(Z)).tolist() == [0] * 4


def test_networks_without_classes_are_refused(networks):
    plain = build_dcgan_discriminator(28, 1, max_channels=16, min_channels=8)
    with pytest.raises(checks.UserError, match="`network` must be one with layers of classes"):
        with_classes(plain, [[1.0]])
    with pytest.raises(checks.UserError, match=r"`mix` must be an array \[new, 4\]"):
        with_classes(networks[0], [[1.0, 0.0]])
    with pytest.raises(checks.UserError, match="`network` must be a model of labels and of latents or images"):
        without_labels(plain)

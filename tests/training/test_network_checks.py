import keras
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import NetworkInputs
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import network_checks


def test_spec_is_read_off_the_generator():
    generator, _ = build_dcgan(28, 1, latent_dim=7, max_channels=8)
    spec = network_checks.spec_of(generator)
    assert (spec.image_size, spec.channels, spec.latent_dim) == (28, 1, 7)


def test_check_shapes_names_both_sides():
    generator, _ = build_dcgan(32, max_channels=8)
    _, discriminator = build_dcgan(64, max_channels=8)
    with pytest.raises(checks.UserError, match=r"`discriminator` must be a model of images \(32, 32, 3\)"):
        network_checks.check_shapes(generator, discriminator)


@pytest.mark.parametrize("spec", [
    tf.TensorSpec((None, 32, 32, 3), tf.bool), tf.TensorSpec((None, 32, 32, 1), tf.uint8),
    tf.TensorSpec((32, 32, 3), tf.uint8),
])  # fmt: skip
def test_check_images_refuses_other_types_and_shapes(spec):
    with pytest.raises(checks.UserError, match=r"`x` must be uint8 images \[batch, 32, 32, 3\].*load_images"):
        network_checks.check_images(spec, (None, 32, 32, 3))


def test_check_images_takes_labels_beside_images():
    good = tf.TensorSpec((None, 32, 32, 3), tf.uint8)
    assert network_checks.check_images((good, tf.TensorSpec((None,), tf.int32)), (None, 32, 32, 3)) is None


def test_pair_is_functional_and_what_is_no_model_is_refused():
    generator, discriminator = build_dcgan(32, latent_dim=8, max_channels=8)
    assert network_checks.functional_pair(generator, discriminator) == (generator, discriminator)
    for pair, role in (((1, discriminator), "generator"), ((generator, "b.keras"), "discriminator")):
        with pytest.raises(checks.UserError, match=f"`{role}` must be a keras.Model"):
            network_checks.functional_pair(*pair)


def test_sequential_pair_takes_its_shapes_from_the_spec_and_from_each_other():
    layers = keras.layers
    spec = ModelSpec(image_size=4, channels=1, latent_dim=3)
    pair = (
        keras.Sequential([layers.Dense(16), layers.Reshape((4, 4, 1))]),
        keras.Sequential([layers.Flatten(), layers.Dense(1)]),
    )
    generator, discriminator = network_checks.functional_pair(*pair, spec)
    assert generator.input_shape == (None, 3) and discriminator.input_shape == (None, 4, 4, 1)


def test_check_inputs_compares_the_images_as_well():
    networks = build_dcgan(32, latent_dim=8, max_channels=8)
    spec = ModelSpec(image_size=32, channels=3, latent_dim=8)
    assert network_checks.check_inputs(*networks, spec) == NetworkInputs.of(spec)
    for wrong in ({"image_size": 64, "channels": 3}, {"image_size": 32, "channels": 1}):
        with pytest.raises(checks.UserError, match=r"makes images .* as its spec says.*\(32, 32, 3\)"):
            network_checks.check_inputs(*networks, ModelSpec(latent_dim=8, **wrong))
    labelled = ModelSpec(image_size=32, channels=3, latent_dim=8, num_classes=4)
    with pytest.raises(checks.UserError, match=r"`generator` must be a model of \{'latents': .*as its spec says"):
        network_checks.check_inputs(*networks, labelled)

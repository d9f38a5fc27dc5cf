import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP


def network(size):
    inputs = keras.Input((3,))
    x = keras.layers.Dense(size, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, name="out")(x))


@pytest.fixture
def model():
    return types.SimpleNamespace(roles={"generator": network(4), "discriminator": network(5)})


def phase(name):
    return types.SimpleNamespace(phase=name)


def moved(net, by):
    net.set_weights([weight + by for weight in net.get_weights()])
    return sum(weight.size for weight in net.get_weights()) * by**2


def test_loss_equals_half_the_squared_distance_of_each_network(model):
    held = L2SP(0.1)
    held.attach(model)
    assert float(held.losses(phase("g"))["g"]) == 0.0
    for key, role, by in (("g", "generator", 0.5), ("d", "discriminator", 0.25)):
        expected = 0.5 * 0.1 * moved(model.roles[role], by)
        np.testing.assert_allclose(held.losses(phase(key))[key], expected, rtol=1e-5)


def test_a_vae_is_held_in_its_one_phase():
    model = types.SimpleNamespace(roles={"encoder": network(3), "decoder": network(4)})
    held = L2SP(1.0)
    held.attach(model)
    expected = 0.5 * sum(moved(net, 0.5) for net in model.roles.values())
    np.testing.assert_allclose(held.losses(phase("vae"))["vae"], expected, rtol=1e-5)


def test_frozen_weights_and_other_roles_are_left_out(model):
    model.roles["generator"].get_layer("hidden").trainable = False
    held = L2SP(1.0, roles=["generator"])
    held.attach(model)
    assert held.losses(phase("d")) == {} and len(held.weights) == 2
    moved(model.roles["generator"], 1.0)
    np.testing.assert_allclose(held.losses(phase("g"))["g"], 0.5 * (4 * 2 + 2), rtol=1e-5)


def test_gradient_is_the_weighted_distance(model):
    held, kernel = L2SP(0.3), model.roles["generator"].get_layer("out").kernel
    held.attach(model)
    moved(model.roles["generator"], 2.0)
    with tf.GradientTape() as tape:
        loss = held.losses(phase("g"))["g"]
    np.testing.assert_allclose(tape.gradient(loss, kernel), np.full(kernel.shape, 0.6), rtol=1e-5)


def test_starting_point_survives_a_second_compile_and_saving(tmp_path):
    gan = GAN(*build_dcgan(32, max_channels=16, min_channels=8, latent_dim=8))
    held = L2SP(0.5)
    gan.compile(regularizers=[held])
    moved(gan.generator, 0.25)
    expected = float(held.losses(phase("g"))["g"])
    gan.compile(regularizers=[held])
    np.testing.assert_allclose(held.losses(phase("g"))["g"], expected)
    assert held.trainable_weights == []
    gan.save(tmp_path / "gan.keras")
    (loaded,) = keras.models.load_model(tmp_path / "gan.keras").regularizers
    np.testing.assert_allclose(loaded.losses(phase("g"))["g"], expected, rtol=1e-6)


def test_a_gan_moves_less_with_it(sample_images):
    distances = []
    for regularizers in ([], [L2SP(100.0)]):
        keras.utils.set_random_seed(0)
        gan = GAN(*build_dcgan(32, max_channels=16, min_channels=8, latent_dim=8))
        before = [v.numpy() for v in gan.generator.trainable_variables]
        gan.compile(regularizers=regularizers, penalty=None)
        gan.fit(tf.data.Dataset.from_tensor_slices(sample_images).batch(6).repeat(4), epochs=1, verbose=0)
        after = [v.numpy() for v in gan.generator.trainable_variables]
        distances.append(sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True)))
    assert 0 < distances[1] < 0.8 * distances[0]


def test_wrong_arguments_are_refused(model):
    with pytest.raises(checks.UserError, match="`weight` must be a number of at least 0"):
        L2SP(-1.0)
    with pytest.raises(checks.UserError, match="`roles` must be one of 'generator', 'discriminator'"):
        L2SP(roles=["decoder"]).attach(model)

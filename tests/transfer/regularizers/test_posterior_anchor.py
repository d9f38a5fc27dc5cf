import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.regularizers.posterior_anchor import PosteriorAnchor, gaussian_divergence

RNG = np.random.default_rng(0)
REAL = RNG.uniform(-1, 1, (6, 4, 4, 1)).astype(np.float32)


def encoder():
    images = keras.Input((4, 4, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
    return keras.Model(images, [keras.layers.Dense(3, name="z_mean")(x), keras.layers.Dense(3, name="z_log_var")(x)])


def model_of(network):
    return types.SimpleNamespace(roles={"encoder": network})


def step_of(network):
    z_mean, z_log_var = network(REAL)
    return types.SimpleNamespace(phase="vae", real=REAL, z_mean=z_mean, z_log_var=z_log_var)


def test_divergence_equals_that_of_many_draws_and_the_general_formula():
    mean, log_var, other_mean, other_log_var = RNG.standard_normal((4, 5, 3)).astype(np.float32)
    found = gaussian_divergence(mean, log_var, other_mean, other_log_var).numpy()
    for row in range(5):
        inverse = np.diag(np.exp(-other_log_var[row]))
        apart = mean[row] - other_mean[row]
        general = 0.5 * (
            np.trace(inverse @ np.diag(np.exp(log_var[row]))) + apart @ inverse @ apart - 3
            + other_log_var[row].sum() - log_var[row].sum()
        )  # fmt: skip
        np.testing.assert_allclose(found[row], general, rtol=1e-5)
    np.testing.assert_allclose(gaussian_divergence(mean, log_var, mean, log_var), np.zeros(5), atol=1e-6)


def test_loss_is_zero_at_the_source_and_grows_with_the_distance():
    network, anchor = encoder(), PosteriorAnchor(2.0)
    anchor.attach(model_of(network))
    assert anchor.trainable_weights == []
    np.testing.assert_allclose(anchor.losses(step_of(network))["vae"], np.zeros(6), atol=1e-6)
    bias = network.get_layer("z_mean").bias
    bias.assign(bias + 1.0)
    step = step_of(network)
    found = anchor.losses(step)["vae"].numpy()
    expected = 0.5 * np.exp(-step.z_log_var.numpy()).sum(1)  # each mean moved by 1
    np.testing.assert_allclose(found, 2.0 * expected, rtol=1e-5)


def test_source_stands_still_when_compiled_again():
    network, anchor = encoder(), PosteriorAnchor()
    anchor.attach(model_of(network))
    before = anchor.source.get_weights()
    network.set_weights([weight + 1 for weight in network.get_weights()])
    anchor.attach(model_of(network))
    assert all((old == new).all() for old, new in zip(before, anchor.source.get_weights(), strict=True))


def test_gradient_pulls_back_to_the_source():
    network, anchor = encoder(), PosteriorAnchor()
    anchor.attach(model_of(network))
    bias = network.get_layer("z_mean").bias
    bias.assign(bias + 1.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(anchor.losses(step_of(network))["vae"])
    assert (tape.gradient(loss, bias).numpy() > 0).all()


def test_config_and_a_model_without_an_encoder():
    assert PosteriorAnchor.from_config(PosteriorAnchor(0.25).get_config()).weight == 0.25
    with pytest.raises(checks.UserError, match="`regularizers` must be those that fit the model"):
        PosteriorAnchor().attach(types.SimpleNamespace(roles={"generator": None}))
    with pytest.raises(checks.UserError, match="`weight` must be a number of at least 0"):
        PosteriorAnchor(-1.0)

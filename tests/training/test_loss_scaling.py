import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.objectives.adversarial import NonSaturating
from keras_transfer_gen.objectives.likelihoods import GaussianOptimalSigma
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.training import loss_scaling
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 4, 4, 1), dtype=np.uint8)


@contextlib.contextmanager
def policy(name):
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


class Scaled(NonSaturating):
    """A loss of another order of magnitude: below 6e-8 a float16 is 0, above 65504 infinite."""

    def __init__(self, factor):
        self.factor = factor

    def d_loss(self, real_logits, fake_logits):
        return self.factor * super().d_loss(real_logits, fake_logits)

    def g_loss(self, real_logits, fake_logits):
        return self.factor * super().g_loss(real_logits, fake_logits)

    def get_config(self):
        return {"factor": self.factor}


def sgd(rate):
    return {name: keras.optimizers.SGD(rate) for name in ("g_optimizer", "d_optimizer")}


def make_gan(precision, **compiled):
    keras.utils.set_random_seed(0)
    with policy(precision):
        latents = keras.Input((3,))
        x = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16, activation="tanh")(latents))
        images = keras.Input((4, 4, 1))
        logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
        gan = GAN(keras.Model(latents, x), keras.Model(images, logits))
        gan.compile(penalty=None, **compiled)
    return gan


def weights(model):
    return [np.array(value) for value in model.get_weights()]


def fitted(precision, **compiled):
    gan = make_gan(precision, **compiled)
    before = [weights(network) for network in gan.roles.values()]
    gan.fit(IMAGES, batch_size=4, verbose=0)
    return gan, [
        [new - old for old, new in zip(start, weights(network), strict=True)]
        for start, network in zip(before, gan.roles.values(), strict=True)
    ]


def test_gradients_too_small_for_float16_move_both_networks_as_in_float32():
    tiny = {"objective": Scaled(1e-8)}
    _, exact = fitted("float32", **tiny, **sgd(1e7))
    gan, moved = fitted("mixed_float16", **tiny, **sgd(1e7))
    assert isinstance(gan.g_optimizer, keras.optimizers.LossScaleOptimizer)
    for expected, actual in zip(exact, moved, strict=True):
        for a, b in zip(expected, actual, strict=True):
            assert np.abs(a).max() > 1e-3
            np.testing.assert_allclose(b, a, atol=0.05 * np.abs(a).max())


def test_without_a_loss_scale_they_would_not_move():
    """The fault: a float16 gradient of 1e-8 is 0."""
    _, moved = fitted("mixed_float16", objective=Scaled(1e-8), auto_scale_loss=False, **sgd(1e7))
    assert all((change == 0).all() for changes in moved for change in changes)


def test_a_step_with_infinite_gradients_is_skipped_and_the_scale_falls():
    gan, moved = fitted("mixed_float16", objective=Scaled(1e6), **sgd(1e-9))
    assert all((change == 0).all() for changes in moved for change in changes)
    assert [float(optimizer.dynamic_scale) for optimizer in (gan.g_optimizer, gan.d_optimizer)] == [2.0**14] * 2
    assert int(gan.step.numpy()) == 1
    before = weights(gan.discriminator)
    gan.fit(IMAGES, batch_size=4, epochs=20, verbose=0)
    assert float(gan.d_optimizer.dynamic_scale) < 2.0**10
    assert not all(np.array_equal(a, b) for a, b in zip(before, weights(gan.discriminator), strict=True))


def test_gradient_of_the_penalty_is_scaled_too():
    results = []
    for precision in ("float32", "mixed_float16"):
        gan = make_gan(precision)
        gan.compile(objective=Scaled(0.0), penalty=R1(1e-8, interval=1), **sgd(1e7))
        before = weights(gan.discriminator)[0]
        gan.fit(IMAGES, batch_size=4, verbose=0)
        results.append(weights(gan.discriminator)[0] - before)
    assert np.abs(results[0]).max() > 1e-3
    np.testing.assert_allclose(results[1], results[0], atol=0.05 * np.abs(results[0]).max())


class Faint(GaussianOptimalSigma):
    def loss(self, real, reconstructions):
        return 1e-8 * super().loss(real, reconstructions)


def test_vae_trains_with_a_loss_scale_too():
    changes = []
    for precision in ("float32", "mixed_float16"):
        keras.utils.set_random_seed(0)
        with policy(precision):
            images, latents = keras.Input((4, 4, 1)), keras.Input((2,))
            flat = keras.layers.Flatten()(images)
            encoder = keras.Model(images, [keras.layers.Dense(2)(flat), keras.layers.Dense(2)(flat)])
            decoder = keras.Model(latents, keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(latents)))
            vae = VAE(encoder, decoder, likelihood=Faint(), beta=0.0)
            vae.compile(optimizer=keras.optimizers.SGD(1e6))
        before = weights(vae.decoder)
        vae.fit(IMAGES, batch_size=4, verbose=0)
        changes.append([new - old for old, new in zip(before, weights(vae.decoder), strict=True)])
        assert vae.encode(IMAGES)[0].dtype == np.float32 and np.isfinite(vae.evaluate(IMAGES)[0])
    for expected, actual in zip(*changes, strict=True):
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(actual, expected, atol=0.05 * np.abs(expected).max())


def test_fixed_factor_of_an_optimizer_changes_nothing_in_float32():
    plain = fitted("float32", **sgd(0.1))[1]
    optimizers = {name: keras.optimizers.SGD(0.1, loss_scale_factor=1024.0) for name in sgd(0.1)}
    for a, b in zip(plain, fitted("float32", **optimizers)[1], strict=True):
        for expected, actual in zip(a, b, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-8)


def test_float32_and_bfloat16_need_no_scale_and_a_wrapped_optimizer_stays():
    for precision in ("float32", "mixed_bfloat16"):
        assert type(make_gan(precision).g_optimizer) is keras.optimizers.Adam
    own = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=8.0)
    assert make_gan("mixed_float16", g_optimizer=own).g_optimizer is own


def test_saved_model_keeps_its_scale(tmp_path):
    keras.saving.register_keras_serializable("test_loss_scaling")(Scaled)
    gan, _ = fitted("mixed_float16", objective=Scaled(1e6), **sgd(1e-9))
    gan.save(tmp_path / "gan.keras")
    twin = keras.models.load_model(tmp_path / "gan.keras")
    assert float(twin.d_optimizer.dynamic_scale) == 2.0**14
    for model in (gan, twin):
        model.fit(IMAGES, batch_size=4, epochs=12, verbose=0)
    for a, b in zip(weights(gan), weights(twin), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ours", [True, False])
def test_infinite_gradient_of_one_replica_stops_all(two_cpus, ours):
    """Keras' own `apply` asks the first replica alone, and lets the second one's infinity into the weights."""
    with two_cpus.scope():
        variable = keras.Variable(np.float32([1.0, 2.0]))
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0))
        optimizer.build([variable])

    @tf.function
    def step():
        def on_replica():
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            gradient = tf.where(number == 1, tf.constant([float("inf"), 1.0]), tf.constant([1.0, 1.0]))
            apply = loss_scaling.apply_gradients if ours else lambda optimizer, *rest: optimizer.apply(*rest)
            apply(optimizer, [gradient], [variable])

        two_cpus.run(on_replica)

    step()
    assert np.isfinite(variable.numpy()).all() == ours
    assert float(optimizer.dynamic_scale.numpy()) == (2.0**14 if ours else 2.0**15)

import contextlib
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, protocols
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.objectives.likelihoods import Bernoulli
from keras_transfer_gen.training import latents
from keras_transfer_gen.training.collapse import CollapseWarning
from keras_transfer_gen.training.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), dtype=np.uint8)


def make_vae(scope=contextlib.nullcontext, compiled=None, **arguments):
    keras.utils.set_random_seed(0)
    with scope():
        vae = VAE(*build_conv_vae(32, latent_dim=16, max_channels=16, min_channels=8), **arguments)
    vae.compile(**(compiled or {}))
    return vae


def dataset(batch=8):
    return tf.data.Dataset.from_tensor_slices(IMAGES).batch(batch, drop_remainder=True)


def weights(model):
    return [np.array(value) for value in model.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_fit_moves_both_networks_lowers_the_loss_and_counts(sample_images):
    vae = make_vae()
    before = weights(vae.encoder), weights(vae.decoder)
    stream = load_images(sample_images, image_size=32, batch_size=12, epoch="pass")
    history = vae.fit(stream, epochs=60, verbose=0).history
    assert int(vae.step.numpy()) == 60 and vae.kimg == 0.72
    assert set(history) == {"loss", "elbo", "reconstruction_loss", "kl_loss", "active_units"}
    assert history["loss"][-1] < history["loss"][0] - 1000  # nats per image
    assert history["elbo"][-1] == pytest.approx(-history["loss"][-1], rel=1e-5)
    for old, network in zip(before, (vae.encoder, vae.decoder), strict=True):
        assert not same(old, weights(network))
    remade = vae.reconstruct(sample_images)
    assert np.abs(remade.astype(float) - sample_images).mean() < np.abs(sample_images.mean(0) - sample_images).mean()
    assert history["active_units"][-1] >= 2  # no collapse in the defaults


def test_one_step_equals_the_update_by_hand():
    vae = make_vae(compiled={"optimizer": keras.optimizers.SGD(1e-4), "seed": 3}, beta=0.5, free_bits=0.02)
    twin = make_vae()
    twin.set_weights(vae.get_weights())
    vae.fit(dataset(), steps_per_epoch=1, verbose=0)
    real = IMAGES[:8] / np.float32(127.5) - 1
    noise = latents.sample_latents(8, 16, latents.step_seed(3, tf.constant(0, tf.int64), "latents"))
    networks = (twin.encoder, twin.decoder)
    variables = [variable.value for network in networks for variable in network.trainable_variables]
    with tf.GradientTape() as tape:
        mean, log_var = twin.encoder(real, training=True)
        decoded = twin.decoder(mean + tf.exp(0.5 * log_var) * noise, training=True)
        squares = tf.reduce_sum((real - decoded) ** 2, (1, 2, 3))
        variance = tf.reduce_mean(squares) / 3072
        nll = 0.5 * tf.reduce_mean(squares) / variance + 1536 * tf.math.log(2 * np.pi * variance)
        kl = 0.5 * tf.reduce_mean(mean**2 + tf.exp(log_var) - 1 - log_var, axis=0)
        loss = nll + 0.5 * tf.reduce_sum(tf.maximum(kl, 0.02))
    gradients = tape.gradient(loss, variables)
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(1e-4 * gradient)
    for name in ("encoder", "decoder"):
        for weight, expected in zip(getattr(vae, name).get_weights(), getattr(twin, name).get_weights(), strict=True):
            np.testing.assert_allclose(weight, expected, atol=2e-5)
    assert vae.likelihood.scale == pytest.approx(float(variance) ** 0.5, rel=1e-5)


def test_annealing_raises_the_weight_of_the_divergence_slowly():
    losses = []
    for annealing in (0.0, 1000.0):
        vae = make_vae(kl_annealing_kimg=annealing)
        losses.append(vae.fit(dataset(), steps_per_epoch=1, verbose=0).history)
    whole, begun = losses
    assert begun["loss"][0] == pytest.approx(begun["reconstruction_loss"][0])
    assert whole["loss"][0] == pytest.approx(whole["reconstruction_loss"][0] + whole["kl_loss"][0], rel=1e-5)


def test_generate_gives_numbered_images_of_the_prior():
    vae = make_vae()
    images = vae.generate(5, seed=3)
    assert images.shape == (5, 32, 32, 3) and images.dtype == np.uint8
    assert np.array_equal(vae.generate(2, seed=3, start=3), images[3:])
    assert not np.array_equal(vae.generate(5, seed=4), images)
    z = latents.numbered_latents(range(5), 16, 3)
    assert np.array_equal(vae.decode(z), images)
    vae.set_prior(GaussianPrior(16).set_distribution(np.full(16, 2.0), 0.25 * np.eye(16)))
    assert np.array_equal(vae.decode(2.0 + 0.5 * z), vae.generate(5, seed=3))
    assert np.array_equal(vae.decode(2.0 + 0.05 * z), vae.generate(5, seed=3, truncation=0.1))
    count = len(vae.weights)
    vae.set_prior(GaussianPrior(16))
    assert len(vae.weights) == count  # the old prior's are gone


def test_encode_and_reconstruct_take_arrays_and_data_sets():
    vae = make_vae()
    z_mean, z_log_var = vae.encode(IMAGES[:3])
    assert z_mean.shape == z_log_var.shape == (3, 16) and z_mean.dtype == np.float32
    assert np.array_equal(vae.encode(dataset())[0][:3], z_mean)
    assert np.array_equal(vae.reconstruct(IMAGES[:3]), vae.decode(z_mean))
    for value in (np.nan, np.inf):
        z_mean[1, 3] = value
        with pytest.raises(checks.UserError, match="`latents` must be finite numbers.*NaN or infinity in 1 of 3 lat"):
            vae.decode(z_mean)
    whole = vae(IMAGES[:3] / np.float32(127.5) - 1).numpy()
    assert np.abs(vae.reconstruct(IMAGES[:3]) - (whole + 1) * 127.5).max() <= 0.51


def test_frozen_encoder_stays_bit_for_bit_and_released_layers_move():
    vae = make_vae()
    vae.encoder.trainable = False
    vae.decoder.get_layer("block_8").norm.trainable = False
    before, norm = weights(vae.encoder), weights(vae.decoder.get_layer("block_8").norm)
    decoder = weights(vae.decoder.get_layer("block_16"))
    vae.fit(dataset(), verbose=0)
    assert same(before, weights(vae.encoder)) and same(norm, weights(vae.decoder.get_layer("block_8").norm))
    assert not same(decoder, weights(vae.decoder.get_layer("block_16")))
    vae.encoder.trainable = True  # without compiling again
    vae.fit(dataset(), verbose=0)
    assert not same(before, weights(vae.encoder))


def test_saved_model_continues_bit_for_bit(tmp_path):
    vae = make_vae(likelihood="l1", beta=0.5, free_bits=0.1, kl_annealing_kimg=2.0)
    vae.set_prior(GaussianPrior(16).set_distribution(np.ones(16), 2 * np.eye(16)))
    vae.encoder.get_layer("block_16").norm.trainable = False
    vae.fit(dataset(), verbose=0)
    vae.save(tmp_path / "vae.keras")
    twin = keras.models.load_model(tmp_path / "vae.keras")
    assert twin.spec == vae.spec and not twin.encoder.get_layer("block_16").norm.trainable
    assert (twin.beta, twin.free_bits, twin.kl_annealing_kimg) == (0.5, 0.1, 2.0)
    assert isinstance(twin.prior, GaussianPrior) and twin.likelihood.scale == vae.likelihood.scale
    assert same(weights(vae), weights(twin)) and np.array_equal(vae.generate(2), twin.generate(2))
    assert vae.evaluate(IMAGES) == twin.evaluate(IMAGES)
    for model in (vae, twin):
        model.fit(dataset(), verbose=0)
    assert same(weights(vae), weights(twin)) and same(vae.optimizer.variables, twin.optimizer.variables)


def test_a_resumed_fit_sees_what_an_unbroken_one_sees(tmp_path):
    stream = load_images(IMAGES, image_size=32, batch_size=8)
    whole, parts = make_vae(), make_vae()
    whole.fit(stream, steps_per_epoch=6, verbose=0)
    parts.fit(stream, steps_per_epoch=3, verbose=0)
    parts.save(tmp_path / "vae.keras")
    resumed = keras.models.load_model(tmp_path / "vae.keras")
    resumed.fit(stream, steps_per_epoch=3, verbose=0)
    assert same(weights(whole), weights(resumed)) and int(resumed.step.numpy()) == 6


def test_two_replicas_equal_one(two_cpus, monkeypatch):
    """With the same noise for every image; each replica normalises by its own batch, so the norms are frozen."""
    monkeypatch.setattr(
        latents, "sample_latents", lambda batch, dim, seed: tf.ones((batch, dim)) * tf.range(1.0, dim + 1) / dim
    )

    def run(scope):
        with scope():
            optimizer = keras.optimizers.SGD(1e-5)
        vae = make_vae(scope, {"optimizer": optimizer})
        for network in vae.roles.values():
            for layer in network._flatten_layers():
                if type(layer).__name__ == "FusedBatchNormalization":
                    layer.trainable = False
        return vae, vae.fit(dataset(16), epochs=2, verbose=0).history

    (single, logs), (mirrored, mirrored_logs) = run(contextlib.nullcontext), run(two_cpus.scope)
    assert mirrored.decoder.variables[0].value.__class__.__name__ == "MirroredVariable"
    for a, b in zip(weights(single), weights(mirrored), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    for name in ("loss", "elbo", "reconstruction_loss", "kl_loss"):
        np.testing.assert_allclose(logs[name], mirrored_logs[name], rtol=1e-5)
    assert mirrored.kimg == single.kimg == 0.064 and mirrored.likelihood.scale == pytest.approx(
        single.likelihood.scale, rel=1e-5
    )


def test_bfloat16_networks_have_losses_in_float32():
    from keras_transfer_gen.training.precision import set_precision

    vae = make_vae()
    exact = vae.fit(dataset(), steps_per_epoch=1, verbose=0).history["loss"][0]
    vae = make_vae()
    for network in vae.roles.values():
        set_precision(network, "bfloat16")
    loss = vae.fit(dataset(), steps_per_epoch=1, verbose=0).history["loss"][0]
    assert loss != exact and loss == pytest.approx(exact, rel=0.01)
    assert all(v.dtype == "float32" for v in vae.trainable_variables)


def test_validation_data_is_measured_with_the_stored_scale():
    vae = make_vae()
    history = vae.fit(dataset(), validation_data=dataset(), verbose=0).history
    assert history["val_reconstruction_loss"][-1] == pytest.approx(
        vae.evaluate(IMAGES, return_dict=True)["reconstruction_loss"], rel=0.01
    )


def test_regularizer_is_attached_and_seen_as_a_step_of_a_vae():
    seen = []

    class Watch(protocols.Regularizer):
        def attach(self, model):
            self.count = self.add_weight(shape=(), name="count", initializer="zeros", trainable=False)

        def losses(self, step):
            seen.append((step.phase, step.reconstructions.shape))
            return {"vae": 100.0 + tf.reduce_sum(0.0 * step.z_mean, 1), "g": tf.constant(1e9)}

        def after_step(self, step):
            self.count.assign_add(1.0)

    vae = make_vae(compiled={"regularizers": [Watch()]})
    history = vae.fit(dataset(), verbose=0).history
    assert history["loss"][0] == pytest.approx(100.0 - history["elbo"][0], rel=1e-5)
    assert seen[0] == ("vae", (8, 32, 32, 3)) and float(vae.regularizers[0].count) == 4


def test_collapse_after_training_warns_and_says_what_to_change(monkeypatch):
    from keras_transfer_gen.training import collapse as module

    monkeypatch.setattr(module, "JUDGED_KIMG", 0.03)
    vae = make_vae()
    vae.encoder.trainable = False
    kernel = vae.encoder.get_layer("z_mean").kernel
    kernel.assign(100 * kernel)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vae.fit(dataset(), verbose=0)
    kernel.assign(0 * kernel)
    with pytest.warns(CollapseWarning, match="posterior has collapsed: 0 of 16.*--free-bits"):
        vae.fit(dataset(), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"likelihood": "gauss"}, "`likelihood` must be one of.*gaussian_optimal_sigma"),
        ({"likelihood": None}, "`likelihood` must be a likelihood, not None"),
        ({"prior": GaussianPrior(3)}, "`prior` must be a distribution of 16 latent dimensions"),
        ({"prior": "mixture"}, "`prior` must be one of"),
        ({"beta": -1}, "`beta` must be a number of at least 0"),
        ({"free_bits": -1}, "`free_bits` must be a number"),
        ({"kl_annealing_kimg": -1}, "`kl_annealing_kimg` must be a number"),
    ],
)
def test_vae_refuses(arguments, text):
    with pytest.raises(checks.UserError, match=text):
        make_vae(**arguments)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"optimizer": "adam"}, "`optimizer` must be a Keras optimizer"),
        ({"regularizers": ["l2"]}, "`regularizers` must be one of 'l2sp'"),
        ({"seed": -1}, "`seed` must be an integer"),
    ],
)
def test_compile_refuses(arguments, text):
    with pytest.raises(checks.UserError, match=text):
        make_vae(compiled=arguments)


def test_methods_refuse_what_does_not_fit(tmp_path):
    vae = make_vae()
    with pytest.raises(checks.UserError, match="`images` must be uint8 images"):
        vae.encode(IMAGES[:, :16])
    with pytest.raises(checks.UserError, match=r"`latents` must be an array \[n, 16\]"):
        vae.decode(np.zeros((2, 15)))
    with pytest.raises(checks.UserError, match="`num` must be an integer"):
        vae.generate(0)
    with pytest.raises(checks.UserError, match="`prior` must be a distribution of latents, not None"):
        vae.set_prior(None)
    with pytest.raises(checks.UserError, match="export_saved_model"):
        vae.export(tmp_path / "model")
    bare = VAE(*build_conv_vae(32, latent_dim=16, max_channels=8, min_channels=8))
    with pytest.raises(checks.UserError, match=r"the VAE is not compiled. Call vae.compile"):
        bare.fit(dataset(), verbose=0)
    for network in vae.roles.values():
        network.trainable = False
    with pytest.raises(checks.UserError, match=r"every weight of the VAE is frozen.*freeze\(vae"):
        vae.fit(dataset(), verbose=0)


def test_objects_stand_for_names():
    likelihood = Bernoulli()
    vae = make_vae(prior=StandardNormal(), likelihood=likelihood)
    assert vae.likelihood is likelihood and vae.prior.latent_dim == 16 and vae.spec.family == "vae"
    assert make_vae(likelihood="bernoulli").fit(dataset(), verbose=0).history["loss"][0] > 0

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, tables
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.stylegan2.from_tensors import generator_shape
from keras_transfer_gen.networks.stylegan2.official import load_official
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_generator
from keras_transfer_gen.objectives import path_length
from keras_transfer_gen.objectives.path_length import PathLength, projection, style_lengths
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from tests.stylegan2_fixtures import FOLDER, reference, relative

LAYERS, DIM, SIDE = 2, 3, 4
MATRIX = np.random.default_rng(0).normal(size=(LAYERS * DIM, SIDE * SIDE)).astype(np.float32)
IMAGES = np.random.default_rng(1).integers(0, 256, (8, 8, 8, 3), np.uint8)


def linear_step(scale, index=0):
    """A step whose images are `scale` times a fixed linear map of the styles; lengths follow from the noise alone."""

    def generate(drawn):
        styles = tf.reshape(drawn["latents"], (-1, LAYERS, DIM))
        images = scale * tf.reshape(tf.reshape(styles, (-1, LAYERS * DIM)) @ MATRIX, (-1, SIDE, SIDE, 1))
        return images, {"w": styles}

    latents = tf.constant(np.random.default_rng(2).normal(size=(5, LAYERS * DIM)).astype(np.float32))
    return types.SimpleNamespace(
        gan=types.SimpleNamespace(seed=0), index=tf.constant(index, tf.int64), latents=latents, generate=generate,
        drawn={"latents": latents},
    )  # fmt: skip


def lengths_by_hand(scale):
    """The step's lengths, from the noise that it drew: half of 5 images, rounded up, are 3."""
    seed = tf.random.experimental.stateless_fold_in([0, 7], tf.constant(0, tf.int64))
    seed = tf.random.experimental.stateless_fold_in(seed, tf.constant(0, tf.int64))
    noise = tf.random.stateless_normal((3, SIDE, SIDE, 1), seed).numpy().reshape(3, -1)
    gradient = (scale * noise @ MATRIX.T / SIDE).reshape(3, LAYERS, DIM)  # the root of the pixels is the side
    return np.sqrt((gradient**2).sum(2).mean(1))


def test_penalty_equals_numpy():
    penalty = PathLength(weight=2.0, decay=0.25)
    penalty.mean.assign(0.5)
    losses = penalty.losses(linear_step(1.5))
    lengths = lengths_by_hand(1.5)
    mean = 0.75 * 0.5 + 0.25 * lengths.mean()
    np.testing.assert_allclose(losses["g"], 2.0 * (lengths - mean) ** 2, rtol=1e-4)
    assert float(losses["mean_length"]) == pytest.approx(mean, rel=1e-5)
    penalty.after_step(None, {"mean_length": losses["mean_length"]}, tf.constant(False))
    assert float(penalty.mean) == 0.5
    penalty.after_step(None, {"mean_length": losses["mean_length"]}, tf.constant(True))
    assert float(penalty.mean) == pytest.approx(mean, rel=1e-5)


def test_gradient_passes_through_the_new_mean():
    """Lengths are proportional to the scale s: l = s u, a = (1 - d) a0 + d s mean(u); by hand dL/ds."""
    penalty, scale = PathLength(weight=1.0, decay=0.25), tf.Variable(1.5)
    penalty.mean.assign(0.5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(penalty.losses(linear_step(scale))["g"])
    unit = lengths_by_hand(1.0)
    gap = 1.5 * unit - (0.75 * 0.5 + 0.25 * 1.5 * unit.mean())
    through = 2 * (gap * (unit - 0.25 * unit.mean())).mean()
    assert float(tape.gradient(loss, scale)) == pytest.approx(through, rel=1e-4)
    assert through != pytest.approx(2 * (gap * unit).mean(), rel=1e-2)  # with the mean taken for a constant


def test_parts_equal_their_formulas():
    images, noise = np.ones((2, 4, 8, 3), np.float32), np.full((2, 4, 8, 3), 0.5, np.float32)
    assert float(projection(images, noise)) == pytest.approx(2 * 96 * 0.5 / np.sqrt(32), rel=1e-5)
    gradient = np.float32([[[3, 4], [0, 0]], [[0, 1], [0, 1]]])
    np.testing.assert_allclose(style_lengths(gradient), [np.sqrt(12.5), 1.0], rtol=1e-6)


def test_lengths_and_penalties_are_those_of_the_original(monkeypatch):
    """A file of the official program, and what it computes of it; half of a batch of twice its images is used."""
    arrays, wanted = reference("ada_skip.pkl"), reference("ada_skip_gradients.npz")
    stored = read_network_file(FOLDER / "ada_skip.pkl").networks["G_ema"]
    generator = build_stylegan2_generator(generator_shape(stored.arrays, stored.attributes))
    load_official("generator", generator, stored.arrays)
    both = keras.Model(generator.input, [generator.output, generator.get_layer("styles").output])

    def generate(drawn):
        images, w = both(drawn)
        return images, {"w": w}

    noise = 16 * wanted["pl_noise"]  # it is stored divided by the side
    monkeypatch.setattr(path_length, "draw_noise", lambda step, shape: noise)
    drawn = {"latents": np.tile(arrays["z"], (2, 1)), "truncation": np.ones(8, np.float32)}
    step = types.SimpleNamespace(index=tf.constant(0), latents=drawn["latents"], drawn=drawn, generate=generate)
    losses = PathLength(weight=2.0).losses(step)
    expected = 2.0 * (wanted["pl_lengths"] - wanted["pl_mean_new"]) ** 2
    assert relative(losses["g"], expected) < 1e-4
    assert float(losses["mean_length"]) == pytest.approx(float(wanted["pl_mean_new"]), rel=1e-5)


def style_gan(**compiled):
    keras.utils.set_random_seed(0)
    spec = ModelSpec(image_size=8, channels=3, latent_dim=4, arch="stylegan2")
    options = {"channel_base": 32, "channel_max": 4, "w_dim": 4, "mapping_layers": 2}
    gan = GAN(*tables.architecture_of(spec).build(spec, options), spec=spec)
    gan.compile(
        **{"penalty": [R1(0.1, interval=2), PathLength(interval=2)], "augment": "ada:kimg=0.1,target=-1", **compiled}
    )
    return gan


def fit(gan, steps):
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(8).repeat()
    return gan.fit(data, steps_per_epoch=steps, verbose=0).history


def test_stylegan2_goes_on_with_the_same_bits(tmp_path):
    """With ADA's probability, the mean path length, mixed styles, noise and the average style."""
    whole, part = style_gan(run_eagerly=True), style_gan(run_eagerly=True)
    history = fit(whole, 4)
    assert history["g_penalty"][0] > 0 and history["penalty"][0] > 0 and np.isfinite(history["g_loss"][0])
    fit(part, 2)
    part.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    resumed.run_eagerly = True  # tracing takes longer
    state = [float(resumed.penalties[1].mean), float(resumed.augment.sign_sum)]
    assert state == [float(part.penalties[1].mean), float(part.augment.sign_sum)] and state[0] > 0
    fit(resumed, 2)
    assert float(whole.augment.probability) == pytest.approx(32 / 100)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(whole.generator.get_layer("styles").w_avg.numpy()).max() > 0


def test_two_replicas_train_stylegan2(two_cpus):
    with two_cpus.scope():
        gan = style_gan(penalty=PathLength(interval=2), augment=None)
    history = fit(gan, 2)
    assert all(np.isfinite(values).all() for values in history.values())
    copies = two_cpus.experimental_local_results(gan.penalty.mean.value)
    assert float(copies[0]) == float(copies[1]) > 0
    weights = two_cpus.experimental_local_results(gan.generator.trainable_variables[0].value)
    np.testing.assert_array_equal(*weights)


def test_generators_without_styles_are_refused():
    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=8, min_channels=8))
    with pytest.raises(
        checks.UserError, match="`penalty` must be one that this generator can have.*--path-length-weight 0"
    ):
        gan.compile(penalty="path_length")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(PathLength(3.0, 8, 0.1)))
    assert (copy.weight, copy.interval, copy.decay) == (3.0, 8, 0.1)

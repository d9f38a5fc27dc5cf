"""A batch in micro-batches gives the update of the whole batch, where nothing is taken over a batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.uint8)


def plain_networks():
    """Convolutions without any norm."""
    z = keras.Input((6,))
    x = keras.layers.Reshape((4, 4, 2))(keras.layers.Dense(32)(z))
    x = keras.layers.UpSampling2D(4)(keras.layers.LeakyReLU(0.2)(x))
    generator = keras.Model(z, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x), name="generator")
    image = keras.Input((16, 16, 3))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(6, 4, 4)(image))
    judge = keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(x)), name="discriminator")
    return generator, judge


def trained(micro_batch, steps=3, **compiled):
    keras.utils.set_random_seed(0)
    gan = GAN(*plain_networks())
    gan.compile(
        g_optimizer=keras.optimizers.SGD(0.05), d_optimizer=keras.optimizers.SGD(0.05), micro_batch=micro_batch,
        **compiled,
    )  # fmt: skip
    dataset = tf.data.Dataset.from_tensors(IMAGES).repeat()
    history = gan.fit(dataset, steps_per_epoch=steps, verbose=0).history
    return gan, {name: values[0] for name, values in history.items()}


@pytest.fixture(scope="module")
def both():
    """(gan, its losses), of whole batches and of micro-batches of 2: R1, augmentation and a regulariser."""

    def parts():
        return {"penalty": R1(2.0, interval=2), "augment": "diffaugment", "regularizers": [L2SP(0.1)]}

    return [trained(micro_batch, **parts()) for micro_batch in (None, 2)]


def test_update_is_that_of_the_whole_batch(both):
    (whole, losses), (parts, own_losses) = both
    for mine, theirs in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert set(losses) == set(own_losses)
    for name, value in losses.items():
        assert own_losses[name] == pytest.approx(value, abs=1e-4), name
    assert int(parts.step.numpy()) == 3 and int(parts.images_seen.numpy()) == 24


def test_training_moved_at_all_and_micro_batches_are_kept_in_files(both, tmp_path):
    whole, parts = both[0][0], both[1][0]
    keras.utils.set_random_seed(0)
    start = plain_networks()[0].get_weights()
    assert max(np.abs(a - b).max() for a, b in zip(whole.generator.get_weights(), start, strict=True)) > 1e-3
    parts.save(tmp_path / "gan.keras")
    assert keras.models.load_model(tmp_path / "gan.keras").micro_batch == 2


def test_two_replicas_share_a_batch_in_micro_batches(two_cpus):
    """Draws differ per replica, so that two replicas with micro-batches are compared with two without."""
    results = []
    for micro_batch in (None, 2):
        with two_cpus.scope():
            gan, _ = trained(micro_batch, steps=2, penalty="r1")
        results.append(gan.get_weights())
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.slow
def test_stylegan2_without_deviation_and_noise_equals_the_whole_batch():
    generator_shape = GeneratorShape(16, latent_dim=8, w_dim=8, widths=(8, 8, 4), mapping_layers=2, noise="none")
    critic_shape = DiscriminatorShape(16, widths=(8, 8, 4), group_size=1)
    weights = []
    for micro_batch in (None, 2):
        keras.utils.set_random_seed(0)
        networks = build_stylegan2_generator(generator_shape), build_stylegan2_discriminator(critic_shape)
        gan = GAN(*networks, spec=ModelSpec(image_size=16, channels=3, latent_dim=8, arch="stylegan2"))
        sgd = [keras.optimizers.SGD(0.01) for _ in range(2)]
        gan.compile(g_optimizer=sgd[0], d_optimizer=sgd[1], micro_batch=micro_batch)
        gan.fit(tf.data.Dataset.from_tensors(IMAGES).repeat(), steps_per_epoch=2, verbose=0)
        weights.append(gan.generator.trainable_weights + gan.discriminator.trainable_weights)
    for mine, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-5)

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latent_ranking import rank_latents
from keras_transfer_gen.training.latents import numbered_latents


class Noise(Augment):
    """Adds a number to each image, drawn from the seed."""

    def call(self, images, seed):
        return images + 0.3 * tf.random.stateless_normal((len(images), 1, 1, 1), seed)


class Darker(Augment):
    """Halves every image, whatever the seed."""

    def call(self, images, seed):
        return images * 0.5


def paint_first_entry():
    """A generator whose image is tanh of the first latent, and a discriminator that answers with the mean."""
    inputs = keras.Input((4,), name="latents")
    x = keras.layers.Dense(4 * 4 * 3, use_bias=False, activation="tanh")(inputs)
    generator = keras.Model(inputs, keras.layers.Reshape((4, 4, 3))(x), name="generator")
    kernel = np.zeros((4, 48), np.float32)
    kernel[0] = 1.0
    generator.set_weights([kernel])
    images = keras.Input((4, 4, 3), name="images")
    logits = keras.layers.Dense(1, name="logits")(keras.layers.Flatten()(images))
    discriminator = keras.Model(images, logits, name="discriminator")
    discriminator.set_weights([np.full((48, 1), 1 / 48, np.float32), np.zeros(1, np.float32)])
    return GAN(generator, discriminator)


@pytest.mark.parametrize("augment", [None, Darker()])
def test_the_latents_with_the_highest_logits_are_kept_best_first(augment):
    gan = paint_first_entry()
    gan.compile(augment=augment)
    found = rank_latents(gan, pool=500, keep=20, seed=7)
    pool = numbered_latents(range(500), 4, 7)
    expected = pool[np.argsort(-pool[:, 0])[:20]]  # tanh keeps the order
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_the_answer_depends_on_the_seed_alone():
    gan = paint_first_entry()
    gan.compile(augment="diffaugment")
    first = rank_latents(gan, 50, 5, seed=1)
    assert (rank_latents(gan, 50, 5, seed=1) == first).all()
    assert (rank_latents(gan, 50, 5, seed=2) != first).any()


def test_the_best_are_judged_by_more_views():
    """Of logits with noise: what is kept after four looks is better than what is kept after one."""
    gan = paint_first_entry()
    gan.compile(augment=Noise())
    seen = []
    kept = rank_latents(gan, pool=1000, keep=50, seed=3, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (50, 1200) and seen[19] == (1000, 1200) and seen[-1] == (1200, 1200)
    one_look = np.argsort(-(np.tanh(numbered_latents(range(1000), 4, 3)[:, 0]) + 0.3 * noise_of_one_look(1000)))[:50]
    assert kept[:, 0].mean() > numbered_latents(range(1000), 4, 3)[one_look, 0].mean()


def noise_of_one_look(count):
    return np.random.default_rng(0).standard_normal(count)


def test_several_heads_are_summed():
    gan = paint_first_entry()
    inner = gan.discriminator
    images = keras.Input((4, 4, 3))
    patches = keras.layers.Lambda(lambda x: tf.reduce_mean(-3.0 * x, axis=-1, keepdims=True))(images)
    gan.discriminator = keras.Model(images, [inner(images), patches], name="discriminator")
    gan.compile(augment=None)
    pool = numbered_latents(range(100), 4, 0)
    np.testing.assert_array_equal(rank_latents(gan, 100, 5), pool[np.argsort(pool[:, 0])[:5]])  # 1 - 3 < 0


@pytest.mark.parametrize(("pool", "keep"), [(10, 11), (10, 0)])
def test_counts_that_do_not_fit_are_refused(pool, keep):
    with pytest.raises(checks.UserError, match="`(pool|keep)` must be"):
        rank_latents(paint_first_entry(), pool, keep)

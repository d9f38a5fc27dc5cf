import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training import micro_batches
from keras_transfer_gen.training.diffaugment import DiffAugment
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.vae import VAE


def test_parts_cover_the_batch_in_order():
    images = tf.reshape(tf.range(6), (6, 1))
    parts = micro_batches.parts_of(images, 2)
    assert [part.of({"rows": images})["rows"].numpy().ravel().tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]


def test_batches_that_cannot_be_divided_are_refused_with_what_fits():
    with pytest.raises(checks.UserError, match="a divisor of the 6 images of a device.*use --micro-batch 3"):
        micro_batches.parts_of(tf.zeros((6, 1)), 4)
    unknown = keras.Input((2,))
    with pytest.raises(checks.UserError, match="left out where batches differ in size"):
        micro_batches.parts_of(unknown, 4)
    with pytest.raises(checks.UserError, match="`micro_batch` must be"):
        micro_batches.check_micro_batch(0)


def test_augmentation_of_a_part_is_that_of_its_place_in_the_batch():
    images = tf.random.stateless_uniform((6, 8, 8, 3), (0, 1), -1.0, 1.0)
    augment = DiffAugment("color,translation")

    def whole(batch):
        return augment(batch, seed=tf.constant([3, 4]))

    parts = [part.as_in_batch(whole)(part.of(images)) for part in micro_batches.parts_of(images, 2)]
    np.testing.assert_allclose(tf.concat(parts, 0), whole(images), atol=1e-6)
    (only,) = micro_batches.parts_of(images, 6)
    assert only.as_in_batch(whole) is whole


def test_sum_takes_means_of_gradients_and_numbers_and_keeps_rows_in_order():
    total = micro_batches.Sum(2)
    for value in (1.0, 3.0):
        with total.in_turn():
            gradients = [tf.constant([value]), None, None if value < 2 else tf.constant([value])]
            total.add(gradients, {"loss": value}, {"rows": tf.fill((2,), value)})
    dense, nothing, late = total.gradients
    assert dense.numpy() == [2.0] and nothing is None and late.numpy() == [1.5]
    assert float(total.numbers["loss"]) == 2.0
    assert total.whole_rows()["rows"].numpy().tolist() == [1.0, 1.0, 3.0, 3.0]


def test_what_is_taken_over_a_batch_is_named():
    gan = GAN(*build_dcgan(32, latent_dim=8, max_channels=8, min_channels=4))
    gan.compile(micro_batch=2)
    expected = "in the generator, batch norm takes its statistics over 2 images"
    assert expected in micro_batches.describe_differences(gan)
    vae = VAE(*build_conv_vae(32, max_channels=8), free_bits=0.1)
    vae.compile(micro_batch=2)
    assert micro_batches.describe_differences(vae)[-2:] == [
        "the scale of errors is taken over 2 images", "free bits are given to the divergence of 2 images",
    ]  # fmt: skip

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
from keras_transfer_gen.networks.dcgan.pretrained_discriminator import build_pretrained_discriminator


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(0)
    network = build_dcgan_discriminator(32, 3, max_channels=16, min_channels=8)
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.1, w.shape).astype(np.float32) for w in network.get_weights()])
    return network


def sample_images(size, channels, count=4):
    return np.random.default_rng(1).uniform(-1, 1, (count, size, size, channels)).astype(np.float32)


def as_known(images):
    """ImageSet as the trained discriminator of 32 pixels is meant to be shown them, in NumPy."""
    size = images.shape[1]
    times = max(32 // size, 1)
    images = np.repeat(np.repeat(images, times, axis=1), times, axis=2)
    side = 32
    while side < size:
        side *= 2
    missing = side - images.shape[1]
    border = (missing // 2, missing - missing // 2)
    images = np.pad(images, ((0, 0), border, border, (0, 0)))
    share = side // 32
    images = images.reshape(-1, 32, share, 32, share, images.shape[3]).mean((2, 4))
    return np.repeat(images, 3 // images.shape[3], axis=3)


@pytest.mark.parametrize(
    ("size", "channels"), [(32, 3), (32, 1), (16, 3), (14, 1), (24, 3), (64, 3), (128, 1), (48, 3)]
)
def test_judgement_begins_as_the_trained_one(trained, size, channels):
    seasoned = build_pretrained_discriminator(trained, size, channels)
    images = sample_images(size, channels)
    assert seasoned.input_shape == (None, size, size, channels)
    np.testing.assert_allclose(seasoned(images), trained(as_known(images)), atol=1e-5)


def test_judgements_differ_between_images(trained):
    judged = build_pretrained_discriminator(trained, 64, 3)(sample_images(64, 3)).numpy()
    assert judged.std() > 1e-3


def test_weights_are_copies(trained):
    seasoned = build_pretrained_discriminator(trained, 32, 3)
    before = trained(sample_images(32, 3)).numpy()
    seasoned.set_weights([w + 1 for w in seasoned.get_weights()])
    np.testing.assert_array_equal(trained(sample_images(32, 3)), before)


def test_details_that_averaging_hides_are_learnt(trained):
    seasoned = build_pretrained_discriminator(trained, 64, 3)
    flat = np.zeros((1, 64, 64, 3), np.float32)
    chequered = flat + np.float32((np.indices((64, 64)).sum(0) % 2 * 2 - 1)[:, :, None])
    np.testing.assert_allclose(seasoned(flat), seasoned(chequered), atol=1e-6)  # the average sees none of it
    gate = seasoned.get_layer("detail_sum").kernel
    with tf.GradientTape() as tape:
        apart = tf.reduce_sum(seasoned(chequered) - seasoned(flat))
    gradient = tape.gradient(apart, gate.value)
    assert float(tf.reduce_max(tf.abs(gradient))) > 0
    gate.assign(gate + 0.1 * gradient)
    assert float(tf.reduce_sum(seasoned(chequered) - seasoned(flat))) > 1e-4


@pytest.mark.parametrize("size", [14, 32, 64])
def test_gradients_of_gradients_pass(trained, size):
    """R1 needs them."""
    seasoned = build_pretrained_discriminator(trained, size, 3)
    images = tf.constant(sample_images(size, 3))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(images)
            total = tf.reduce_sum(seasoned(images, training=True))
        penalty = tf.reduce_sum(inner.gradient(total, images) ** 2)
    kernel = seasoned.get_layer("block_8").conv.kernel
    assert float(tf.reduce_max(tf.abs(outer.gradient(penalty, kernel.value)))) > 0


def test_it_is_saved_and_loaded(trained, tmp_path):
    seasoned = build_pretrained_discriminator(trained, 64, 1)
    seasoned.save(tmp_path / "d.keras")
    again = keras.models.load_model(tmp_path / "d.keras")
    np.testing.assert_allclose(again(sample_images(64, 1)), seasoned(sample_images(64, 1)), atol=1e-6)


def test_other_channels_are_refused(trained):
    with pytest.raises(checks.UserError, match="`channels` must be .*1.*3.*Received: channels=4"):
        build_pretrained_discriminator(trained, 32, 4)

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae_decoder
from keras_transfer_gen.training import fit_data

SHAPE = (None, 32, 32, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


def test_stream_starts_at_the_step_reached():
    stream = load_images(IMAGES, image_size=32, batch_size=4)
    x, steps, needed = fit_data.prepare(stream, 7, SHAPE, "vae")
    assert steps == 250 and needed == {"shuffle": False}
    assert np.array_equal(next(iter(x)), next(iter(stream.from_step(7))))


def test_devices_must_share_a_batch_evenly(two_cpus):
    stream = load_images(IMAGES, image_size=32, batch_size=5)
    with pytest.raises(checks.UserError, match="`batch_size` must be a multiple of the 2 devices"):
        fit_data.prepare(stream, 0, SHAPE, "gan", two_cpus)
    assert fit_data.prepare(stream, 0, SHAPE, "gan", tf.distribute.get_strategy())[1] == 200


def test_arrays_pass_and_other_shapes_do_not():
    assert fit_data.prepare(IMAGES, 0, SHAPE, "vae") == (IMAGES, None, {})
    with pytest.raises(checks.UserError, match="`x` must be uint8 images"):
        fit_data.prepare(IMAGES[:, :16], 0, SHAPE, "vae")
    with pytest.raises(checks.UserError, match=r"`x` must be what load_images returns.*vae.fit\("):
        fit_data.prepare("photos", 0, SHAPE, "vae")


def test_flag_watch_sees_a_change_once():
    network = build_conv_vae_decoder(32, latent_dim=4, max_channels=8, min_channels=8)
    watch = fit_data.FlagWatch([network])
    assert not watch.changed() and not watch.changed()
    network.get_layer("block_8").conv.trainable = False
    assert watch.changed() and not watch.changed()


@pytest.mark.parametrize("kind", ["array", "tensor", "stream", "dataset", "labelled"])
def test_images_come_once_and_in_order(kind):
    given = {
        "array": IMAGES,
        "tensor": tf.constant(IMAGES),
        "stream": load_images(IMAGES, image_size=32, batch_size=4),
        "dataset": tf.data.Dataset.from_tensor_slices(IMAGES).batch(4),
        "labelled": tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(10))).batch(4),
    }[kind]
    found = fit_data.all_images(given, SHAPE)
    assert isinstance(found, np.ndarray) and np.array_equal(found, IMAGES)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("photos/", "`images` must be a uint8 array.*load_images"),
        (IMAGES.astype(np.float32), "`images` must be uint8 images"),
        (IMAGES[:0], "`images` must be at least one image"),
        (tf.data.Dataset.from_tensors(IMAGES).repeat(), "`images` must be a dataset that ends"),
    ],
)
def test_images_that_are_none_are_refused(given, text):
    with pytest.raises(checks.UserError, match=text):
        fit_data.all_images(given, SHAPE)

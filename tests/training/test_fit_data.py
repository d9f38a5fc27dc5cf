import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae_decoder
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import fit_data

SHAPE = (None, 32, 32, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


class Model:
    """What `prepare` asks of a model."""

    step = tf.Variable(7, dtype=tf.int64)
    spec = ModelSpec(image_size=32, channels=3, latent_dim=4)
    distribute_strategy = tf.distribute.get_strategy()


def prepare(x, y=None, **arguments):
    return fit_data.prepare(Model, "vae", x, y, SHAPE, **arguments)


def test_stream_starts_at_the_step_reached():
    stream = load_images(IMAGES, image_size=32, batch_size=4)
    arguments = prepare(stream)
    assert arguments["steps_per_epoch"] == 250 and arguments["shuffle"] is False and arguments["y"] is None
    assert np.array_equal(next(iter(arguments["x"])), next(iter(stream.from_step(7))))
    assert prepare(stream, steps_per_epoch=3)["steps_per_epoch"] == 3


def test_devices_must_share_a_batch_evenly(two_cpus, monkeypatch):
    stream = load_images(IMAGES, image_size=32, batch_size=5)
    assert prepare(stream)["steps_per_epoch"] == 200
    monkeypatch.setattr(Model, "distribute_strategy", two_cpus)
    with pytest.raises(checks.UserError, match="`batch_size` must be a multiple of the 2 devices"):
        prepare(stream)


def test_arrays_pass_and_other_shapes_do_not():
    assert prepare(IMAGES) == {"x": IMAGES, "y": None, "steps_per_epoch": None}
    with pytest.raises(checks.UserError, match="`x` must be uint8 images"):
        prepare(IMAGES[:, :16])
    with pytest.raises(checks.UserError, match=r"`x` must be what load_images returns.*vae.fit\("):
        prepare("photos")


def test_validation_data_is_looked_at_before_training():
    assert prepare(IMAGES, validation_data=(IMAGES, np.arange(10)))["validation_data"][0] is IMAGES
    with pytest.raises(checks.UserError, match="`validation_data` must be uint8 images"):
        prepare(IMAGES, validation_data=IMAGES[:, :16])


class Batches(keras.utils.PyDataset):
    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.images, np.zeros(len(self.images))


def forms(images):
    """The images in every form whose batches are looked at."""
    rows = tf.data.Dataset.from_tensor_slices(images).batch(4)
    return [images, tf.constant(images), rows, Batches(images), (batch for batch in [images])]


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, np.int32])
def test_levels_of_every_number_type_pass(kind):
    for images in forms(IMAGES.astype(kind)):
        assert fit_data.check_image_data(images, SHAPE) is not None


@pytest.mark.parametrize(("factor", "shift"), [(1 / 255, 0), (1 / 127.5, -1), (257, 0), (1, -128), (np.nan, 0)])
def test_scaled_images_are_refused_in_every_form(factor, shift):
    for images in forms(np.float32(IMAGES) * np.float32(factor) + np.float32(shift)):
        with pytest.raises(checks.UserError, match="`x` must be images with levels from 0 to 255. .*numbers from"):
            fit_data.check_image_data(images, SHAPE)


def test_levels_that_a_filter_overshot_pass():
    assert fit_data.check_levels(np.float32([-9.5, 264.0])) is None


def test_generator_gives_the_batch_that_was_looked_at():
    batches = fit_data.check_image_data((IMAGES[n : n + 5] for n in (0, 5)), SHAPE)
    assert np.array_equal(np.concatenate(list(batches)), IMAGES)
    with pytest.raises(checks.UserError, match="at least one image.*empty generator"):
        fit_data.check_image_data((batch for batch in ()), SHAPE)


@pytest.mark.parametrize("labels", [np.arange(10), list(range(10)), np.arange(10)[:, None]])
def test_labels_become_one_integer_an_image(labels):
    checked = fit_data.check_labels(IMAGES, labels, 10)
    assert checked.dtype == np.int32 and np.array_equal(checked, np.arange(10))


@pytest.mark.parametrize("labels", [np.eye(10), np.arange(9), IMAGES, np.zeros(10)])
def test_what_is_no_label_is_refused_where_labels_are_taken_and_left_out_elsewhere(labels):
    assert fit_data.check_labels(IMAGES, labels) is None
    with pytest.raises(checks.UserError, match=r"`y` must be integers \[10\].*argmax"):
        fit_data.check_labels(IMAGES, labels, 10)


def test_labels_beside_a_dataset_are_refused():
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
    assert fit_data.check_labels(dataset, None) is None
    with pytest.raises(checks.UserError, match="`y` must be left out beside a _BatchDataset.*yield"):
        fit_data.check_labels(dataset, np.arange(10))


def test_flag_watch_sees_a_change_of_flags_or_precision_once():
    network = build_conv_vae_decoder(32, latent_dim=4, max_channels=8, min_channels=8)
    watch = fit_data.FlagWatch([network])
    assert not watch.changed() and not watch.changed()
    network.get_layer("block_8").conv.trainable = False
    assert watch.changed() and not watch.changed()
    network.get_layer("block_8").conv.dtype_policy = "mixed_bfloat16"
    assert watch.changed() and not watch.changed()


@pytest.mark.parametrize("kind", ["array", "tensor", "stream", "dataset", "labelled", "float"])
def test_images_come_once_and_in_order(kind):
    forms = {
        "array": IMAGES,
        "tensor": tf.constant(IMAGES),
        "stream": load_images(IMAGES, image_size=32, batch_size=4),
        "dataset": tf.data.Dataset.from_tensor_slices(IMAGES).batch(4),
        "float": tf.data.Dataset.from_tensor_slices(IMAGES + np.float32(0.3)).batch(4),
        "labelled": tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(10))).batch(4),
    }
    images = fit_data.all_images(forms[kind], SHAPE)
    assert images.dtype == np.uint8 and np.array_equal(images, IMAGES)


@pytest.mark.parametrize(
    ("images", "text"),
    [
        ("photos/", "`images` must be an array of images.*load_images"),
        (IMAGES.astype(np.float32) / 255, "`images` must be images with levels from 0 to 255"),
        (tf.data.Dataset.from_tensor_slices(IMAGES[:, :16]).batch(4), "`images` must be uint8 images"),
        (IMAGES[:0], "`images` must be at least one image"),
        (tf.data.Dataset.from_tensors(IMAGES).repeat(), "`images` must be a dataset that ends"),
    ],
)
def test_what_holds_no_images_is_refused(images, text):
    with pytest.raises(checks.UserError, match=text):
        fit_data.all_images(images, SHAPE)

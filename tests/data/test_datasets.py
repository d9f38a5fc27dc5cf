import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserImportError
from keras_transfer_gen.data import cache
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.data.datasets import read_dataset
from keras_transfer_gen.data.decode import Frame
from keras_transfer_gen.data.sources import read_images

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
LABELS = np.array([0, 2, 1, 2, 0])
FRAME = Frame(32)
slices = tf.data.Dataset.from_tensor_slices


@pytest.mark.parametrize(
    "make",
    [
        lambda: slices(IMAGES),
        lambda: slices(IMAGES).batch(2),
        lambda: slices((IMAGES, LABELS)),
        lambda: slices((IMAGES, LABELS)).batch(2),
        lambda: slices({"image": IMAGES, "label": LABELS}),
        lambda: slices((IMAGES,)),
        lambda: slices((IMAGES, np.eye(3)[LABELS])),  # one-hot: no labels, but the images can be used
        lambda: slices(IMAGES.astype(np.float32)),
        lambda: slices(np.float32(IMAGES / 127.5 - 1)).batch(3),
        lambda: slices(np.float32(IMAGES / 255)),
    ],
)
def test_read_dataset_takes_images_in_order(make):
    image_set = read_dataset(make(), FRAME)
    np.testing.assert_array_equal(image_set.images, IMAGES)
    assert image_set.digest == read_images(IMAGES, 32).digest and image_set.names[-1] == "00004"


def test_read_dataset_keeps_integer_labels_only():
    assert read_dataset(slices((IMAGES, LABELS)).batch(2), FRAME).labels.tolist() == LABELS.tolist()
    assert read_dataset(slices((IMAGES, np.eye(3)[LABELS])), FRAME).labels is None
    named = read_dataset(slices({"image": IMAGES, "label": LABELS}), FRAME, ["a", "b", "c"])
    assert named.class_names == ["a", "b", "c"]


def test_read_dataset_takes_images_of_many_sizes_and_grey_ones():
    images = [np.full((20 + 4 * n, 30, 1), 40 * n, np.uint8) for n in range(4)]
    dataset = tf.data.Dataset.from_generator(lambda: images, output_signature=tf.TensorSpec([None, None, 1], tf.uint8))
    image_set = read_dataset(dataset, FRAME)
    assert [image[0, 0, 0] for image in image_set.images] == [0, 40, 80, 120]
    assert [original.height for original in image_set.originals] == [20, 24, 28, 32]
    grey = read_dataset(slices(IMAGES[..., 0]), Frame(32, 1))  # [32, 32] each
    np.testing.assert_array_equal(grey.images, IMAGES[..., :1])
    batched = read_dataset(slices(IMAGES[..., 0]).batch(2), Frame(32, 1))  # [2, 32, 32] each
    np.testing.assert_array_equal(batched.images, IMAGES[..., :1])


def test_read_dataset_reports_progress():
    calls = []
    read_dataset(slices(IMAGES), FRAME, progress=lambda *call: calls.append(call))
    assert calls == [(n, 5) for n in range(1, 6)]


def test_read_dataset_maps_what_is_too_large(monkeypatch):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    image_set = read_dataset(slices(IMAGES).batch(2), FRAME)
    assert isinstance(image_set.images, np.memmap)
    np.testing.assert_array_equal(image_set.images, IMAGES)


def test_read_dataset_of_a_stream_gives_its_images():
    stream = load_images(IMAGES, 32)
    assert read_images(stream, 32) is stream.image_set


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slices(IMAGES).repeat(), "a dataset that ends.*take"),
        (lambda: slices(np.float32(IMAGES * 3.0)), "images with uint8 0..255"),
        (lambda: slices(np.where(IMAGES > 250, np.nan, 0.5)), "images with uint8 0..255"),
        (lambda: slices(["a", "b"]), "a dataset of images"),
        (lambda: slices((IMAGES, LABELS, LABELS)), "a dataset of images"),
        (lambda: slices({"picture": IMAGES}), "a dataset of images"),
        (lambda: slices(IMAGES).take(0), "no usable image in the _TakeDataset: it is empty"),
    ],
)
def test_read_dataset_refuses_others(make, message):
    with pytest.raises(UserError, match=message):
        read_images(make(), 32)


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """A prepared TFDS dataset `tiny`."""
    tfds = pytest.importorskip("tensorflow_datasets")
    features = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(32, 32, 3)), "label": tfds.features.ClassLabel(names=["cat", "dog"])}
    )
    rows = slices({"image": IMAGES, "label": LABELS % 2})
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    tfds.dataset_builders.store_as_tfds_dataset(
        name="tiny", version="1.0.0", data_dir=tmp_path / "tfds", features=features, split_datasets={"train": rows},
        disable_shuffling=True,
    )  # fmt: skip
    load = tfds.load
    monkeypatch.setattr(tfds, "load", lambda *args, **options: load(*args, data_dir=str(tmp_path / "tfds"), **options))


def test_read_tfds_reads_what_is_prepared(prepared):
    image_set = read_images("tfds:tiny", 32)
    np.testing.assert_array_equal(image_set.images, IMAGES)
    assert image_set.labels.tolist() == (LABELS % 2).tolist() and image_set.class_names == ["cat", "dog"]
    np.testing.assert_array_equal(read_images("tfds:tiny[train[1:3]]", 32).images, IMAGES[1:3])
    with pytest.raises(UserError, match=r"the name and split of a TFDS dataset.*tiny\[validation\].*TFDS says"):
        read_images("tfds:tiny[validation]", 32)


def test_read_tfds_says_how_to_prepare(tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")
    load = tfds.load
    monkeypatch.setattr(tfds, "load", lambda *args, **options: load(*args, data_dir=str(tmp_path), **options))
    with pytest.raises(UserError, match=r"the dataset 'fashion_mnist' of tfds:fashion_mnist\[test\] is not prepared"):
        read_images("tfds:fashion_mnist[test]", 28)
    with pytest.raises(UserError, match=r"the name and split.*Did you mean fashion_mnist"):
        read_images("tfds:fashion_mnst", 28)
    with pytest.raises(UserError, match=r"TFDS says: Parsing builder name string a/b/c/d failed"):
        read_images("tfds:a/b/c/d", 28)


def test_read_tfds_checks_the_form_and_the_package(monkeypatch):
    for source in ("tfds:", "tfds:mnist[train", "tfds:two words"):
        with pytest.raises(UserError, match=r'must be "tfds:NAME" or "tfds:NAME\[split\]"'):
            read_images(source, 28)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(UserImportError, match="tfds:mnist needs tensorflow-datasets.*pip install"):
        read_images("tfds:mnist", 28)

"""`ImageSet` -> an endless, repeatable stream of uint8 batches: batch n is a function of the seed and n alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.data import cache
from keras_transfer_gen.data.growing_draws import draw_files
from keras_transfer_gen.data.large_folders import CACHE_GB, LazyImageSet, is_large
from keras_transfer_gen.data.lazy_images import LazyImages
from keras_transfer_gen.data.shuffling import random_index, shuffled
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.deprecation import renamed_arguments
from keras_transfer_gen.streams import ImageStream

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Colour, ImageSource, LabelSource, PathLike, Progress
    from keras_transfer_gen.data.image_set import ImageSet


EPOCHS = ("kimg", "pass")
KIMG = 1000  # images in an epoch, before it is rounded to whole batches


@renamed_arguments(fit="resize_mode")
def load_images(
    source: ImageSource,
    image_size: int = 64,
    channels: int = 3,
    batch_size: int = 32,
    *,
    resize_mode: str = "crop",
    background: Colour = "white",
    labels: LabelSource | None = None,
    balance: float = 0.0,
    epoch: str = "kimg",
    shuffle: bool = True,
    seed: int = 0,
    cache_gb: float | None = None,
    cache_dir: PathLike | None = None,
    progress: Progress | None = None,
) -> ImageStream:
    """Batches of a source's images, ready for `fit`.

    Args:
        source: a folder, .zip, .npz or .npy file, a list of paths or of Pillow images, an array, a `tf.data.Dataset` or
            "tfds:NAME[split]"; see `read_images`.
        image_size: side of the images, 4 to 1024 pixels; networks of this package take 28, 32, 64, 128 and 256.
        channels: 1 (grey) or 3 (RGB).
        batch_size: images in a batch; may be larger than the number of images.
        resize_mode: "crop" cuts the middle square out; "pad" keeps the whole image on the background.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).
        labels: where the labels of the images come from, so that batches are (images, int32 labels `[B]`): "folders"
            (the first sub-folder), the path of a CSV (`file,label`) or of StyleGAN's dataset.json, an array, "own" (of
            an .npz or a dataset; True is the same), or None for images alone. See `labels.label_images`. Where a CSV
            has further columns, labels are a dict: {"labels": those, "style": int32 `[B]`, ...}.
        balance: from 0 to 1. Each pass draws `n ** (1 - balance)` of the n images of a folder, rounded: with 0 all of
            them, with 1 a single one of every folder, so that large folders don't outweigh small ones. Where labels
            come from a file or an array, it is classes instead of folders.
        epoch: "kimg" for 1,000 images rounded to whole batches, however many images there are; "pass" shows each image
            once (with `balance`, its share of each folder), and the last batch may be smaller.
        shuffle: whether every pass has another order; False keeps the order of the source.
        seed: non-negative integer; of the order.
        cache_gb: of a folder: list it in the background, decode images when they are shown, and keep this many
            gigabytes of them on disk, of which the least recently used ones go; 0 keeps none. None does so, with 20 GB,
            where a folder has 50,000 files or more, and else decodes all images now.
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each decoded image.

    Returns:
        `streams.ImageStream` of uint8 `[B, S, S, C]`, or (images, labels). Its `image_set` is what was read.

    Raises:
        UserError: where no image can be used, a setting is wrong, an image has no label, or `labels` or `balance` ask
            for classes or folders that there are not.
        UserFileError: where the source doesn't exist or can't be read.

    Example:
        >>> images = load_images(np.zeros([10, 64, 64, 3], np.uint8), batch_size=4)
        >>> images.steps_per_epoch, next(iter(images)).shape.as_list()
        (250, [4, 64, 64, 3])
    """
    checks.check_integer("batch_size", batch_size, next_step="Set it with batch_size= or --batch-size.")
    checks.check_integer("seed", seed, least=0, next_step="Set it with seed= or --seed.")
    checks.check_choice("epoch", epoch, EPOCHS)
    image_set = read_images(
        source,
        image_size,
        channels,
        resize_mode=resize_mode,
        background=background,
        labels=labels,
        cache_gb=CACHE_GB if cache_gb is None and is_large(source) else cache_gb,
        cache_dir=cache_dir,
        progress=progress,
    )
    labels = labels is not None and labels is not False
    return stream_images(image_set, batch_size, labels=labels, balance=balance, epoch=epoch, shuffle=shuffle, seed=seed)


def stream_images(
    image_set: ImageSet,
    batch_size: int = 32,
    *,
    labels: bool = False,
    balance: float = 0.0,
    epoch: str = "kimg",
    shuffle: bool = True,
    seed: int = 0,
) -> ImageStream:
    """`load_images` for an `ImageSet`; `labels` says whether its labels are in the batches, the others are the same."""
    batch_size = checks.check_integer("batch_size", batch_size, next_step="Set it with batch_size= or --batch-size.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Set it with seed= or --seed.") % 2**31
    checks.check_choice("epoch", epoch, EPOCHS)
    if labels and image_set.labels is None:
        hint = "Sort the images into one sub-folder for each class, or leave labels= out."
        raise checks.user_error("labels", "False, as the images have no classes", labels, hint)
    hint = "0 draws every image equally often, 1 one image of each folder; set it with balance= or --balance."
    balance = checks.check_number("balance", balance, most=1.0, next_step=hint)
    if isinstance(image_set, LazyImageSet) and not balance and not labels and epoch == "kimg":
        return _growing_stream(image_set, batch_size, shuffle, seed)
    draw, size = _balanced_draw(image_set.groups, shuffle, balance) if balance else _even_draw(len(image_set), shuffle)
    fetch = _fetcher(image_set, labels)
    if epoch == "pass":
        steps = -(-size // batch_size)
    else:
        steps = max(1, round(KIMG / batch_size))

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and converting takes longer than all the rest
    def batch(number: tf.Tensor, seed: int | tf.Tensor, part: int | tf.Tensor = 0, parts: int = 1) -> Any:
        if epoch == "pass":
            first = number % steps * batch_size
            places = tf.range(first, tf.minimum(first + batch_size, size))[part::parts]
            index = draw(places, tf.fill(tf.shape(places), number // steps), seed)
        else:
            places = number * batch_size + tf.range(batch_size, dtype=tf.int64)[part::parts]
            if batch_size % parts == 0:
                places = tf.ensure_shape(places, [batch_size // parts])
            index = draw(places % size, places // size, seed)
        return fetch(index)

    def from_step(step: int) -> tf.data.Dataset:
        step = checks.check_integer("step", step, least=0)
        return _finish(tf.data.Dataset.counter(step).map(lambda number: batch(number, seed)))

    def parts_from_step(step: int, parts: int, own: tuple[int, ...]) -> tf.data.Dataset:
        own, step = tf.constant(own, tf.int64), checks.check_integer("step", step, least=0)
        count = tf.size(own, tf.int64)
        turns = tf.data.Dataset.counter(step * count)
        return _finish(turns.map(lambda turn: batch(turn // count, seed, own[turn % count], parts)))

    def one_epoch(seed: int | tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(steps).map(lambda number: batch(number, seed))

    if shuffle:
        # A new seed each time that the dataset is iterated: other orders, but the same ones in every run of a script.
        seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).take(1)
        epoch_dataset = seeds.flat_map(one_epoch).apply(tf.data.experimental.assert_cardinality(steps))
    else:
        epoch_dataset = one_epoch(seed)
    return ImageStream(_finish(epoch_dataset), from_step, steps, batch_size, image_set, parts_from_step)


def _growing_stream(image_set: LazyImageSet, batch_size: int, shuffle: bool, seed: int) -> ImageStream:
    """`stream_images` of a folder that may still be listed: see `growing_draws`."""
    images, steps = image_set.images, max(1, round(KIMG / batch_size))

    def read(number: np.ndarray, seed: np.ndarray) -> np.ndarray:
        return images.read_files(draw_files(images.index, int(number), batch_size, int(seed), shuffle))

    @tf.autograph.experimental.do_not_convert
    def batch(number: tf.Tensor, seed: int | tf.Tensor) -> Any:
        content = tf.numpy_function(read, [number, seed], tf.uint8, stateful=False)
        return tf.ensure_shape(content, (batch_size, *images.frame.shape))

    def from_step(step: int) -> tf.data.Dataset:
        step = checks.check_integer("step", step, least=0)
        return _finish(tf.data.Dataset.counter(step).map(lambda number: batch(number, seed)))

    def one_epoch(seed: int | tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(steps).map(lambda number: batch(number, seed))

    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).take(1)
    epoch = seeds.flat_map(one_epoch).apply(tf.data.experimental.assert_cardinality(steps))
    return ImageStream(_finish(epoch), from_step, steps, batch_size, image_set)


def _finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # FILE, the default, needs at least one file for each worker.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


def _even_draw(size: int, shuffle: bool) -> tuple[Callable[..., tf.Tensor], int]:
    """(function from places in passes to image numbers, images in a pass)."""

    def draw(places: tf.Tensor, passes: tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        return shuffled(places, size, seed, 0, passes) if shuffle else places

    return draw, size


def _balanced_draw(groups: np.ndarray, shuffle: bool, balance: float) -> tuple[Callable[..., tf.Tensor], int]:
    """`_even_draw` for passes that take a share of each folder; without `shuffle` the images of a folder take turns."""
    counts = np.bincount(groups).astype(np.int64)
    if len(counts) < 2:
        hint = "Sort the images into sub-folders, or leave balance= (--balance) out."
        raise checks.user_error("balance", "0, as all images are in one folder", balance, hint)
    members = np.argsort(groups, kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    shares = _folder_shares(counts, balance)
    folders = np.repeat(np.arange(len(counts)), shares)
    turns = np.concatenate([np.arange(share) for share in shares])

    def draw(places: tf.Tensor, passes: tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        places = shuffled(places, len(folders), seed, 0, passes) if shuffle else places
        group, turn = tf.gather(folders, places), tf.gather(turns, places)
        count = tf.gather(counts, group)
        first = random_index(count, seed, group + 1, passes) if shuffle else passes * tf.gather(shares, group)
        return tf.gather(members, tf.gather(starts, group) + (first + turn) % count)

    return draw, len(folders)


def class_shares(image_set: ImageSet, balance: float = 0.0) -> np.ndarray:
    """How often each class is drawn by a stream of some images.

    Args:
        image_set: `ImageSet` with labels.
        balance: as in `load_images`.

    Returns:
        float64 `[classes]`, which add up to 1.

    Example:
        >>> from keras_transfer_gen.data.sources import read_images
        >>> class_shares(read_images(np.zeros([4, 8, 8, 1], np.uint8), 8, 1, labels=[0, 1, 1, 1])).tolist()
        [0.25, 0.75]
    """
    counts = np.bincount(image_set.groups)
    weights = (_folder_shares(counts, balance) / counts)[image_set.groups] if balance else np.ones(len(image_set))
    shares = np.bincount(image_set.labels, weights, len(image_set.class_names))
    return shares / shares.sum()


def _folder_shares(counts: np.ndarray, balance: float) -> np.ndarray:
    """int64: how many of the images of each folder a pass draws; `counts` are its images."""
    return np.maximum(1, np.round(counts ** (1.0 - balance))).astype(np.int64)


def _fetcher(image_set: ImageSet, labels: LabelSource) -> Callable[..., Any]:
    """Function: numbers of images -> the images, or (images, labels)."""
    images, shape = image_set.images, image_set.images.shape[1:]
    if isinstance(images, LazyImages) or images.nbytes > cache.MEMORY_LIMIT:
        # TensorFlow can't read records in any order; one Python call for each batch, on the mapped file, is cheap.
        records = images if isinstance(images, LazyImages) else np.asarray(images)

        def gather(index: tf.Tensor) -> tf.Tensor:
            batch = tf.numpy_function(lambda numbers: records[numbers], [index], tf.uint8, stateful=False)
            return tf.ensure_shape(batch, [*index.shape, *shape])

    else:
        with tf.device("CPU:0"):  # the input pipeline runs there, whatever else the machine has
            in_memory = tf.constant(images)

        def gather(index: tf.Tensor) -> tf.Tensor:
            return tf.gather(in_memory, index)

    if not labels:
        return gather
    columns = {name: column.numbers for name, column in image_set.more_labels.items()}

    def gather_labels(index: tf.Tensor) -> tf.Tensor | dict[str, tf.Tensor]:
        numbers = tf.gather(image_set.labels, index)
        if not columns:
            return numbers
        return {"labels": numbers, **{name: tf.gather(values, index) for name, values in columns.items()}}

    return lambda index: (gather(index), gather_labels(index))

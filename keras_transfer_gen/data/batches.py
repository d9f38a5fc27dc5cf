"""ImageSet -> an endless, repeatable stream of uint8 batches: batch number n is a function of the seed and n alone."""

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.data import cache
from keras_transfer_gen.data.shuffling import chosen, shuffled
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.streams import ImageStream

EPOCHS = ("kimg", "pass")
KIMG = 1000  # images in an epoch, before it is rounded to whole batches


def load_images(
    source, image_size=64, channels=3, batch_size=32, *, fit="crop", background="white", labels=False, balance=0.0,
    epoch="kimg", shuffle=True, seed=0, cache_dir=None, progress=None,
):  # fmt: skip
    """Batches of a source's images, ready for `fit`.

    Args:
        source: a folder, .zip, .npz or .npy file, an array, a `tf.data.Dataset` or "tfds:NAME[split]"; see
            `sources.read_images`.
        image_size: side of the images, 4 to 1024 pixels; networks of this package take 28, 32, 64, 128 and 256.
        channels: 1 (grey) or 3 (RGB).
        batch_size: images in a batch; may be larger than the number of images.
        fit: "crop" cuts the middle square out; "pad" keeps the whole image on the background.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).
        labels: whether batches are (images, int32 labels `[B]`).
        balance: from 0 to 1, how far a full folder is held back: each pass draws `n ** (1 - balance)` of the n images
            of a folder, rounded. 0 draws all of them, 1 one of every folder, however many lie in it.
        epoch: "kimg" for 1,000 images rounded to whole batches, however many there are; "pass" shows each image
            once (with `balance`, its share of each folder), and the last batch may be smaller.
        shuffle: whether every pass has an order of its own; False keeps the source's order.
        seed: non-negative integer; of the order.
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each decoded image.

    Returns:
        `streams.ImageStream` of uint8 `[B, S, S, C]`, or (images, labels). Its `image_set` is what was read.

    Raises:
        UserError: where no image can be used, a setting is wrong, or there are no classes or folders to draw from.
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
        source, image_size, channels, fit=fit, background=background, cache_dir=cache_dir, progress=progress
    )
    return stream_images(image_set, batch_size, labels=labels, balance=balance, epoch=epoch, shuffle=shuffle, seed=seed)


def stream_images(image_set, batch_size=32, *, labels=False, balance=0.0, epoch="kimg", shuffle=True, seed=0):
    """`load_images` for `ImageSet` that are read already; the arguments are the same."""
    batch_size = checks.check_integer("batch_size", batch_size, next_step="Set it with batch_size= or --batch-size.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Set it with seed= or --seed.") % 2**31
    checks.check_choice("epoch", epoch, EPOCHS)
    if labels and image_set.labels is None:
        hint = "Sort the images into one sub-folder for each class, or leave labels= out."
        raise checks.user_error("labels", "False, as the images have no classes", labels, hint)
    hint = "0 draws every image alike, 1 one of each folder; set it with balance= or --balance."
    balance = checks.check_number("balance", balance, most=1.0, next_step=hint)
    draw, size = _balanced_draw(image_set.groups, shuffle, balance) if balance else _draw(len(image_set), shuffle)
    fetch = _fetcher(image_set, labels)
    if epoch == "pass":
        steps = -(-size // batch_size)
    else:
        steps = max(1, round(KIMG / batch_size))

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and converting costs more than all the rest
    def batch(number, seed):
        if epoch == "pass":
            first = number % steps * batch_size
            place = tf.range(first, tf.minimum(first + batch_size, size))
            index = draw(place, tf.fill(tf.shape(place), number // steps), seed)
        else:
            place = number * batch_size + tf.range(batch_size, dtype=tf.int64)
            index = draw(place % size, place // size, seed)
        return fetch(index)

    def from_step(step):
        step = checks.check_integer("step", step, least=0)
        return _finish(tf.data.Dataset.counter(step).map(lambda number: batch(number, seed)))

    def one_epoch(seed):
        return tf.data.Dataset.range(steps).map(lambda number: batch(number, seed))

    if shuffle:
        # One number is drawn each time somebody iterates: another order, yet the same one in every run of a script.
        drawn = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).take(1)
        plain = drawn.flat_map(one_epoch).apply(tf.data.experimental.assert_cardinality(steps))
    else:
        plain = one_epoch(seed)
    return ImageStream(_finish(plain), from_step, steps, batch_size, image_set)


def _finish(dataset):
    options = tf.data.Options()
    # By FILE, the default, several workers would each want a file of their own.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


def _draw(size, shuffle):
    """(function from places in passes to image numbers, images in a pass)."""

    def draw(place, passes, seed):
        return shuffled(place, size, seed, 0, passes) if shuffle else place

    return draw, size


def _balanced_draw(groups, shuffle, balance):
    """The same for passes over folders; each gets its places, and without `shuffle` its images take turns."""
    counts = np.bincount(groups).astype(np.int64)
    if len(counts) < 2:
        hint = "Sort the images into sub-folders, or leave balance= (--balance) out."
        raise checks.user_error("balance", "0, as all images lie in one folder", balance, hint)
    members = np.argsort(groups, kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    places = np.maximum(1, np.round(counts ** (1.0 - balance))).astype(np.int64)
    folders = np.repeat(np.arange(len(counts)), places)
    turns = np.concatenate([np.arange(n) for n in places])

    def draw(place, passes, seed):
        place = shuffled(place, len(folders), seed, 0, passes) if shuffle else place
        group, turn = tf.gather(folders, place), tf.gather(turns, place)
        count = tf.gather(counts, group)
        first = chosen(count, seed, group + 1, passes) if shuffle else passes * tf.gather(places, group)
        return tf.gather(members, tf.gather(starts, group) + (first + turn) % count)

    return draw, len(folders)


def _fetcher(image_set, labels):
    images, shape = image_set.images, image_set.images.shape[1:]
    if images.nbytes > cache.MEMORY_LIMIT:
        # TensorFlow has no reader for records in any order; one Python call a batch, on the mapped file, is cheap.
        records = np.asarray(images)

        def gather(index):
            found = tf.numpy_function(lambda numbers: records[numbers], [index], tf.uint8, stateful=False)
            return tf.ensure_shape(found, [*index.shape, *shape])

    else:
        with tf.device("CPU:0"):  # the input pipeline runs there, whatever else the machine has
            held = tf.constant(images)

        def gather(index):
            return tf.gather(held, index)

    if not labels:
        return gather
    numbers = image_set.labels
    return lambda index: (gather(index), tf.gather(numbers, index))

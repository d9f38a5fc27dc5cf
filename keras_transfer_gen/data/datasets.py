"""`tf.data.Dataset` and TFDS -> `ImageSet`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.checks import UserError, UserImportError
from keras_transfer_gen.data import arrays, cache
from keras_transfer_gen.data.image_set import ImageSet, Original, numbered_names
from keras_transfer_gen.streams import ImageStream

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike, Progress
    from keras_transfer_gen.data.decode import Frame


ELEMENTS = 'a dataset of images, (image, label) or {"image": ..., "label": ...}'
TFDS_NAME = re.compile(r"tfds:(?P<name>[^\[\]\s]+)(?:\[(?P<split>.+)\])?")


def read_dataset(
    dataset: ImageStream | tf.data.Dataset,
    frame: Frame,
    class_names: Sequence[str] = (),
    cache_dir: PathLike | None = None,
    progress: Progress | None = None,
) -> ImageSet:
    """`ImageSet` of a finite dataset, in its order; images may differ in size where it isn't batched.

    Floats are read twice: the range of their values must be known before the first is converted.

    Args:
        dataset: `tf.data.Dataset` of images `[H, W]` or `[H, W, C]`, one by one or batched, or of (image, label) with
            integer labels; uint8, or numbers whose range is plain. An `ImageStream` of `load_images` gives its own
            `ImageSet`.
        frame: `decode.Frame`.
        class_names: names of the labels.
        cache_dir: folder of the decoded images.
        progress: function `(done, total) -> None`; called only where the dataset knows its length.

    Raises:
        UserError: for another kind of element, a dataset without end, or values whose range is not plain.
    """
    if isinstance(dataset, ImageStream) and dataset.image_set.images.shape[1:] == frame.shape:
        return dataset.image_set
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise checks.user_error(
            "source", "a dataset that ends", "an endless one", "Leave .repeat() out, or use .take(n)."
        )
    spec, label_spec = _split(dataset.element_spec)
    batched = _is_batched(spec)
    levels = spec.dtype == tf.uint8
    range_name = None if levels else arrays.value_range(*_extremes(dataset), spec.dtype.as_numpy_dtype)
    labelled = label_spec is not None and label_spec.dtype.is_integer and label_spec.shape.rank == int(batched)
    total = int(dataset.cardinality())

    def produce(write: Callable[[np.ndarray], Any]) -> dict[str, Any]:
        notes = {"labels": [], "originals": []}
        for done, element in enumerate(dataset, 1):
            image, label = _split(element)
            images = image.numpy() if batched else image.numpy()[np.newaxis]
            for array in arrays.check_shape(images if levels else arrays.to_levels(images, range_name)):
                write(arrays.fit_array(array, frame))
                notes["originals"].append([arrays.MODES[array.shape[-1]], array.shape[1], array.shape[0]])
            if labelled:
                notes["labels"].extend(np.atleast_1d(label.numpy()).tolist())
            if progress and total > 0:
                progress(done, total)
        return notes

    images, digest, notes = cache.cached_records(None, frame.shape, produce, cache_dir)
    labels, class_names = arrays.check_labels(notes["labels"] if labelled else None, len(images), class_names)
    return ImageSet(
        images=images,
        labels=labels,
        class_names=class_names,
        names=numbered_names(len(images)),
        groups=np.zeros(len(images), np.int32),
        digest=digest,
        skipped=[],
        originals=[Original("array", *original) for original in notes["originals"]],
    )


def is_dataset(source: object) -> bool:
    """Whether `source` is a `tf.data.Dataset`."""
    return isinstance(source, tf.data.Dataset)


def read_tfds(
    source: str, frame: Frame, cache_dir: PathLike | None = None, progress: Progress | None = None
) -> ImageSet:
    """`ImageSet` of a TFDS dataset that is prepared on this machine; nothing is downloaded.

    Args:
        source: "tfds:NAME" or "tfds:NAME[split]", such as "tfds:mnist[test[:100]]"; the split is "train" by default.
        frame: `decode.Frame`.
        cache_dir: folder of the decoded images.
        progress: function `(done, total) -> None`.

    Raises:
        UserError: for an unknown name or split, a dataset without images or one that isn't prepared.
        UserImportError: where tensorflow-datasets isn't installed.
    """
    match = TFDS_NAME.fullmatch(source)
    if match is None:
        raise checks.user_error(
            "source", '"tfds:NAME" or "tfds:NAME[split]"', source, "Such as tfds:mnist[test[:100]]."
        )
    name, split = match["name"], match["split"] or "train"
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise UserImportError(
            f"{source} needs tensorflow-datasets ({error}). pip install tensorflow-datasets"
        ) from error
    try:
        dataset, info = tfds.load(name, split=split, download=False, with_info=True, shuffle_files=False)
    except AssertionError as error:  # what TFDS raises where nothing is prepared
        hint = f"Prepare it once, with network: python -c \"import tensorflow_datasets as t; t.load('{name}')\""
        raise UserError(f"the dataset {name!r} of {source} is not prepared on this machine. {hint}") from error
    except (ValueError, KeyError, OSError, ImportError) as error:
        like = checks.nearest(name, tfds.list_builders()) if "not found" in str(error) else ""
        hint = f"Did you mean {like}?" if like else f"TFDS says: {(str(error).strip() or repr(error)).splitlines()[0]}"
        raise checks.user_error("source", "the name and split of a TFDS dataset", source, hint) from error
    if "image" not in info.features:
        raise checks.user_error(
            "source", "a dataset with a feature `image`", source, f"It has: {', '.join(info.features)}."
        )
    labelled = "label" in info.features and isinstance(info.features["label"], tfds.features.ClassLabel)
    keys = ("image", "label") if labelled else ("image",)
    class_names = info.features["label"].names if labelled else ()
    rows = dataset.map(lambda row: {key: row[key] for key in keys})
    return read_dataset(rows, frame, class_names, cache_dir, progress)


def _split(element: Any) -> tuple[tf.Tensor | tf.TensorSpec, tf.Tensor | tf.TensorSpec | None]:
    """An element, or its spec -> (image, label or None)."""
    if isinstance(element, dict) and "image" in element:
        return element["image"], element.get("label")
    if isinstance(element, (tuple, list)) and len(element) in (1, 2):
        return element[0], element[1] if len(element) == 2 else None
    if isinstance(element, (tf.Tensor, tf.TensorSpec)):
        return element, None
    raise checks.user_error("source", ELEMENTS, element)


def _is_batched(spec: tf.TensorSpec) -> bool:
    if not isinstance(spec, tf.TensorSpec) or spec.shape.rank not in (2, 3, 4):
        raise checks.user_error("source", ELEMENTS + " with images of rank 2 or 3, or 4 batched", spec)
    # [a, b, c] is one image where c may be channels, else a batch of grey ones.
    return spec.shape.rank == 4 or (spec.shape.rank == 3 and spec.shape[-1] not in (None, *arrays.MODES))


def _extremes(dataset: tf.data.Dataset) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for element in dataset:
        image = _split(element)[0].numpy()
        # np.minimum keeps a NaN, which min() would lose.
        low = np.minimum(low, image.min(initial=np.inf))
        high = np.maximum(high, image.max(initial=-np.inf))
    return low, high

"""What `labels=` says of images -> the labels of an `ImageSet`, aligned with its images by their names."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data import label_files
from keras_transfer_gen.data.arrays import check_labels
from keras_transfer_gen.data.grouping import group_by_folder
from keras_transfer_gen.data.image_set import LabelColumn, printable
from keras_transfer_gen.data.label_forms import FOLDERS, FORMS, OWN, is_label_file

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import LabelSource, PathLike
    from keras_transfer_gen.data.image_set import ImageSet


SHOWN = 3  # names of images without a label in a message


def label_images(image_set: ImageSet, labels: Any, source: Any = None) -> ImageSet:
    """An `ImageSet` with the labels that were chosen for it.

    Args:
        image_set: `ImageSet`.
        labels: one of

            - None or False: those that reading the source gave, if any;
            - "own" or True: the same, which must be there: of an .npz file, a dataset, or sub-folders;
            - "folders": the name of the first sub-folder that an image is in;
            - path of a CSV with the header `file,label`; further columns are kept in `more_labels` (see
              `join_columns`);
            - path of a dataset.json of StyleGAN;
            - an array or list of integers from 0 on or of texts, one for each image, in the order of the source.

        source: what was read; a file of labels is also looked for in it.

    Returns:
        `ImageSet`. Where labels come from a file or an array, or all images are in one folder, `groups` are the
        classes, so that `balance` evens those.

    Raises:
        UserError: where an image has no label, or there are none of the kind that was asked for.
        UserFileError: for a file that can't be read.
    """
    if labels is None or labels is False:
        return image_set
    if isinstance(labels, bool) or (isinstance(labels, str) and labels == OWN):
        return _balanced_by_class(_with_own(image_set, labels))
    if isinstance(labels, str) and labels == FOLDERS:
        return _from_folders(image_set)
    if is_label_file(labels):
        return _from_file(image_set, labels, source)
    if isinstance(labels, (str, os.PathLike)) or not hasattr(labels, "__len__"):
        raise checks.user_error("labels", FORMS, labels, "Set it with labels= (--labels).")
    return _from_array(image_set, labels)


def check_every_class(image_set: ImageSet) -> None:
    """Raises a `UserError` where a class has no image: a network can't learn it."""
    counts = np.bincount(image_set.labels, minlength=len(image_set.class_names))
    empty = [name for name, count in zip(image_set.class_names, counts, strict=True) if not count]
    if empty:
        step = "Number the classes from 0 on without gaps, or give their names as text."
        raise checks.user_error("labels", "labels with an image of each class", f"none of {empty}", step)


def join_columns(image_set: ImageSet) -> ImageSet:
    """An `ImageSet` whose classes are those of all columns together, as networks learn them.

    Of the columns `label` and `style`, an image of "people" in "fluent" has the class "people_fluent". Only classes
    that have images are there.

    Args:
        image_set: `ImageSet` with labels; without `more_labels` it is returned as it is.

    Raises:
        UserError: where two different combinations have the same name.
    """
    if not image_set.more_labels:
        return image_set
    columns = [LabelColumn(image_set.labels, image_set.class_names), *image_set.more_labels.values()]
    values = list(zip(*([str(column.names[i]) for i in column.numbers] for column in columns), strict=True))
    numbers, names = _named(["_".join(parts) for parts in values])
    if len(names) < len(set(values)):
        step = "Write names without _, or one column alone."
        raise checks.user_error("labels", "columns whose joined names differ", f"{len(set(values))} as {names}", step)
    return dataclasses.replace(image_set, labels=numbers, class_names=names, more_labels={}, groups=_dense(numbers))


def number_as(image_set: ImageSet, names: list[str]) -> ImageSet:
    """An `ImageSet` whose labels are numbers of these names, which hold all of its own."""
    if image_set.class_names == names:
        return image_set
    number = np.array([names.index(name) for name in image_set.class_names], np.int32)
    return dataclasses.replace(image_set, labels=number[image_set.labels], class_names=list(names))


def describe_classes(image_set: ImageSet, most: int = 12) -> str:
    """The classes and their counts of images on one line; of many the most frequent ones.

    Example:
        >>> from keras_transfer_gen.data.sources import read_images
        >>> describe_classes(read_images(np.zeros([3, 8, 8, 1], np.uint8), 8, 1, labels=["cat", "dog", "dog"]))
        'dog 2, cat 1'
    """
    counts = np.bincount(image_set.labels, minlength=len(image_set.class_names))
    order = np.argsort(-counts, kind="stable")[:most]
    rest = len(counts) - len(order)
    listed = ", ".join(f"{printable(image_set.class_names[number])} {counts[number]:,}" for number in order)
    return f"{listed} and {rest} more" if rest else listed


def _with_own(image_set: ImageSet, labels: LabelSource) -> ImageSet:
    if image_set.labels is None:
        hint = "Sort the images into one sub-folder for each class, give a file with labels=, or leave labels= out."
        raise checks.user_error("labels", "left out or a file, as the images have no classes", labels, hint)
    return image_set


def _from_folders(image_set: ImageSet) -> ImageSet:
    _, labels, class_names = group_by_folder(image_set.names)
    if labels is None:
        hint = "Some images are in no sub-folder. Sort them into one for each class, or give labels= (--labels) a file."
        if not any("/" in name for name in image_set.names):
            hint = 'There are no sub-folders. Labels of an .npz file or of a dataset are labels="own" (--labels own).'
        raise checks.user_error("labels", "another form for these images", FOLDERS, hint)
    return dataclasses.replace(image_set, labels=labels, class_names=class_names, more_labels={})


def _from_file(image_set: ImageSet, path: PathLike, source: Path) -> ImageSet:
    columns = {}
    for name, values in label_files.read_label_file(path, source).items():
        aligned = _aligned(values, image_set.names, path)
        if isinstance(aligned[0], str):
            columns[name] = LabelColumn(*_named(aligned))
        else:
            columns[name] = LabelColumn(*check_labels(aligned, len(aligned), ()))
    label = columns.pop(label_files.LABEL)
    own_name = os.path.basename(path)
    return dataclasses.replace(
        image_set, labels=label.numbers, class_names=label.names, more_labels=columns, groups=_dense(label.numbers),
        skipped=[file for file in image_set.skipped if os.path.basename(file.path) != own_name],
    )  # fmt: skip


def _from_array(image_set: ImageSet, labels: Any) -> ImageSet:
    if len(labels) != len(image_set):
        skipped = image_set.describe_skipped()
        step = f"{skipped}. Remove these files and their labels." if skipped else "Give one for each, in their order."
        raise checks.user_error("labels", f"{len(image_set)} labels, one for each usable image", len(labels), step)
    labels = np.asarray(labels)
    numbers, names = _named(labels.tolist()) if labels.dtype.kind in "US" else check_labels(labels, len(labels), ())
    return dataclasses.replace(image_set, labels=numbers, class_names=names, more_labels={}, groups=_dense(numbers))


def _aligned(values: dict[str, int | str], names: list[str], path: PathLike) -> list[int | str]:
    """The value of each image: by its name, or else by the end of its name where the file names no folders."""
    missing = [name for name in names if name not in values]
    if len(missing) == len(names):
        values = {os.path.basename(name): value for name, value in values.items()}
        names = [os.path.basename(name) for name in names]
        missing = [name for name in names if name not in values]
        if not missing and len(set(names)) < len(names):
            step = "Several images have the same name: write it with its folder, such as cats/1.png."
            raise checks.user_error("labels", "a file that names each image", str(path), step)
    if missing:
        listed = ", ".join(map(printable, missing[:SHOWN])) + (", ..." if len(missing) > SHOWN else "")
        step = f"{len(missing)} of {len(names)} images have none: {listed}. Names are relative to the images' folder."
        raise checks.user_error("labels", "a file with a label for every image", str(path), step)
    return [values[name] for name in names]


def _named(texts: list[Any]) -> tuple[np.ndarray, list[str]]:
    """(int32 `[N]`, sorted names) of texts; whole numbers are sorted as numbers."""
    different = set(texts)
    whole = all(text.isdecimal() and text.isascii() for text in different)
    names = (
        sorted(different, key=int) if whole and len(set(map(int, different))) == len(different) else sorted(different)
    )
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[text] for text in texts], np.int32), names


def _balanced_by_class(image_set: ImageSet) -> ImageSet:
    return image_set if image_set.groups.any() else dataclasses.replace(image_set, groups=_dense(image_set.labels))


def _dense(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers, return_inverse=True)[1].astype(np.int32)

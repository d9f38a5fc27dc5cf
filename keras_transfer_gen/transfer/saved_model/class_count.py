"""How many classes a generator has: read off its graph, or searched by trying class numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.input_roles import IDS, ONE_HOT, named_leaves, width
from keras_transfer_gen.transfer.saved_model.spec_overrides import leave_out

if TYPE_CHECKING:
    from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


MOST_CLASSES = 2**20
NO_CLASS = 2**30  # looking it up fails, or gives zeros where the device or `tf.one_hot` does not check it
REFUSED = (ValueError, TypeError, tf.errors.OpError)


def count_classes(function: MeasuredFunction, z: np.ndarray, overrides: SpecOverrides) -> tuple[int, str]:
    """The number of classes of a generator. A signature does not limit class ids: their number is found by doubling.

    Args:
        function: `MeasuredFunction`.
        z: one latent vector, float32 ndarray `[1, latent_dim]`.
        overrides: `SpecOverrides`.

    Returns:
        (number, how it is known in words); 0 where there is no input for labels.

    Raises:
        UserError: where the graph refuses the number that `overrides` state.
    """
    for name, spec in named_leaves(function.form.inputs):
        if function.roles[name] == ONE_HOT:
            return width(spec) or overrides.num_classes, f"input {name!r}, one-hot"
    ids = [(name, spec) for name, spec in named_leaves(function.form.inputs) if function.roles[name] == IDS]
    if not ids:
        return 0, "no input for labels"
    name, spec = ids[0]
    stated = overrides.num_classes
    if stated:
        if _images_of_class(function, z, stated - 1) is None:
            expected = f"a number of classes that the input {name!r} takes: it refuses class {stated - 1}"
            raise checks.user_error("labels", expected, stated, leave_out("labels"))
        return stated, f"input {name!r}, integers"
    beyond = _images_of_class(function, z, NO_CLASS)

    def exists(number: int) -> bool:
        images = _images_of_class(function, z, number)
        return images is not None and (beyond is None or not np.array_equal(images, beyond))

    # A float that is no index into a table may be any number: none is the last that makes a difference.
    any_number = spec.dtype.is_floating and beyond is not None
    least, most = 0, 1
    while not any_number and most <= MOST_CLASSES and exists(most):
        least, most = most, 2 * most
    if any_number or most > MOST_CLASSES:
        step = "all images are of class 0; labels=10 (--labels 10) says that there are ten"
        return 1, f"input {name!r} takes any number: its classes could not be counted, and {step}"
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if exists(middle) else (least, middle)
    return most, f"input {name!r}, integers: {most - 1} is the last that makes a difference"


def _images_of_class(function: MeasuredFunction, z: np.ndarray, number: int) -> np.ndarray | None:
    """The images of one class, or None where the graph refuses its number."""
    try:
        return function.raw(z, np.array([number]))
    except REFUSED:
        return None

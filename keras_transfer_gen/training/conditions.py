"""Labels and other conditions of real images: read off a batch, and asked of a data set before training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import LABELS

if TYPE_CHECKING:
    import numpy as np


def of_labels(labels: Any) -> dict[str, tf.Tensor]:
    """The conditions of a batch by name.

    Args:
        labels: what stands behind the images in a batch: integers `[batch]`, a dict of name -> tensor, or None.

    Returns:
        dict of name -> tensor; integers are int32 under the name "labels".
    """
    if labels is None:
        return {}
    named = labels if isinstance(labels, dict) else {LABELS: labels}
    return {name: tf.cast(value, tf.int32) if _is_integer(value) else value for name, value in named.items()}


def check_labels(x: Any, y: np.ndarray | None, needed: tuple[str, ...]) -> None:
    """Raises a `UserError` where real images come without what the discriminator takes beside them.

    Args:
        x: what `fit` or `evaluate` was given: a `tf.data.Dataset`, an array, or something else that Keras takes, which
            is not looked into.
        y: the labels that stand beside it as an argument of its own, or None.
        needed: names, such as ("labels",).
    """
    if not needed:
        return
    if isinstance(x, tf.data.Dataset):
        element = x.element_spec
        labels = element[1] if isinstance(element, (tuple, list)) and len(element) > 1 else None
    elif hasattr(x, "shape"):
        labels = y
    else:
        return
    present = [] if labels is None else list(labels) if isinstance(labels, dict) else [LABELS]
    missing = [name for name in needed if name not in present]
    if missing:
        what = "labels" if missing == [LABELS] else f"a dict with {', '.join(missing)}"
        step = "Its discriminator takes them: give a data set of (images, labels), labels int [batch] from 0 on."
        raise checks.user_error("x", f"images with {what}", "images alone", step)


def _is_integer(value: np.ndarray | tf.Tensor) -> bool:
    return tf.as_dtype(value.dtype).is_integer

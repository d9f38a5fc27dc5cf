"""Names of types that stand in signatures throughout the package. For type checkers; loads nothing heavy.

Where one of these names stands, an array may be one of NumPy or a tensor of TensorFlow. Shapes, ranges and types of
numbers stand in the docstrings: type checkers can't check them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

PathLike: TypeAlias = str | os.PathLike[str]
"""A file or folder: text or `pathlib.Path`."""

Shape: TypeAlias = "tuple[int | None, ...]"
"""Of a tensor; None for a side that may have any length, such as the batch."""

Config: TypeAlias = dict[str, Any]
"""What `get_config` returns and `from_config` takes: JSON-ready."""

Array: TypeAlias = "np.ndarray | tf.Tensor"
"""Numbers of any shape."""

Images: TypeAlias = "np.ndarray | tf.Tensor"
"""`[N, H, W, C]`: uint8 0..255, except inside training, where they are float32 in [-1, 1]."""

Latents: TypeAlias = "np.ndarray | tf.Tensor"
"""float32 `[N, latent_dim]`."""

Labels: TypeAlias = "np.ndarray | tf.Tensor"
"""Numbers of classes, int32 `[N]`, from 0 on."""

Logits: TypeAlias = "tf.Tensor | list[tf.Tensor]"
"""`[batch, ...]`, or a list of such tensors where a discriminator has several heads."""

ImageSource: TypeAlias = "PathLike | Sequence[Any] | np.ndarray | tf.data.Dataset"
"""What images are read from; see `read_images`."""

LabelSource: TypeAlias = "PathLike | Sequence[Any] | np.ndarray | bool"
"""Where labels of images come from; see `read_images`."""

Colour: TypeAlias = str | tuple[int, ...]
"""A name, "#rrggbb" or levels from 0 to 255: (red, green, blue)."""

Progress: TypeAlias = Callable[[int, Any], Any]
"""Function (done, total), called as something goes on; `total` is None where it is not known."""

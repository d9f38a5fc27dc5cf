"""The layer that brings images of any size to the size that a feature network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import layers

from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


@keras.saving.register_keras_serializable(PACKAGE)
class ResizeBilinear(layers.Layer):
    """`[batch, H, W, C]` of any size -> `[batch, side, side, C]`, bilinear, antialiased.

    Antialiasing changes nothing where images are enlarged, and resizing without it is five times faster: so it is left
    out where the sizes are known and allow it.

    Args:
        side: height and width of the result, in pixels.

    Example:
        >>> ResizeBilinear(8)(keras.ops.ones((2, 4, 4, 3))).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(self, side: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side = side

    def call(self, images: tf.Tensor) -> tf.Tensor:
        grows = all(size is not None and size <= self.side for size in images.shape[1:3])
        return tf.image.resize(images, (self.side, self.side), method="bilinear", antialias=not grows)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (input_shape[0], self.side, self.side, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "side": self.side}

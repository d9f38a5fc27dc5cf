"""Self-attention over the places of a feature map, so that far parts of an image can agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape


@keras.saving.register_keras_serializable(PACKAGE)
class MapAttention(layers.Layer):
    """Every place of a map looks at all others; what it sees is added, times a gain that begins at zero.

    As the gain begins at zero, the layer can be put into trained networks, which go on from what they knew.

    Args:
        num_heads: attention heads.
        key_dim: length of a head's queries and keys.

    Call arguments:
        inputs: `[batch, H, W, C]`.

    Example:
        >>> MapAttention()(keras.ops.ones((2, 4, 4, 8))).shape
        TensorShape([2, 4, 4, 8])

    Reference:
        Zhang et al., Self-Attention Generative Adversarial Networks, 2018 (arXiv:1805.08318).
    """

    def __init__(self, num_heads: int = 2, key_dim: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.attention = layers.MultiHeadAttention(num_heads, key_dim, name="attention", dtype=self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        batch, height, width, channels = input_shape
        places = (batch, height * width, channels)
        self.attention.build(places, places)
        self.gain = self.add_weight(shape=(), name="gain", initializer="zeros")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = inputs.shape
        places = ops.reshape(inputs, (-1, height * width, channels))
        seen = ops.reshape(self.attention(places, places), (-1, height, width, channels))
        return inputs + ops.cast(self.gain, seen.dtype) * seen

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_heads": self.num_heads, "key_dim": self.key_dim}

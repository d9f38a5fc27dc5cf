"""`FiniteScalarQuantizer`: each number of a vector to the nearest of a few levels; there is no codebook to learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


INSIDE = 0.999  # of the outermost level's half, so that no vector is rounded beyond it


@keras.saving.register_keras_serializable(PACKAGE)
class FiniteScalarQuantizer(keras.layers.Layer):
    """Bounds each number of a vector and rounds it to one of `levels` values; gradients pass through the rounding.

    A code is a choice of level for each number, so there are as many codes as the product of the levels. All codes are
    in reach from the beginning: nothing is learnt, nothing dies, no loss holds vectors to their codes. It is the
    alternative to `VectorQuantizer`, with the same methods, for short vectors. It computes in float32, always.

    Args:
        levels: number of values of each number of a vector, each at least 3; their count is the length of a vector.

    Raises:
        UserError: for levels that can't be used; by `build`, where the vectors have another length.

    Example:
        >>> layer = FiniteScalarQuantizer((8, 5, 5, 5))
        >>> layer.num_codes, layer.code_dim
        (1000, 4)
        >>> layer(keras.ops.zeros((1, 2, 2, 4))).shape
        TensorShape([1, 2, 2, 4])

    Reference:
        Mentzer et al., Finite Scalar Quantization, 2023 (arXiv:2309.15505).
    """

    def __init__(self, levels: Sequence[int] = (8, 5, 5, 5), **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        step = "Such as levels=(8, 5, 5, 5), which are 1,000 codes."
        if not isinstance(levels, (tuple, list)) or not levels:
            raise checks.user_error("levels", "a sequence of integers", levels, step)
        self.levels = tuple(checks.check_integer("levels", level, least=3, next_step=step) for level in levels)
        self.code_dim = len(self.levels)
        self.num_codes = math.prod(self.levels)
        if self.num_codes >= 2**24:  # tokens travel as float32 in places
            raise checks.user_error("levels", "a product below 2^24", self.num_codes, step)

    def build(self, input_shape: Shape) -> None:
        if input_shape[-1] != self.code_dim:
            step = "Give the encoder and decoder code_dim= the number of levels."
            raise checks.user_error("inputs", f"vectors of length {self.code_dim}", input_shape[-1], step)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., code_dim]` -> the codes, the same shape in [-1, 1], through which gradients flow."""
        return self.straight_through(inputs)[0]

    def straight_through(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """What a training step needs of vectors.

        Args:
            inputs: float `[..., code_dim]`.

        Returns:
            (float32 `[..., code_dim]`, the codes, whose gradients are those of the bounded vectors; int32 `[...]`,
            their numbers; float32 scalar 0, since nothing holds vectors to their codes).
        """
        bounded = self._bounded(inputs)
        rounded = bounded + tf.stop_gradient(tf.round(bounded) - bounded)
        return rounded / self._halves(), self.tokens(inputs), tf.constant(0.0)

    def tokens(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., code_dim]` -> int32 `[...]`: number of the code of each vector."""
        digits = tf.cast(tf.round(self._bounded(inputs)) + self._halves(), tf.int32)
        return tf.reduce_sum(digits * self._places(), axis=-1)

    def lookup(self, tokens: tf.Tensor) -> tf.Tensor:
        """int `[...]` -> float32 `[..., code_dim]` in [-1, 1]: the codes of numbers in [0, num_codes)."""
        digits = tf.cast(tokens, tf.int32)[..., tf.newaxis] // self._places() % np.array(self.levels, np.int32)
        return (tf.cast(digits, tf.float32) - self._halves()) / self._halves()

    def update(self, inputs: tf.Tensor, tokens: tf.Tensor, seed: int) -> None:
        """Does nothing: the codes are fixed. `VectorQuantizer` moves its own here."""

    def _halves(self) -> np.ndarray:
        """float32 `[code_dim]`: level 0 is that far below zero, rounded down to an integer."""
        return np.array([level // 2 for level in self.levels], np.float32)

    def _places(self) -> np.ndarray:
        """int32 `[code_dim]`: what a level of each number adds to a token; the first counts fastest."""
        return np.cumprod([1, *self.levels[:-1]]).astype(np.int32)

    def _bounded(self, inputs: tf.Tensor) -> tf.Tensor:
        """float32 `[..., code_dim]` that is rounded to one of the levels, -half to half (one less, if even)."""
        reach = INSIDE * (np.array(self.levels, np.float32) - 1.0) / 2.0
        # An even number of levels is not symmetric about 0: half a level is moved, so that 0 stays at 0.
        offset = np.array([0.0 if level % 2 else 0.5 for level in self.levels], np.float32)
        return tf.tanh(tf.cast(inputs, tf.float32) + np.arctanh(offset / reach)) * reach - offset

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": list(self.levels)}

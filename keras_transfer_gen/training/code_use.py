"""How many codes of a codebook are in use: the perplexity of a batch, and the codes that all batches chose."""

from __future__ import annotations

import keras
import tensorflow as tf


def code_counts(tokens: tf.Tensor, num_codes: int) -> tf.Tensor:
    """How often each code was chosen, float32 `[num_codes]`.

    Args:
        tokens: int32 `[...]`, numbers of codes.
        num_codes: size of the codebook.
    """
    chosen = tf.reshape(tokens, (-1,))
    return tf.math.unsorted_segment_sum(tf.ones_like(chosen, tf.float32), chosen, num_codes)


def perplexity(tokens: tf.Tensor, num_codes: int) -> tf.Tensor:
    """How many codes would be as varied if all were chosen equally often, float32 scalar from 1 to `num_codes`.

    Args:
        tokens: int32 `[...]`, numbers of codes.
        num_codes: size of the codebook.
    """
    counts = code_counts(tokens, num_codes)
    shares = counts / tf.reduce_sum(counts)
    return tf.exp(-tf.reduce_sum(tf.math.xlogy(shares, shares)))


class CodesUsed(keras.metrics.Metric):
    """Number of different codes among all tokens since the last reset.

    Args:
        num_codes: size of the codebook.
        name: of the metric.

    Example:
        >>> metric = CodesUsed(10)
        >>> metric.update_state([[0, 3], [3, 3]])
        >>> int(metric.result())
        2
    """

    def __init__(self, num_codes: int, name: str = "codes_used") -> None:
        super().__init__(name=name)
        self.num_codes = num_codes
        self.counts = self.add_weight(shape=(num_codes,), initializer="zeros", name="counts")

    def update_state(self, tokens: tf.Tensor) -> None:
        """Counts int `[...]`, numbers of codes."""
        self.counts.assign_add(code_counts(tf.convert_to_tensor(tokens), self.num_codes))

    def result(self) -> tf.Tensor:
        """float32 scalar."""
        return tf.reduce_sum(tf.cast(tf.convert_to_tensor(self.counts) > 0, tf.float32))

"""`VectorQuantizer`: vectors to the nearest of a set of codes, which follow the vectors by moving averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.replicas import count_replicas
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


LEAST_COUNT = 1e-5  # a code that no vector chose for long keeps its position instead of being divided by nothing


@keras.saving.register_keras_serializable(PACKAGE)
class VectorQuantizer(keras.layers.Layer):
    """Replaces each vector of a map by the nearest code of a codebook; gradients pass through unchanged.

    Each code is the moving average of the vectors that chose it, so the codebook needs no optimizer. A code that few
    vectors choose begins again as one of the batch's vectors, drawn at random: "revival". A new codebook has counts
    of 0, so that its first `update` draws all codes from the first batch. It computes in float32, always.

    Args:
        num_codes: size of the codebook.
        code_dim: length of a vector.
        momentum: share of the moving averages that each update keeps, in (0, 1).
        revival: a code is drawn anew where its moving count is below this share of the mean count of all codes;
            0 never does so, except before the first update.

    Raises:
        UserError: for a number that can't be used; by `build`, where the vectors have another length.

    Example:
        >>> layer = VectorQuantizer(num_codes=16, code_dim=4)
        >>> layer(keras.ops.ones((2, 8, 8, 4))).shape
        TensorShape([2, 8, 8, 4])

    Reference:
        van den Oord et al., Neural Discrete Representation Learning, 2017 (arXiv:1711.00937), appendix A.1, for the
        averages; Dhariwal et al., Jukebox, 2020 (arXiv:2005.00341), section 3.1, for the revival.
    """

    def __init__(
        self, num_codes: int = 1024, code_dim: int = 32, momentum: float = 0.99, revival: float = 0.03, **kwargs: Any
    ) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.num_codes = checks.check_integer("num_codes", num_codes, least=2, next_step="Such as num_codes=1024.")
        self.code_dim = checks.check_integer("code_dim", code_dim, next_step="Such as code_dim=32.")
        self.momentum = checks.check_number("momentum", momentum, above=True)
        if self.momentum >= 1:
            raise checks.user_error("momentum", "a number below 1", momentum, "Such as momentum=0.99.")
        self.revival = checks.check_number("revival", revival, next_step="Such as revival=0.03; 0 never revives.")

    def build(self, input_shape: Shape) -> None:
        if input_shape[-1] != self.code_dim:
            step = "Give the encoder code_dim channels, or set code_dim= to them."
            raise checks.user_error("inputs", f"vectors of length {self.code_dim}", input_shape[-1], step)
        # The same on every replica: `update` adds up what all of them saw.
        frozen = {"trainable": False, "autocast": False, "aggregation": "only_first_replica"}
        start = keras.initializers.RandomUniform(-1.0 / self.num_codes, 1.0 / self.num_codes, seed=0)
        shape = (self.num_codes, self.code_dim)
        self.codebook = self.add_weight(name="codebook", shape=shape, initializer=start, **frozen)
        self.counts = self.add_weight(name="counts", shape=(self.num_codes,), initializer="zeros", **frozen)
        self.sums = self.add_weight(name="sums", shape=shape, initializer="zeros", **frozen)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., code_dim]` -> the nearest codes, the same shape, through which gradients flow to the inputs."""
        return self.straight_through(inputs)[0]

    def straight_through(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """What a training step needs of vectors.

        Args:
            inputs: float `[..., code_dim]`.

        Returns:
            (float32 `[..., code_dim]`, the codes, through which gradients flow to the inputs unchanged; int32 `[...]`,
            their numbers; float32 scalar, the mean squared distance of the inputs from their codes).
        """
        inputs = tf.cast(inputs, tf.float32)
        tokens = self.tokens(inputs)
        codes = tf.stop_gradient(self.lookup(tokens))
        return inputs + tf.stop_gradient(codes - inputs), tokens, tf.reduce_mean(tf.square(inputs - codes))

    def tokens(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., code_dim]` -> int32 `[...]`: number of the nearest code of each vector."""
        vectors = tf.reshape(tf.cast(inputs, tf.float32), (-1, self.code_dim))
        nearest = nearest_codes(vectors, tf.convert_to_tensor(self.codebook))
        return tf.reshape(nearest, tf.shape(inputs)[:-1])

    def lookup(self, tokens: tf.Tensor) -> tf.Tensor:
        """int `[...]` -> float32 `[..., code_dim]`: the codes of numbers in [0, num_codes)."""
        return tf.gather(tf.convert_to_tensor(self.codebook), tokens)

    def update(self, inputs: tf.Tensor, tokens: tf.Tensor, seed: tf.Tensor) -> None:
        """Moves the codes towards the vectors that chose them, and draws codes that few chose anew.

        Args:
            inputs: float `[..., code_dim]`, what `tokens` was computed of; this replica's.
            tokens: int32 `[...]`.
            seed: int32 `[2]`, the only randomness; the same on every replica.
        """
        vectors = tf.reshape(tf.cast(inputs, tf.float32), (-1, self.code_dim))
        chosen = tf.reshape(tokens, (-1,))
        counts = tf.math.unsorted_segment_sum(tf.ones_like(chosen, tf.float32), chosen, self.num_codes)
        sums = tf.math.unsorted_segment_sum(vectors, chosen, self.num_codes)
        candidates = _drawn_rows(vectors, self.num_codes, seed)
        counts, sums, candidates = _over_replicas(counts, sums, candidates)
        counts = self.momentum * self.counts.value + (1.0 - self.momentum) * counts
        sums = self.momentum * self.sums.value + (1.0 - self.momentum) * sums
        # Before the first update all counts are 0, afterwards their mean is that of vectors a code.
        batch_mean = float(count_replicas()) * tf.cast(tf.shape(vectors)[0], tf.float32) / self.num_codes
        first = tf.reduce_all(tf.equal(self.counts.value, 0.0))
        dead = tf.logical_or(first, counts < self.revival * tf.reduce_mean(counts))
        counts = tf.where(dead, batch_mean, counts)
        sums = tf.where(dead[:, None], candidates * batch_mean, sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        codes = sums / tf.maximum(counts, LEAST_COUNT)[:, None]
        self.codebook.assign(tf.where((counts > LEAST_COUNT)[:, None], codes, self.codebook.value))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        names = ("num_codes", "code_dim", "momentum", "revival")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def nearest_codes(vectors: tf.Tensor, codebook: tf.Tensor) -> tf.Tensor:
    """int32 `[N]`: which row of `codebook` `[K, D]` is nearest to each of `vectors` `[N, D]`; the first of equals."""
    # |v - c|^2 without |v|^2, which is the same for all codes: one matrix product instead of N K differences.
    distances = tf.reduce_sum(tf.square(codebook), 1) - 2.0 * tf.matmul(vectors, codebook, transpose_b=True)
    return tf.argmin(distances, axis=1, output_type=tf.int32)


def _drawn_rows(vectors: tf.Tensor, count: int, seed: tf.Tensor) -> tf.Tensor:
    """`count` rows of `vectors`, each once where there are enough, in an order that `seed` alone decides."""
    size = tf.shape(vectors)[0]
    order = tf.argsort(tf.random.stateless_uniform((size,), seed))
    return tf.gather(vectors, tf.gather(order, tf.range(count) % size))


def _over_replicas(counts: tf.Tensor, sums: tf.Tensor, candidates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Counts and sums of all replicas; the candidates of the replicas take turns, code by code."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return counts, sums, candidates
    turn = tf.range(tf.shape(candidates)[0]) % context.num_replicas_in_sync
    own = tf.cast(tf.equal(turn, context.replica_id_in_sync_group), tf.float32)[:, None]
    return context.all_reduce(tf.distribute.ReduceOp.SUM, [counts, sums, own * candidates])

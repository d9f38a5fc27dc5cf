"""`ResidualQuantizer`: several codes a place, each for what the ones before it leave over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


@keras.saving.register_keras_serializable(PACKAGE)
class ResidualQuantizer(keras.layers.Layer):
    """Replaces each vector of a map by a sum of codes, one of each of `depth` codebooks; gradients pass unchanged.

    The first code is the one nearest to the vector, the second the one nearest to what is left of it, and so on: an
    image is described coarsely first, then ever finer. So are its tokens: the grid of the first codes comes first, that
    of the second ones below it, and so on, and a prior that reads row by row draws the whole image coarsely before it
    draws any detail. Codes of level l have the numbers from `l * level_codes` on. It computes in float32, always.

    Args:
        depth: number of levels, at least 2; `VectorQuantizer` is a single one.
        level_codes: size of the codebook of each level.
        code_dim: length of a vector.
        momentum: as in `VectorQuantizer`, of all codebooks.
        revival: the same.

    Raises:
        UserError: for a number that can't be used; by `build`, where the vectors have another length.

    Example:
        >>> layer = ResidualQuantizer(depth=2, level_codes=16, code_dim=4)
        >>> layer(keras.ops.ones((1, 8, 8, 4))).shape, layer.num_codes
        (TensorShape([1, 8, 8, 4]), 32)

    Reference:
        Lee et al., Autoregressive Image Generation using Residual Quantization, 2022 (arXiv:2203.01941), section 3.1;
        there the codes of a place stand one after the other, and one codebook serves all levels.
    """

    def __init__(
        self, depth: int = 2, level_codes: int = 1024, code_dim: int = 32, momentum: float = 0.99,
        revival: float = 0.03, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.depth = checks.check_integer("depth", depth, least=2, next_step="VectorQuantizer has a single level.")
        self.level_codes, self.momentum, self.revival = level_codes, momentum, revival
        self.levels = [
            VectorQuantizer(level_codes, code_dim, momentum, revival, name=f"level_{number + 1}")
            for number in range(depth)
        ]
        self.code_dim, self.num_codes = self.levels[0].code_dim, depth * self.levels[0].num_codes

    def build(self, input_shape: Shape) -> None:
        for level in self.levels:
            level.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., rows, columns, code_dim]` -> sums of codes, the same shape, through which gradients flow."""
        return self.straight_through(inputs)[0]

    def straight_through(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """What a training step needs of vectors.

        Args:
            inputs: float `[..., rows, columns, code_dim]`.

        Returns:
            (float32 of the same shape, the sums of codes, through which gradients flow to the inputs unchanged; int32
            `[..., depth * rows, columns]`, their numbers; float32 scalar, the mean squared distance of the inputs from
            the sums of the first codes, the first two, ..., the mean over the levels).
        """
        inputs = tf.cast(inputs, tf.float32)
        tokens, sums = self._assign(tf.stop_gradient(inputs))
        distances = [tf.reduce_mean(tf.square(inputs - codes)) for codes in sums]
        outputs = inputs + tf.stop_gradient(sums[-1] - inputs)
        return outputs, self._stacked(tokens), tf.add_n(distances) / float(self.depth)

    def tokens(self, inputs: tf.Tensor) -> tf.Tensor:
        """float `[..., rows, columns, code_dim]` -> int32 `[..., depth * rows, columns]`, the codes' numbers."""
        return self._stacked(self._assign(tf.cast(inputs, tf.float32))[0])

    def lookup(self, tokens: tf.Tensor, levels: int | None = None) -> tf.Tensor:
        """int `[..., levels * rows, columns]` -> float32 `[..., rows, columns, code_dim]`: the sums of the codes.

        A number of another level counts as that of the same place in its own codebook.

        Args:
            tokens: those of the first `levels`.
            levels: how many; None means all.
        """
        own, levels = tf.cast(tokens, tf.int32) % self.level_codes, levels or self.depth
        grids = tf.split(own, levels, axis=-2)
        return tf.add_n([level.lookup(grid) for level, grid in zip(self.levels[:levels], grids, strict=True)])

    def update(self, inputs: tf.Tensor, tokens: tf.Tensor, seed: tf.Tensor) -> None:
        """Moves each level's codes towards what was left for them; see `VectorQuantizer.update`.

        Args:
            inputs: float `[..., rows, columns, code_dim]`, what `tokens` was computed of; this replica's.
            tokens: int32 `[..., depth * rows, columns]`.
            seed: int32 `[2]`, the only randomness; the same on every replica.
        """
        left = tf.cast(inputs, tf.float32)
        parts = []
        for level, grid in zip(self.levels, tf.split(tokens % self.level_codes, self.depth, axis=-2), strict=True):
            parts.append((level, left, grid))
            left = left - level.lookup(grid)
        for number, (level, vectors, grid) in enumerate(parts):  # once nothing is left to be read from a codebook
            level.update(vectors, grid, tf.random.experimental.stateless_fold_in(seed, number))

    def _assign(self, vectors: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """For each level the numbers in its codebook, int32, and the sums of its codes and those before, float32."""
        tokens, sums = [], []
        total = tf.zeros_like(vectors)
        for level in self.levels:
            tokens.append(level.tokens(vectors - total))
            total = total + level.lookup(tokens[-1])
            sums.append(total)
        return tokens, sums

    def _stacked(self, tokens: list[tf.Tensor]) -> tf.Tensor:
        """Grids of all levels, one below the other, with the numbers that are theirs alone."""
        return tf.concat([grid + self.level_codes * number for number, grid in enumerate(tokens)], axis=-2)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        names = ("depth", "level_codes", "code_dim", "momentum", "revival")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def build_quantizer(codes: int, levels: int = 1) -> VectorQuantizer | ResidualQuantizer:
    """A `ResidualQuantizer` of several levels with so many codes each, or a `VectorQuantizer`."""
    return ResidualQuantizer(levels, codes) if levels > 1 else VectorQuantizer(codes)

"""A causal transformer over a grid of tokens, read row by row, with labels; and its steps with cached keys."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.layer_seeds import layer_seed
from keras_transfer_gen.networks.gelu import gelu
from keras_transfer_gen.replicas import count_replicas, own_rows
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, Shape


@keras.saving.register_keras_serializable(PACKAGE)
class TokenEmbedding(layers.Layer):
    """What the transformer reads at each position: the token before it, its row and column, and the class.

    At the first position stands the class instead of a token. The last row of the classes means "no class".

    Args:
        grid: (rows, columns) of tokens.
        num_codes: how many different tokens there are.
        num_classes: how many classes; 0 leaves "no class" alone.
        width: length of an embedding.
    """

    def __init__(self, grid: Sequence[int], num_codes: int, num_classes: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid, self.num_codes, self.num_classes, self.width = tuple(grid), num_codes, num_classes, width

    def build(self, input_shape: Shape) -> None:
        normal = keras.initializers.RandomNormal(stddev=0.02)
        rows, columns = self.grid
        sizes = {"codes": self.num_codes, "classes": self.num_classes + 1, "rows": rows, "columns": columns}
        for name, size in sizes.items():
            setattr(self, name, self.add_weight(name=name, shape=(size, self.width), initializer=normal))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """{"tokens": int `[batch, positions]`, "labels": int `[batch]`} -> `[batch, positions, width]`."""
        classes = ops.take(self.classes, inputs["labels"], axis=0)[:, None]
        before = ops.take(self.codes, inputs["tokens"][:, :-1], axis=0)
        return ops.concatenate([classes, before + classes], axis=1) + self._positions()

    def step(self, token: tf.Tensor, labels: tf.Tensor, position: int | tf.Tensor) -> tf.Tensor:
        """The embedding of one position: `[batch, 1, width]`.

        Args:
            token: int `[batch]`, the token before; not read at position 0.
            labels: int `[batch]`.
            position: int scalar tensor.
        """
        classes = tf.gather(tf.convert_to_tensor(self.classes), labels)
        before = tf.gather(tf.convert_to_tensor(self.codes), token)
        x = classes + tf.where(position > 0, before, tf.zeros_like(before))
        return (x + self._positions()[0, position])[:, None]

    def _positions(self) -> tf.Tensor:
        """`[1, positions, width]`."""
        return ops.reshape(self.rows[:, None] + self.columns[None], (1, -1, self.width))

    def compute_output_shape(self, input_shape: dict[str, Shape]) -> tuple[int | None, ...]:
        return (*input_shape["tokens"], self.width)

    def get_config(self) -> dict[str, Any]:
        names = ("grid", "num_codes", "num_classes", "width")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(PACKAGE)
class CausalBlock(layers.Layer):
    """Attention to the positions before and a small dense network, each beside the identity and after its own norm.

    Args:
        heads: number of attention heads; they share the width evenly.
        dropout: share of both branches' outputs that training sets to 0.

    Reference:
        Vaswani et al., Attention Is All You Need, 2017 (arXiv:1706.03762); norms first: Xiong et al., 2020
        (arXiv:2002.04745).
    """

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout

    def build(self, input_shape: Shape) -> None:
        width = input_shape[-1]
        shared = {"dtype": self.dtype_policy}
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5, name="attention_norm", **shared)
        self.qkv = layers.Dense(3 * width, use_bias=False, name="qkv", **shared)
        self.joined = layers.Dense(width, name="joined", **shared)
        self.dense_norm = layers.LayerNormalization(epsilon=1e-5, name="dense_norm", **shared)
        self.wide = layers.Dense(4 * width, name="wide", **shared)
        self.narrow = layers.Dense(width, name="narrow", **shared)
        for layer in (self.attention_norm, self.qkv, self.joined, self.dense_norm, self.wide):
            layer.build(input_shape)
        self.narrow.build((*input_shape[:-1], 4 * width))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """`[batch, positions, width]` -> the same shape; position i sees the positions up to i."""
        query, key, value = self._projections(inputs)
        positions = inputs.shape[1]
        visible = tf.linalg.band_part(tf.ones((positions, positions), tf.bool), -1, 0)
        x = inputs + self._drop(self._attend(query, key, value, visible), "attention", training)
        return x + self._drop(self._dense(x, training), "dense", training)

    def step(
        self, inputs: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, position: int | tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One position, with the keys and values of the positions before it.

        Args:
            inputs: `[batch, 1, width]`.
            keys: `[batch, heads, positions, width / heads]`; what stands from `position` on is not read.
            values: of the same shape.
            position: int scalar tensor.

        Returns:
            (`[batch, 1, width]`, keys and values with those of `position`).
        """
        query, key, value = self._projections(inputs)
        here = (tf.range(keys.shape[2]) == position)[None, None, :, None]
        keys, values = tf.where(here, key, keys), tf.where(here, value, values)
        visible = (tf.range(keys.shape[2]) <= position)[None]
        x = inputs + self._attend(query, keys, values, visible)
        return x + self._dense(x), keys, values

    def _projections(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """Queries, keys and values, each `[batch, heads, positions, width / heads]`."""
        width = inputs.shape[-1]
        joined = self.qkv(self.attention_norm(inputs))
        x = ops.reshape(joined, (-1, inputs.shape[1], 3, self.heads, width // self.heads))
        return ops.unstack(ops.transpose(x, (2, 0, 3, 1, 4)), num=3, axis=0)

    def _attend(self, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
        scores = tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32) * query.shape[-1] ** -0.5
        weights = tf.nn.softmax(tf.where(visible, scores, scores.dtype.min))
        x = tf.matmul(tf.cast(weights, value.dtype), value)
        joined = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, query.shape[2], self.heads * query.shape[3]))
        return self.joined(joined)

    def _drop(self, x: tf.Tensor, branch: str, training: bool | None) -> tf.Tensor:
        """Sets a share to 0 in training, by the step's seed: a training that goes on draws what it would have drawn."""
        if not training or not self.dropout:
            return x
        seed = layer_seed(zlib.crc32(f"{self.name}/{branch}".encode()), tf.cast(x, tf.float32))
        shape = (tf.shape(x)[0] * count_replicas(), *x.shape[1:])
        kept = own_rows(tf.random.stateless_uniform(shape, seed)) >= self.dropout
        return tf.where(kept, x / (1.0 - self.dropout), tf.zeros_like(x))

    def _dense(self, x: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        activate = gelu if training else keras.activations.gelu  # what is exported holds the plain operators
        return self.narrow(activate(self.wide(self.dense_norm(x))))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}


@keras.saving.register_keras_serializable(PACKAGE)
class TokenTransformer(keras.Model):
    """From tokens to the log-odds of each token, given those before it and the class; a functional model.

    It is called with {"tokens": int32 `[batch, rows * columns]`, "labels": int32 `[batch]`} and gives float32
    `[batch, rows * columns, num_codes]`. Its layers are `embedding`, `block_1` ... `block_<depth>`, `norm` and
    `to_logits`.

    Args:
        grid: (rows, columns) of tokens.
        num_codes: how many different tokens there are.
        num_classes: how many classes; label `num_classes` means "no class".
        width: length of an embedding, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads of a block.
        dropout: share of each branch's output that training sets to 0, in [0, 1).
        name: name of the model.

    Raises:
        UserError: for a width that the heads can't share.

    Example:
        >>> TokenTransformer((2, 2), num_codes=16, width=12, depth=1, heads=2).output_shape
        (None, 4, 16)
    """

    def __init__(
        self,
        grid: tuple[int, int] = (8, 8),
        num_codes: int = 1024,
        num_classes: int = 0,
        width: int = 192,
        depth: int = 5,
        heads: int = 6,
        dropout: float = 0.15,
        name: str = "prior",
    ) -> None:
        if width % heads:
            raise checks.user_error("width", f"a multiple of heads={heads}", width, "Such as width=192 and heads=6.")
        grid = tuple(grid)
        tokens = keras.Input((grid[0] * grid[1],), dtype="int32", name="tokens")
        labels = keras.Input((), dtype="int32", name="labels")
        inputs = {"tokens": tokens, "labels": labels}
        x = TokenEmbedding(grid, num_codes, num_classes, width, name="embedding")(inputs)
        for number in range(depth):
            x = CausalBlock(heads, dropout, name=f"block_{number + 1}")(x)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        small = keras.initializers.RandomNormal(stddev=0.02)
        logits = layers.Dense(num_codes, name="to_logits", dtype="float32", kernel_initializer=small)(x)
        super().__init__(inputs, logits, name=name)
        self._arguments = {
            "grid": list(grid), "num_codes": num_codes, "num_classes": num_classes, "width": width, "depth": depth,
            "heads": heads, "dropout": dropout,
        }  # fmt: skip
        self.grid, self.num_codes, self.num_classes = grid, num_codes, num_classes

    @property
    def blocks(self) -> list[Any]:
        """List of the `CausalBlock`s, in order."""
        return [layer for layer in self.layers if isinstance(layer, CausalBlock)]

    def empty_caches(self, batch: int | tf.Tensor) -> list[Any]:
        """Keys and values of no position: a pair for each block, each `[batch, heads, positions, width / heads]`."""
        rows, columns = self.grid
        width = self._arguments["width"]
        return [
            (tf.zeros((batch, block.heads, rows * columns, width // block.heads), block.compute_dtype),) * 2
            for block in self.blocks
        ]

    def step(
        self, token: tf.Tensor, labels: tf.Tensor, position: int | tf.Tensor, caches: list[Any]
    ) -> tuple[tf.Tensor, list[Any]]:
        """The log-odds of the token at one position, from the caches of those before.

        Args:
            token: int32 `[batch]`, the token at the position before; not read at position 0.
            labels: int32 `[batch]`.
            position: int32 scalar tensor.
            caches: as `empty_caches` makes them, or as the last call returned them.

        Returns:
            (float32 `[batch, num_codes]`, caches with those of `position`).
        """
        x = self.get_layer("embedding").step(token, labels, position)
        after = []
        for block, (keys, values) in zip(self.blocks, caches, strict=True):
            x, keys, values = block.step(tf.cast(x, block.compute_dtype), keys, values, position)
            after.append((keys, values))
        logits = self.get_layer("to_logits")(self.get_layer("norm")(x))
        return tf.cast(logits[:, 0], tf.float32), after

    def get_config(self) -> dict[str, Any]:
        return {**self._arguments, "name": self.name}

    @classmethod
    def from_config(cls, config: Config, custom_objects: dict[str, Any] | None = None) -> Self:
        return cls(**config)

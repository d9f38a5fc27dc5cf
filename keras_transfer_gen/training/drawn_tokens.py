"""Grids that a prior drew, kept beside a `VQVAE`: its discriminator judges their images too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.protocols import FixedDtype
from keras_transfer_gen.training import latents
from keras_transfer_gen.training.token_codec import codes_of
from keras_transfer_gen.training.vqvae_checks import check_tokens
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array


@keras.saving.register_keras_serializable(PACKAGE)
class DrawnTokens(keras.layers.Layer, FixedDtype):
    """Grids of tokens as weights that nothing trains, so that files and checkpoints keep them.

    Args:
        shape: (number of grids, rows, columns).
    """

    def __init__(self, shape: tuple[int, int, int], **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**{"trainable": False, **kwargs})
        self.shape = tuple(shape)
        self.tokens = self.add_weight(
            shape=self.shape, dtype="int32", initializer="zeros", name="tokens", trainable=False
        )
        self.built = True

    def pick(self, count: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Some of the grids, drawn with replacement: int32 `[count, rows, columns]`; `seed` is int32 `[2]`."""
        rows = tf.random.stateless_uniform((count,), seed, 0, self.shape[0], tf.int32)
        return tf.gather(tf.convert_to_tensor(self.tokens), rows)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shape": list(self.shape)}


def set_drawn(vq: Any, tokens: Array | None) -> None:
    """Sets or removes the grids of a model; see `VQVAE.set_drawn_tokens`."""
    if vq.drawn_tokens is not None:
        vq._tracker.untrack(vq.drawn_tokens)  # private, but else Keras keeps its weights for ever
    vq.drawn_tokens = None
    if tokens is not None:
        tokens = np.asarray(check_tokens(tokens, vq.grid, vq.quantizer.num_codes, vq.depth), np.int32)
        vq.drawn_tokens = DrawnTokens(tokens.shape)
        vq.drawn_tokens.tokens.assign(tokens)


def drawn_codes(vq: Any, batch: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """The codes of grids for half of a batch, rounded down: float32 `[batch // 2, rows, columns, code_dim]`.

    Args:
        vq: `VQVAE` with grids.
        batch: int32 scalar, images in a step.
        index: int64 scalar, the step, which with the model's seed says which grids.
    """
    seed = latents.step_seed(vq.seed, index, "other_inputs")
    return tf.stop_gradient(codes_of(vq, vq.drawn_tokens.pick(batch // 2, seed)))

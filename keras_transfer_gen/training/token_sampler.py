"""The prior, the codes and the decoder as one generator: latents (and labels) to images, to be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen.training.sampling_options import check_sampling
from keras_transfer_gen.training.token_sampling import draw_tokens, uniforms_of
from keras_transfer_gen.training.vqvae_checks import tokens_a_place
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, Shape
    from keras_transfer_gen.training.vqvae import VQVAE


@keras.saving.register_keras_serializable(PACKAGE)
class TokenSampler(keras.layers.Layer):
    """Draws a grid of tokens, each by one number of a latent, and gives their codes.

    Args:
        network: `TokenTransformer`.
        quantizer: layer with `lookup` and `code_dim`, such as `VectorQuantizer`.
        temperature: how tokens are drawn, see `TokenPrior.draw`; as the next two.
        top_k: see there.
        guidance: see there.
        levels: of tokens that are drawn; None means all that the quantizer has.
    """

    def __init__(
        self, network: keras.Model, quantizer: keras.layers.Layer, temperature: float = 1.0, top_k: int = 0,
        guidance: float = 1.0, levels: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.network, self.quantizer = network, quantizer
        self.options = check_sampling(temperature, top_k, guidance)
        self.levels = levels

    def build(self, input_shape: Shape | dict[str, Shape]) -> None:
        if not self.quantizer.built:
            self.quantizer.build((None, *self._code_shape()))

    def call(self, inputs: tf.Tensor | dict[str, tf.Tensor]) -> tf.Tensor:
        """Latents, or {"latents": float32 `[batch, positions]` in [-1, 1], "labels": int `[batch]`} -> codes."""
        latents = inputs["latents"] if isinstance(inputs, dict) else inputs
        free = tf.fill((tf.shape(latents)[0],), self.network.num_classes)
        labels = tf.cast(inputs["labels"], tf.int32) if isinstance(inputs, dict) else free
        tokens = draw_tokens(self.network, uniforms_of(tf.cast(latents, tf.float32)), labels, **self.options)
        tokens = tf.reshape(tokens, (-1, *self.network.grid))
        return self.quantizer.lookup(tokens) if self.levels is None else self.quantizer.lookup(tokens, self.levels)

    def compute_output_shape(self, input_shape: Shape | dict[str, Shape]) -> tuple[int | None, ...]:
        shape = input_shape["latents"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], *self._code_shape())

    def _code_shape(self) -> tuple[int, ...]:
        """(rows, columns, code_dim) of the codes; a place may have several tokens."""
        rows, columns = self.network.grid
        return rows // (self.levels or tokens_a_place(self.quantizer)), columns, self.quantizer.code_dim

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        parts = {"network": serialize(self.network), "quantizer": serialize(self.quantizer)}
        return {**super().get_config(), **parts, **self.options, "levels": self.levels}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        revive = keras.saving.deserialize_keras_object
        parts = {name: revive(config[name]) for name in ("network", "quantizer")}
        return cls(**{**config, **parts})


def build_sampler(vq: VQVAE) -> keras.Model:
    """A functional model that generates the images of `vq.generate` by the prior's own temperature and guidance.

    Its weights are those of the `VQVAE`.

    Args:
        vq: `VQVAE` with a prior.

    Returns:
        `keras.Model`, latents float32 `[batch, rows * columns]` in [-1, 1], or a dict of latents and "labels" int32
        `[batch]` where the prior has classes, -> float32 `[batch, H, W, C]` in [-1, 1].
    """
    network = vq.prior.network
    latents = keras.Input((vq.spec.latent_dim,), name="latents")
    inputs: Any = latents
    if network.num_classes:
        inputs = {"latents": latents, "labels": keras.Input((), dtype="int32", name="labels")}
    levels = network.grid[0] * vq.depth // vq.grid[0]
    options = {**vq.prior.sampling, "levels": None if levels == vq.depth else levels}
    codes = TokenSampler(network, vq.quantizer, name="sampler", **options)(inputs)
    return keras.Model(inputs, vq.decoder(codes, training=False), name="generator")

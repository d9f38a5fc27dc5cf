"""What one training step shows to penalties, regularisers and augmentations: `Step` of a GAN, `VAEStep` of a VAE."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Logits


def _as_they_are(images: tf.Tensor) -> tf.Tensor:
    return images


@dataclasses.dataclass(frozen=True)
class Step:
    """One training step on one replica, as penalties and regularisers see it.

    Args:
        gan: the model being trained.
        phase: "d" while the discriminator's loss is taken, "g" while the generator's is.
        index: int64 scalar, number of the step, from 0.
        kimg: float32 scalar, thousands of real images shown before this step.
        latents: float32 `[batch, latent_dim]`.
        labels: int32 `[batch]`, those of the real images, or None where the data set has none.
        real: float32 `[batch, H, W, C]` in [-1, 1], before augmenting.
        fake: the same, as the generator made them; no gradient flows in phase "d".
        real_augmented: what the discriminator saw.
        fake_augmented: what the discriminator saw.
        real_logits: its answer to the real ones, a tensor or a list of tensors `[batch, ...]`.
        fake_logits: its answer to the generated ones.
        augment_real: function that repeats this step's augmentation of the real images on any `[batch, H, W, C]`.
        fake_labels: int32 `[batch]`, drawn for the generated images, or None where there are no classes.
        drawn: dict of everything that was drawn for the generated images: "latents", "labels" and what else the
            architecture adds.
        intermediates: dict of the generator's outputs on the way, by the names that its `Architecture` gives them,
            such as "styles".
        real_inputs: function from images `[batch, H, W, C]` to what the discriminator is called with for them, with the
            labels of this step's real images where it takes labels.
        fake_inputs: the same with the labels of the generated images.
        generate: function from a dict such as `drawn` to (images, intermediates) of the generator in training mode.
        source: `SourceNetworks`, frozen copies of the networks as they were when training began; None where nothing
            that is compiled has `needs_source`.
    """

    gan: Any
    phase: str
    index: tf.Tensor
    kimg: tf.Tensor
    latents: tf.Tensor
    labels: tf.Tensor | None
    real: tf.Tensor
    fake: tf.Tensor
    real_augmented: tf.Tensor
    fake_augmented: tf.Tensor
    real_logits: Logits
    fake_logits: Logits
    augment_real: Callable[[tf.Tensor], tf.Tensor]
    fake_labels: tf.Tensor | None = None
    drawn: Mapping[str, tf.Tensor] = dataclasses.field(default_factory=dict)
    intermediates: Mapping[str, tf.Tensor] = dataclasses.field(default_factory=dict)
    real_inputs: Callable[[tf.Tensor], Any] = _as_they_are
    fake_inputs: Callable[[tf.Tensor], Any] = _as_they_are
    generate: Callable[..., Any] | None = None
    source: Any = None


@dataclasses.dataclass(frozen=True)
class VAEStep:
    """One training step of a VAE on one replica, as regularisers see it.

    Args:
        vae: the model being trained.
        phase: "vae"; a VAE has one loss.
        index: int64 scalar, number of the step, from 0.
        kimg: float32 scalar, thousands of real images shown before this step.
        real: float32 `[batch, H, W, C]` in [-1, 1].
        z_mean: float32 `[batch, latent_dim]`, of the encoder.
        z_log_var: the same, log variance.
        latents: the same, drawn from the two.
        reconstructions: float32 `[batch, H, W, C]`, of the decoder.
        labels: int32 `[batch]`, or None where the data set has none.
        intermediates: dict of the decoder's outputs on the way, by the names that its `Architecture` gives them.
        source: `SourceNetworks`, see `Step`.
    """

    vae: Any
    phase: str
    index: tf.Tensor
    kimg: tf.Tensor
    real: tf.Tensor
    z_mean: tf.Tensor
    z_log_var: tf.Tensor
    latents: tf.Tensor
    reconstructions: tf.Tensor
    labels: tf.Tensor | None = None
    intermediates: Mapping[str, tf.Tensor] = dataclasses.field(default_factory=dict)
    source: Any = None

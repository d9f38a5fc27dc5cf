"""From latents and labels to styles: the mapping network, and the layer that hands a style to every block."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_transfer_gen.layer_seeds import layer_seed
from keras_transfer_gen.networks.stylegan2.layers import EqualizedDense, StyleGANLayer, normalize
from keras_transfer_gen.running_statistics import may_update_statistics
from keras_transfer_gen.version import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class MappingNetwork(StyleGANLayer):
    """Normalised latents, beside them an embedded label, through dense layers `fc0`, `fc1`, ...; always in float32.

    Args:
        units: list of the dense layers' units.
        num_classes: 0 where there are no labels.
        embed_dim: length of an embedded label.
        lr_multiplier: of the dense layers.
        has_latents: False maps labels alone.

    Call arguments:
        inputs: latents float32 `[batch, latent_dim]`; [those, labels int `[batch]`]; or labels alone.

    Returns:
        float32 `[batch, units[-1]]`.

    Reference:
        Karras et al., A Style-Based Generator Architecture, 2019 (arXiv:1812.04948), section 2.
    """

    def __init__(
        self,
        units: list[int],
        num_classes: int = 0,
        embed_dim: int = 0,
        lr_multiplier: float = 0.01,
        has_latents: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = list(units)
        self.num_classes = num_classes
        self.embed_dim = embed_dim
        self.lr_multiplier = lr_multiplier
        self.has_latents = has_latents
        if num_classes:
            self.embed = EqualizedDense(embed_dim, name="embed", dtype=self.dtype_policy)
        self.dense_layers = [
            EqualizedDense(width, lr_multiplier, leaky=True, name=f"fc{number}", dtype=self.dtype_policy)
            for number, width in enumerate(self.units)
        ]

    def build(self, input_shape: Any) -> None:
        latents = (input_shape[0] if self.num_classes else input_shape) if self.has_latents else (None, 0)
        if self.num_classes:
            self.embed.build((None, self.num_classes))
        features = latents[-1] + (self.embed_dim if self.num_classes else 0)
        for layer in self.dense_layers:
            layer.build((None, features))
            features = layer.units

    def call(self, inputs: list[tf.Tensor] | tf.Tensor) -> tf.Tensor:
        latents, labels = inputs if self.has_latents and self.num_classes else (inputs, inputs)
        parts = [normalize(ops.cast(latents, "float32"))] if self.has_latents else []
        if self.num_classes:
            parts.append(normalize(self.embed(ops.one_hot(labels, self.num_classes, dtype="float32"))))
        x = ops.concatenate(parts, axis=-1)
        for layer in self.dense_layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        first = input_shape[0] if self.has_latents and self.num_classes else input_shape
        features = self.embed_dim if not self.has_latents else first[-1] + (self.embed_dim if self.num_classes else 0)
        return (first[0], self.units[-1] if self.units else features)

    def compute_output_spec(self, inputs: list[tf.Tensor] | tf.Tensor) -> Any:
        shapes = keras.tree.map_structure(lambda tensor: tuple(tensor.shape), inputs)
        return keras.KerasTensor(self.compute_output_shape(shapes), "float32")

    def get_config(self) -> dict[str, Any]:
        names = ("units", "num_classes", "embed_dim", "lr_multiplier", "has_latents")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(PACKAGE)
class Styles(StyleGANLayer):
    """One style for every place that takes one, drawn towards the average style by a truncation factor.

    In training the average `w_avg` follows the mean of each batch; frozen layers (`trainable=False`) leave it, and so
    does a call within `running_statistics.keep_statistics`. In training, styles may also be mixed: from a random place
    on an image takes those of another one of the batch.

    Args:
        count: styles of an image.
        momentum: share of the old average that each training call keeps, in [0, 1).
        mixing: probability that a training batch has mixed styles.

    Call arguments:
        inputs: [w float32 `[batch, w_dim]`, truncation factors float32 `[batch]`, 1 changes nothing].

    Returns:
        float32 `[batch, count, w_dim]`.

    Reference:
        Karras et al., A Style-Based Generator Architecture, 2019 (arXiv:1812.04948), appendix B.
    """

    def __init__(self, count: int, momentum: float = 0.995, mixing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.momentum = momentum
        self.mixing = mixing

    def build(self, input_shape: Any) -> None:
        # Each replica sees its own part of the batch; "mean" stores the average.
        self.w_avg = self.add_weight(
            shape=(input_shape[0][-1],), name="w_avg", initializer="zeros", trainable=False, autocast=False,
            aggregation="mean",
        )  # fmt: skip

    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        w, truncation = inputs
        if training and self.trainable and may_update_statistics():
            mean = ops.stop_gradient(ops.mean(w, axis=0))
            self.w_avg.assign(self.momentum * self.w_avg.value + (1.0 - self.momentum) * mean)
        w = w + (ops.cast(truncation, "float32")[:, None] - 1.0) * (w - self.w_avg.value)
        styles = ops.tile(w[:, None], (1, self.count, 1))
        return self._mix(styles) if training and self.mixing and self.count > 1 else styles

    def _mix(self, styles: tf.Tensor) -> tf.Tensor:
        """Styles whose later ones are those of another image of the batch; what is drawn is the same on all replicas.

        The other image is an eighth of the batch away: not in the group that a discriminator compares, and, as
        replicas take turns, the same image on however many of them.
        """
        on, share = tf.unstack(tf.random.stateless_uniform((2,), layer_seed(1, styles)))
        away = tf.maximum(tf.shape(styles)[0] // 8, 1)
        cut = 1 + tf.cast(share * (self.count - 1), tf.int32)
        own = (tf.range(self.count) < cut) | (on >= self.mixing)
        return tf.where(own[None, :, None], styles, tf.roll(styles, away, axis=0))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        batch, w_dim = input_shape[0]
        return (batch, self.count, w_dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count, "momentum": self.momentum, "mixing": self.mixing}

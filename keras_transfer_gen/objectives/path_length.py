"""A penalty of style-based generators: a step of the styles should change the image by the same amount everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import LATENTS
from keras_transfer_gen.protocols import Penalty
from keras_transfer_gen.replicas import count_replicas, own_rows, replica_mean
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.steps import Step


STYLES = "w"  # the intermediate that it needs, see `architectures.Architecture`
SEED = 7  # keeps the noise apart from other draws of the same seed and step


@keras.saving.register_keras_serializable(PACKAGE)
class PathLength(Penalty):
    """weight times the squared distance of path lengths from their running mean, for half of the batch.

    Args:
        weight: factor, at least 0.
        interval: steps between penalties; those taken are weighted up by it.
        decay: share of the running mean that each penalty replaces, in (0, 1].

    Example:
        >>> gan.compile(regularizers=[PathLength(weight=2.0)])  # doctest: +SKIP

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), section 3.2.
    """

    phases = ("g",)
    statistics = ("mean_length",)
    has_own_conditional = True

    def __init__(self, weight: float = 2.0, interval: int = 4, decay: float = 0.01, **kwargs: Any) -> None:
        super().__init__(interval, **kwargs)
        self.weight = checks.check_number("weight", weight, next_step="Such as --path-length-weight 2.")
        self.decay = checks.check_number("decay", decay, above=True, most=1.0, next_step="Such as decay=0.01.")
        self.mean = self.add_weight(shape=(), name="mean", initializer="zeros", trainable=False, aggregation="mean")

    def attach(self, model: keras.Model, data: Any = None) -> None:
        if STYLES not in model.generator_outputs.names:
            hint = "Leave it out (--path-length-weight 0): it is for style-based generators, such as stylegan2."
            raise checks.user_error("penalty", "one that this generator can have", "path_length", hint)

    def losses(self, step: Step) -> dict[str, tf.Tensor]:
        half = (tf.shape(step.latents)[0] + 1) // 2
        due = step.index % self.interval == 0
        lengths = tf.cond(due, lambda: self._lengths(step, half), lambda: tf.zeros((half,)))
        # The new mean is part of the penalty's gradient; what is kept of it is a number.
        mean = (1.0 - self.decay) * self.mean.value + self.decay * replica_mean(tf.reduce_mean(lengths))
        loss = tf.where(due, self.weight * (lengths - mean) ** 2, 0.0)
        return {"g": loss, "mean_length": tf.stop_gradient(mean)}

    def _lengths(self, step: Step, half: tf.Tensor) -> tf.Tensor:
        """float32 `[half]`, of the first images of the batch."""
        drawn = {name: tf.convert_to_tensor(value)[:half] for name, value in step.drawn.items()}
        with tf.GradientTape() as tape:
            tape.watch(drawn[LATENTS])  # styles are recorded then, frozen mapping network or not
            images, intermediates = step.generate(drawn)
            projected = projection(images, draw_noise(step, tf.shape(images)))
        return style_lengths(tape.gradient(projected, intermediates[STYLES]))

    def after_step(self, step: Step | None, statistics: dict[str, tf.Tensor], due: tf.Tensor) -> None:
        self.mean.assign(tf.where(due, statistics["mean_length"], self.mean.value))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "decay": self.decay}


def projection(images: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """float32 scalar: the sum of images `[batch, H, W, C]` times N(0, 1) noise, over the root of the pixels."""
    pixels = tf.cast(tf.shape(images)[1] * tf.shape(images)[2], tf.float32)
    return tf.reduce_sum(tf.cast(images, tf.float32) * noise) / tf.sqrt(pixels)


def style_lengths(gradient: np.ndarray | tf.Tensor) -> tf.Tensor:
    """float32 `[batch]` of gradients `[batch, layers, w_dim]`: the root of the mean square length of a layer's."""
    return tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.cast(gradient, tf.float32) ** 2, axis=2), axis=1))


def draw_noise(step: Step, shape: tf.Tensor) -> tf.Tensor:
    """N(0, 1), float32 `[batch, ...]` of a shape: this replica's rows of what the run's seed and the step give."""
    folded = tf.random.experimental.stateless_fold_in([step.gan.seed, SEED], step.index)
    seed = tf.random.experimental.stateless_fold_in(folded, tf.constant(0, tf.int64))
    return own_rows(tf.random.stateless_normal(tf.concat([shape[:1] * count_replicas(), shape[1:]], 0), seed))

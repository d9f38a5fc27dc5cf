"""A regulariser with the source, an interval and a state."""

import tensorflow as tf

import keras_transfer_gen as ktg


class SourceColours(ktg.Regularizer):
    """Keeps the mean colour of each image near what the source makes of the same latents; arguments: weight, interval.

    Args:
        weight: factor, at least 0.
    """

    phases = ("g",)
    needs_source = True

    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.steps = self.add_weight(shape=(), name="steps", initializer="zeros", trainable=False)

    def losses(self, step):
        before = step.source.ema_generator(step.latents, training=False)
        difference = tf.reduce_mean(step.fake - before, axis=(1, 2))
        return {"g": self.weight * tf.reduce_sum(difference**2, axis=-1)}

    def after_step(self, step):
        self.steps.assign_add(1.0)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


ktg.register_regularizer("source_colours", SourceColours)

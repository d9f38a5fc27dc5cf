"""A penalty of the generator with an interval, a second derivative and a running mean."""

import tensorflow as tf

import keras_transfer_gen as ktg


class PathLength(ktg.Penalty):
    """How evenly images follow the generator's styles; arguments: weight, interval.

    The length of the gradient of a random projection of the images with respect to the styles is kept near its own
    running mean.

    Args:
        weight: factor, at least 0.
    """

    phases = ("g",)
    statistics = ("mean_length",)

    def __init__(self, weight=1.0, interval=4, **kwargs):
        super().__init__(interval, **kwargs)
        self.weight = weight
        self.mean = self.add_weight(shape=(), name="mean", initializer="zeros", trainable=False, aggregation="mean")

    def losses(self, step):
        seed = tf.stack([tf.cast(step.index, tf.int32), 7])
        with tf.GradientTape() as tape:
            images, intermediates = step.generate(step.drawn)
            projected = tf.reduce_sum(images * tf.random.stateless_normal(tf.shape(images), seed))
        lengths = tf.norm(tape.gradient(projected, intermediates["styles"]), axis=-1)
        mean = 0.9 * self.mean.value + 0.1 * tf.reduce_mean(lengths)
        return {"g": self.weight * (lengths - tf.stop_gradient(mean)) ** 2, "mean_length": mean}

    def after_step(self, step, statistics, due):
        self.mean.assign(tf.where(due, statistics["mean_length"], self.mean.value))

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


ktg.register_penalty("style_length", PathLength)

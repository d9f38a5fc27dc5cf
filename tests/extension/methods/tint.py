"""An augmentation with a strength that it changes by itself."""

import tensorflow as tf

import keras_transfer_gen as ktg


class Tint(ktg.Augment):
    """Adds one random colour to each image, the stronger the surer the discriminator is; arguments: strength.

    Args:
        strength: largest change of a channel, in units of the [-1, 1] range.
    """

    def __init__(self, strength=0.2, **kwargs):
        super().__init__(**kwargs)
        self.strength = strength
        self.sureness = self.add_weight(shape=(), name="sureness", initializer="zeros", trainable=False)

    def call(self, images, seed):
        shape = (tf.shape(images)[0], 1, 1, images.shape[-1])
        most = self.strength * (1.0 + tf.convert_to_tensor(self.sureness))
        return images + most * tf.random.stateless_uniform(shape, seed, -1.0, 1.0)

    def after_step(self, step):
        sure = tf.reduce_mean(tf.sign(tf.concat(tf.nest.flatten(step.real_logits), axis=-1)))
        self.sureness.assign(0.9 * self.sureness.value + 0.1 * sure)

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


ktg.register_augment("tint", Tint)

"""A generator that draws from chosen parts of its latent space: a layer in front, and its insertion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.latents.insertion import insert_after_latents, latents_of
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


NAME = "latent_mixture"


@keras.saving.register_keras_serializable(PACKAGE)
class LatentMixture(keras.layers.Layer):
    """Moves standard normal latents to a mixture of narrow normal distributions around chosen latents.

    Each latent z goes to sqrt(1 - spread^2) c + spread z, where c is the centre whose direction z points to most. So
    the output has the length of a standard normal latent, each centre gets about the same share, and equal inputs give
    equal outputs. Always in float32; the centres can be trained, the directions can't.

    Args:
        components: number of centres.
        spread: deviation around a centre in every entry, in (0, 1].

    Example:
        >>> layer = LatentMixture(components=4, spread=0.5)
        >>> layer(tf.ones((2, 8))).shape
        TensorShape([2, 8])
    """

    def __init__(self, components: int, spread: float = 0.3, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.components = checks.check_integer("components", components)
        self.spread = checks.check_number("spread", spread, above=True, most=1.0)

    def build(self, input_shape: Shape) -> None:
        size = input_shape[-1]
        settings = {"dtype": "float32", "autocast": False}
        self.centres = self.add_weight(
            shape=(self.components, size), name="centres", initializer="random_normal", **settings
        )
        self.directions = self.add_weight(
            shape=(size, self.components), name="directions", initializer="orthogonal", trainable=False, **settings
        )

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        latents = tf.cast(latents, tf.float32)
        # TensorFlow's own: those of keras.ops need operators that TFLite doesn't have. Products and a sum in place of a
        # matrix product: files with int8 weights round the inputs of those, and another centre is another image.
        directions = tf.transpose(tf.convert_to_tensor(self.directions))
        nearest = tf.argmax(tf.reduce_sum(latents[:, tf.newaxis] * directions, axis=-1), axis=-1)
        centre = tf.gather(tf.convert_to_tensor(self.centres), nearest)
        return (1.0 - self.spread**2) ** 0.5 * centre + self.spread * latents

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "components": self.components, "spread": self.spread}


def draws_from_mixture(generator: keras.Model) -> bool:
    """Whether a generator has a `LatentMixture`."""
    return any(isinstance(layer, LatentMixture) for layer in generator.layers)


def insert_latent_mixture(
    generator: keras.Model, centres: np.ndarray, spread: float = 0.3, seed: int = 0
) -> keras.Model:
    """A copy of a generator that draws from a mixture around `centres`; a mixture that it had is replaced.

    Args:
        generator: functional Keras model of latents `[batch, latent_dim]`, or of a dict with "latents".
        centres: float32 `[K, latent_dim]`, inputs of the generator without a mixture.
        spread: see `LatentMixture`.
        seed: of the directions.

    Returns:
        keras.Model of the same name, layers and weights with one layer more, named "latent_mixture".

    Raises:
        UserError: where the centres don't fit the generator.

    Example:
        >>> generator = insert_latent_mixture(gan.generator, centres)  # doctest: +SKIP
    """
    size = latents_of(generator).shape[-1]
    centres = np.asarray(centres, np.float32)
    if centres.ndim != 2 or centres.shape[1] != size or not len(centres):
        raise checks.user_error("centres", f"an array [K, {size}]", centres.shape)
    if draws_from_mixture(generator):
        raise checks.user_error("generator", "one without a latent mixture", generator.name)
    copy = insert_after_latents(generator, LatentMixture(len(centres), spread, name=NAME))
    directions = np.random.default_rng(seed).standard_normal(centres.shape[::-1]).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    exact = directions.astype(np.float16).astype(np.float32)  # in files with float16 weights too: the same choices
    copy.get_layer(NAME).set_weights([centres, exact])
    return copy

"""A small trainable network in front of a generator that stays as it is, and perhaps one behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.latents.insertion import insert_after_latents, latents_of
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


MAPPER, OUTPUT = "latent_mapper", "image_adapter"
OLD_OUTPUT = "output_network"  # in files of version 0.1


@keras.saving.register_keras_serializable(PACKAGE)
class LatentMapper(keras.layers.Layer):
    """Moves latents to where a generator makes what is wanted: z + W2 relu(W1 z + b1) + b2; W2 and b2 are 0 at first.

    Always in float32.

    Args:
        units: width of the hidden layer.

    Example:
        >>> layer = LatentMapper(units=32)
        >>> bool((layer(tf.ones((2, 8))).numpy() == 1).all())
        True

    Reference:
        Wang et al., MineGAN, 2020 (arXiv:1912.05270); here as a residual, so that it begins with the identity.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.units = checks.check_integer("units", units)
        self.hidden = keras.layers.Dense(self.units, activation="relu", name="hidden", dtype="float32")
        self.move: Any = None

    def build(self, input_shape: Shape) -> None:
        # Not called "shift": as a layer of that name it would count as one to `scale_shift_only`.
        self.move = keras.layers.Dense(input_shape[-1], kernel_initializer="zeros", name="move", dtype="float32")
        self.hidden.build(input_shape)
        self.move.build((*input_shape[:-1], self.units))

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        latents = tf.cast(latents, tf.float32)
        return latents + self.move(self.hidden(latents))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(PACKAGE)
class ImageAdapter(keras.layers.Layer):
    """Changes the colours and edges of finished images: x plus two 3 x 3 convolutions of it, the last zero at first.

    Always in float32.

    Args:
        filters: channels between the two.

    Example:
        >>> layer = ImageAdapter(filters=8)
        >>> bool((layer(tf.ones((2, 4, 4, 3))).numpy() == 1).all())
        True
    """

    def __init__(self, filters: int = 32, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.filters = checks.check_integer("filters", filters)
        self.hidden = keras.layers.Conv2D(
            self.filters, 3, padding="same", activation="relu", name="hidden", dtype="float32"
        )
        self.change: Any = None

    def build(self, input_shape: Shape) -> None:
        self.change = keras.layers.Conv2D(
            input_shape[-1], 3, padding="same", kernel_initializer="zeros", name="change", dtype="float32"
        )
        self.hidden.build(input_shape)
        self.change.build((*input_shape[:-1], self.filters))

    def call(self, images: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, tf.float32)
        return images + self.change(self.hidden(images))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}


# Keras stores the weights of a model's layers under the class's name; files of version 0.1 have this one.
ImageAdapter.__name__ = "OutputNetwork"


def insert_latent_mapper(generator: keras.Model, image_adapter: bool = False, units: int | None = None) -> keras.Model:
    """A copy of a generator with a `LatentMapper` in front, and an `ImageAdapter` behind if wanted.

    Both begin with the identity, so the copy makes the same images. What is there already stays as it is.

    Args:
        generator: functional Keras model of latents, or of a dict with "latents".
        image_adapter: whether images are changed as well.
        units: width of the mapper; None takes twice the length of a latent vector, 64 at least.

    Returns:
        keras.Model of the same name, with layers named "latent_mapper" and "image_adapter".

    Example:
        >>> inputs = keras.Input((4,))
        >>> generator = keras.Model(inputs, keras.layers.Dense(3)(inputs), name="generator")
        >>> insert_latent_mapper(generator).get_layer("latent_mapper").units
        64
    """
    names = [layer.name for layer in generator.layers]
    copy = generator
    if MAPPER not in names:
        size = latents_of(generator).shape[-1]
        copy = insert_after_latents(generator, LatentMapper(units or max(2 * size, 64), name=MAPPER))
    if image_adapter and not {OUTPUT, OLD_OUTPUT} & set(names):
        changed = ImageAdapter(name=OUTPUT)(copy.outputs[0])
        copy = keras.Model(copy.input, changed, name=generator.name)
    return copy

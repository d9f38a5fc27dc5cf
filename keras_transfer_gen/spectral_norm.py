"""Frozen spectral normalisations that don't change in training. Keras' own change, frozen or not."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import keras

from keras_transfer_gen.protocols import MultiNetwork

if TYPE_CHECKING:
    import tensorflow as tf


def guard_spectral_norms(model: keras.layers.Layer) -> None:
    """Makes every frozen `keras.layers.SpectralNormalization` of a model keep its kernel and vector in training.

    Keras' layer rewrites both whenever it is called with `training=True`, frozen or not. The guard on each such layer
    checks at every tracing whether the layer is frozen, so that it is right after later changes of `trainable` too. It
    belongs to the object and is not saved: call this again after loading a model. Calling it twice changes nothing.

    Args:
        model: a `GAN` or any Keras model or layer.

    Example:
        >>> inputs = keras.Input((3,))
        >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(2))
        >>> guard_spectral_norms(keras.Model(inputs, layer(inputs)))
    """
    networks = model.roles.values() if isinstance(model, MultiNetwork) else [model]
    for layer in (layer for network in networks for layer in network._flatten_layers()):
        if isinstance(layer, keras.layers.SpectralNormalization) and not isinstance(layer.call, _GuardedCall):
            layer.call = _GuardedCall(layer)


class _GuardedCall:
    """The `call` of one spectral normalisation, in inference mode while its kernel or vector is frozen.

    It replaces the method of the object: with another class the saved model would be another one.
    """

    def __init__(self, layer: keras.layers.SpectralNormalization) -> None:
        self.layer = layer
        self.original = layer.call
        functools.update_wrapper(self, self.original)

    def __call__(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        trainable = self.layer.trainable and self.layer.kernel.trainable
        return self.original(inputs, training=training and trainable)

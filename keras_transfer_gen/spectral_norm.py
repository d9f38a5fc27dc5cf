"""A frozen `keras.layers.SpectralNormalization` that keeps still in training, as Keras' own does not."""

import functools

import keras

from keras_transfer_gen.protocols import MultiNetwork


def guard_spectral_norms(model):
    """Makes every frozen `keras.layers.SpectralNormalization` of a model keep its kernel and vector in training.

    Keras' layer rewrites both whenever it is called with `training=True`, frozen or not. The guard put on each such
    layer asks at every tracing whether it is frozen, so it also serves flags set later or by hand. It sits on the
    object and is in no saved file: call this again after loading a model. Calling it twice changes nothing.

    Args:
        model: a `GAN` or any Keras model or layer.

    Example:
        >>> inputs = keras.Input((3,))
        >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(2))
        >>> guard_spectral_norms(keras.Model(inputs, layer(inputs)))
    """
    networks = model.roles.values() if isinstance(model, MultiNetwork) else [model]
    for layer in (layer for network in networks for layer in network._flatten_layers()):
        if isinstance(layer, keras.layers.SpectralNormalization) and not isinstance(layer.call, _Guard):
            layer.call = _Guard(layer)


class _Guard:
    """Stands for the `call` of one spectral normalisation: in inference mode while its kernel or vector is frozen.

    It is put on the object, since another class would be another model to save and to load.
    """

    def __init__(self, layer):
        self.layer = layer
        self.original = layer.call
        functools.update_wrapper(self, self.original)

    def __call__(self, inputs, training=False):
        moves = self.layer.trainable and self.layer.kernel.trainable
        return self.original(inputs, training=training and moves)

"""A network that also gives what some of its layers give, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import tensorflow as tf


class NamedOutputs:
    """Calls a network and returns the outputs of some layers with its own.

    It is no Keras object, so that a model that holds one does not save the network twice.

    Args:
        network: functional `keras.Model`; its layers are shared, not copied.
        layers: mapping of name -> layer of the network.

    Raises:
        UserError: where the network has no such layer.
    """

    def __init__(self, network: keras.Model, layers: Any) -> None:
        self._network = network
        self._names = tuple(layers)
        known = {layer.name: layer for layer in network.layers}
        for name in layers.values():
            checks.check_choice("intermediates", name, known, "They name layers of the network.")
        if layers:
            outputs = [known[layer].output for layer in layers.values()]
            self._network = keras.Model(network.input, [network.output, *outputs])

    @property
    def names(self) -> tuple[str, ...]:
        """Tuple of the names."""
        return self._names

    def __call__(
        self, inputs: dict[str, tf.Tensor] | tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, dict[str, Any]]:
        """(the network's output, dict of name -> the layer's output)."""
        if not self._names:
            return self._network(inputs, training=training), {}
        output, *others = self._network(inputs, training=training)
        return output, dict(zip(self._names, others, strict=True))

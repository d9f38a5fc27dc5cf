"""Frozen copies of a model's networks, for penalties and regularisers that compare with the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import keras

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


class SourceNetworks(keras.layers.Layer):
    """The networks of a model as they were when it was first compiled; nothing in them is ever trained.

    Each network is an attribute under its role: `source.generator`, `source.discriminator` and `source.ema_generator`
    of a GAN, `source.encoder` and `source.decoder` of a VAE. Call them with `training=False`. They are saved with the
    model, so that a training that is resumed compares with the same weights.

    Args:
        networks: dict of role -> `keras.Model`; they become part of this layer.
    """

    def __init__(self, networks: dict[str, keras.Model]) -> None:
        super().__init__(name="source", trainable=False)
        self.roles = tuple(networks)
        for role, network in networks.items():
            network.trainable = False
            setattr(self, role, network)
        self.built = True  # else Keras runs the whole model once more before training, to build it

    @classmethod
    def of(cls, networks: dict[str, keras.Model]) -> Self:
        """Copies of networks with the weights that they have now; `networks` is a dict of role -> `keras.Model`."""
        copies = {role: keras.models.clone_model(network) for role, network in networks.items()}
        for role, network in networks.items():
            copies[role].set_weights(network.get_weights())
        return cls(copies)

    def to_config(self) -> dict[str, dict[str, dict[str, Any] | str]]:
        """dict of role -> the network's configuration, which saved models keep beside the weights."""
        return {role: keras.saving.serialize_keras_object(getattr(self, role)) for role in self.roles}

    @classmethod
    def of_config(cls, config: Config) -> Self:
        """Networks of `to_config`, with fresh weights: those of the source are read from the file afterwards."""
        return cls({role: keras.saving.deserialize_keras_object(network) for role, network in config.items()})

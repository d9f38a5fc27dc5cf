import json

import keras
import numpy as np

from keras_transfer_gen.training.source_networks import SourceNetworks


def network():
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))


def test_copies_stay_as_they_were():
    networks = {"generator": network(), "discriminator": network()}
    source = SourceNetworks.of(networks)
    before = networks["generator"].get_weights()
    networks["generator"].set_weights([value + 1 for value in before])
    assert all(np.array_equal(a, b) for a, b in zip(source.generator.get_weights(), before, strict=True))
    assert source.trainable_weights == [] and len(source.weights) == 4


def test_configuration_makes_the_same_shapes():
    source = SourceNetworks.of({"encoder": network()})
    config = json.loads(json.dumps(source.to_config()))
    twin = SourceNetworks.of_config(config)
    assert twin.roles == ("encoder",) and twin.trainable_weights == []
    twin.set_weights(source.get_weights())
    values = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(twin.encoder(values), source.encoder(values))

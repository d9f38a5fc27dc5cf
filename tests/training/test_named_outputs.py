import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.training.named_outputs import NamedOutputs


def network():
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4, name="mapping")(inputs)
    x = keras.layers.Dropout(0.5, name="drop")(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="last")(x))


def test_outputs_of_layers_come_with_their_names():
    model, values = network(), np.ones((2, 3), np.float32)
    output, named = NamedOutputs(model, {"styles": "mapping", "dropped": "drop"})(values, training=True)
    np.testing.assert_allclose(named["styles"], model.get_layer("mapping")(values), rtol=1e-6)
    np.testing.assert_allclose(output, model.get_layer("last")(named["dropped"]), rtol=1e-6)
    assert (np.asarray(named["dropped"]) == 0).any()  # training mode


def test_without_names_the_network_itself_is_called():
    model, values = network(), np.ones((2, 3), np.float32)
    output, named = NamedOutputs(model, {})(values)
    np.testing.assert_array_equal(output, model(values))
    assert named == {}


def test_unknown_layers_are_refused():
    with pytest.raises(checks.UserError, match="`intermediates` must be one of.*'mapping'.*Did you mean mapping"):
        NamedOutputs(network(), {"styles": "maping"})

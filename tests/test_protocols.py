import keras
import numpy as np
import pytest

from keras_transfer_gen import protocols


@pytest.mark.parametrize("name", ["Objective", "Augment", "Penalty", "Regularizer", "Likelihood", "Prior"])
def test_protocol_cannot_be_made_itself(name):
    with pytest.raises(TypeError, match="abstract"):
        getattr(protocols, name)()


def test_layers_count_as_built_so_that_keras_does_not_run_the_model_to_build_them():
    class Still(protocols.Regularizer):
        def losses(self, step):
            return {}

    assert Still().built and Still().attach(None) is None and Still().after_step(None) is None


def test_heads_that_bound_themselves_are_left_out():
    class Bounded(keras.layers.Dense, protocols.LipschitzBounded):
        pass

    inputs = keras.Input((3,))
    first, second, bounded = keras.layers.Dense(1), keras.layers.Dense(2), Bounded(1)
    network = keras.Model(inputs, [first(inputs), second(inputs), bounded(inputs)], name="d")
    both, one = (protocols.without_lipschitz_bounded(keras.Model(inputs, network.outputs[n:])) for n in (0, 1))
    values = np.ones((2, 3), np.float32)
    assert [head.shape for head in both(values)] == [(2, 1), (2, 2)]
    np.testing.assert_array_equal(one(values), second(values))


def test_discriminator_with_heads_of_one_kind_alone_stays_as_it_is():
    class Bounded(keras.layers.Dense, protocols.LipschitzBounded):
        pass

    inputs = keras.Input((3,))
    for layer in (keras.layers.Dense(1), Bounded(1)):
        network = keras.Model(inputs, layer(inputs))
        assert protocols.without_lipschitz_bounded(network) is network
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    assert protocols.without_lipschitz_bounded(unbuilt) is unbuilt

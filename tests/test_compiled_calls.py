import gc
import weakref

import keras
import numpy as np

from keras_transfer_gen.compiled_calls import compiled_network


def build_network():
    """Batch norm, whose answer in inference is of its moving statistics; two outputs."""
    image = keras.Input((2,))
    normed = keras.layers.BatchNormalization()(image)
    return keras.Model(image, [normed, keras.layers.Dense(1)(normed)])


def test_answer_is_that_of_the_network_in_inference_whatever_the_batch():
    network = build_network()
    rows = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    for count in (3, 9, 1):
        for ours, expected in zip(
            compiled_network(network)(rows[:count]), network(rows[:count], training=False), strict=True
        ):
            np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert compiled_network(network).experimental_get_tracing_count() <= 2


def test_new_weights_count_at_once_and_nothing_keeps_a_network_alive():
    network = build_network()
    before = compiled_network(network)(np.ones((1, 2), np.float32))[1].numpy()
    network.layers[-1].kernel.assign(2 * network.layers[-1].kernel)
    np.testing.assert_allclose(compiled_network(network)(np.ones((1, 2), np.float32))[1], 2 * before, rtol=1e-5)
    alive = weakref.ref(network)
    del network
    gc.collect()
    assert alive() is None

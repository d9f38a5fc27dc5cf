"""`SavedModelLayer`, continued: two replicas of a `tf.distribute` strategy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.freezing.freeze import freeze
from tests.saved_model_fixtures import KINDS, RATE, SIZE, WITH_MODE, latents, layer_of, targets, values_of


@pytest.mark.parametrize("kind", KINDS)
def test_two_replicas_train_as_one(kind, two_cpus):
    def fit(scope):
        with scope:
            layer = layer_of(kind)
            norms = ["norm_1/.*", "centre"]
            rules = (
                [(f"({'|'.join(norms)})", False)] if kind in WITH_MODE else {}
            )  # replicas have statistics of their own
            freeze(layer, rules)
            model = keras.Sequential([keras.Input((SIZE,)), layer])
            model.compile(keras.optimizers.SGD(RATE), "mse")
        data = tf.data.Dataset.from_tensor_slices((latents(), targets())).batch(16)
        model.fit(data, epochs=3, shuffle=False, verbose=0)
        return values_of(layer), layer

    before = values_of(layer_of(kind))
    one, _ = fit(tf.distribute.get_strategy().scope())
    two, layer = fit(two_cpus.scope())
    assert any(not np.array_equal(before[name], two[name]) for name in two)
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, atol=1e-6)


@pytest.mark.parametrize("kind", ["keras_2", "archive"])
def test_replicas_keep_the_mean_of_their_statistics(kind, two_cpus):
    alone = layer_of(kind)
    alone(latents(), training=True)
    with two_cpus.scope():
        layer = layer_of(kind)
    run = tf.function(lambda x: two_cpus.run(lambda part: layer(part, training=True), args=(x,)))
    data = tf.data.Dataset.from_tensor_slices(latents()).batch(16)
    run(next(iter(two_cpus.experimental_distribute_dataset(data))))
    for name in ("norm_1/moving_mean", "norm_1/moving_variance"):
        first, second = (copy.numpy() for copy in layer.named_variables[name].value.values)
        np.testing.assert_array_equal(first, second)  # without sharing each has that of its half
    mean = alone.named_variables["norm_1/moving_mean"].numpy()  # of two halves it is the mean of the whole
    np.testing.assert_allclose(layer.named_variables["norm_1/moving_mean"].numpy(), mean, atol=1e-6)


def test_layer_made_outside_of_the_scope_is_refused_in_words(two_cpus):
    layer = layer_of("module")
    with (
        two_cpus.scope(),
        pytest.raises(
            checks.UserError, match="`strategy` must be the one in whose scope .*inside `with strategy.scope"
        ),
    ):
        layer(latents())

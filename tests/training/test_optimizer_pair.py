import keras
import pytest

from keras_transfer_gen.training.optimizer_pair import OptimizerPair


def rates(pair):
    return [float(optimizer.learning_rate) for optimizer in (pair.generator, pair.discriminator)]


def test_both_rates_are_set_and_their_ratio_stays():
    pair = OptimizerPair(keras.optimizers.Adam(8e-4), keras.optimizers.Adam(2e-4))
    pair.learning_rate = 4e-4
    assert rates(pair) == pytest.approx([4e-4, 1e-4]) and float(pair.learning_rate) == pytest.approx(4e-4)
    pair.discriminator.learning_rate = 2e-4
    pair.learning_rate = keras.ops.convert_to_tensor(2e-4)
    assert rates(pair) == pytest.approx([2e-4, 1e-4])


def test_ratio_survives_a_rate_of_zero():
    pair = OptimizerPair(keras.optimizers.SGD(0.4), keras.optimizers.SGD(0.1))
    for rate in (0.0, 0.2):
        pair.learning_rate = rate
    assert rates(pair) == pytest.approx([0.2, 0.05])


def test_view_counts_the_generators_steps_and_lists_all_variables():
    first, second = keras.optimizers.SGD(0.4), keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    pair = OptimizerPair(first, second)
    assert pair.iterations is first.iterations and pair.built
    assert len(pair.variables) == len(first.variables) + len(second.variables)
    pair.learning_rate = 0.2
    assert float(second.inner_optimizer.learning_rate) == pytest.approx(0.05)

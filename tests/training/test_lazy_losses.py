import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import protocols
from keras_transfer_gen.training.lazy_losses import add_penalties, regularization


class Pull(protocols.Regularizer):
    """Half the square of what the step holds, in phase "g" alone."""

    phases = ("g",)

    def losses(self, step):
        return {step.phase: 0.5 * step.value**2}


class Silent(protocols.Regularizer):
    def losses(self, step):
        return {}


class Square(protocols.Penalty):
    """The square of a variable, and the variable as a statistic."""

    phases = ("g",)
    statistics = ("now",)

    def __init__(self, variable, **kwargs):
        super().__init__(**kwargs)
        self.variable = variable

    def losses(self, step):
        return {"g": self.variable.value**2 * tf.ones((3,)), "now": self.variable.value}


def step_of(index, value=0.0, phase="g"):
    return types.SimpleNamespace(phase=phase, index=tf.convert_to_tensor(index, tf.int64), value=value)


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize(("index", "expected"), [(0, 6.0 + 2.0), (1, 2.0), (3, 6.0 + 2.0)])
def test_regularizers_add_up_when_they_are_due_and_gradients_flow(eager, index, expected):
    """Pulls of 1 and, on every third step, 3 times 1 at the value 2: losses 2 and 6, gradients 2 and 6."""
    regularizers = [Pull(), Pull(interval=3), Silent(), Silent(interval=2)]
    variable = tf.Variable(2.0)

    def measure(number):
        with tf.GradientTape() as tape:
            loss = regularization(regularizers, step_of(number, tf.convert_to_tensor(variable)))
        return loss, tape.gradient(loss, variable)

    loss, gradient = (measure if eager else tf.function(measure))(tf.constant(index, tf.int64))
    assert float(loss) == expected and float(gradient) == expected


def test_other_phases_cost_nothing():
    assert float(regularization([Pull(), Pull(interval=2)], step_of(0, 2.0, "d"))) == 0.0
    assert float(regularization([], step_of(0))) == 0.0


def test_penalties_that_are_due_add_their_weighted_gradients():
    first, second = keras.Variable(3.0), keras.Variable(1.0)
    penalties = [Square(first, interval=4), Square(second)]

    @tf.function
    def measure(index):
        gradients, value, statistics = add_penalties(penalties, step_of(index), [first, second], [None, tf.ones(())], 2)
        return gradients, value, statistics

    gradients, value, statistics = measure(tf.constant(4, tf.int64))
    # Two replicas: half of the mean's gradient each; 4 times as much on every fourth step.
    assert [float(g) for g in gradients] == [4 * 2 * 3.0 / 2, 1 + 2 * 1.0 / 2] and float(value) == 9.0 + 1.0
    assert float(statistics[0]["now"]) == 3.0 and float(statistics[1]["now"]) == 1.0
    gradients, value, statistics = measure(tf.constant(5, tf.int64))
    assert [float(g) for g in gradients] == [0.0, 2.0] and float(value) == 1.0 and float(statistics[0]["now"]) == 0.0


def test_penalties_of_the_other_network_and_of_frozen_ones_are_left_out():
    variable = keras.Variable(3.0)
    for step, variables in ((step_of(0, phase="d"), [variable]), (step_of(0), [])):
        gradients = [tf.ones(())] * len(variables)
        assert add_penalties([Square(variable)], step, variables, gradients, 1) == (gradients, 0.0, {})


def test_one_penalty_is_its_own_sum():
    variable = keras.Variable(np.float32(0.3))
    _, value, _ = add_penalties([Square(variable)], step_of(0), [variable], [None], 1)
    assert float(value) == float(tf.reduce_mean(variable.value**2 * tf.ones((3,))))

import types

import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.training import compile_checks


def make_model():
    inputs = keras.Input((200,))
    return types.SimpleNamespace(roles={"generator": keras.Model(inputs, keras.layers.Dense(300)(inputs))})


def test_first_argument_that_is_given_is_named():
    compile_checks.check_left_out("Use objective=.", loss=None, metrics=None)
    with pytest.raises(checks.UserError, match=r"^`metrics` must be left out. Received: metrics=\['mae'\]. Use obj"):
        compile_checks.check_left_out("Use objective=.", loss=None, metrics=["mae"])


def test_weights_of_another_scope_are_told_in_one_line(two_cpus):
    outside = make_model()
    with two_cpus.scope():
        with pytest.raises(checks.UserError, match="made outside of this strategy's scope. Load or build it") as caught:
            compile_checks.check_scope(outside)
        inside = make_model()
        assert compile_checks.check_scope(inside, optimizer=keras.optimizers.SGD()) is None
    assert len(str(caught.value)) < 200
    with pytest.raises(checks.UserError, match="outside of this strategy's scope"):
        compile_checks.check_scope(inside)


def test_optimizer_of_another_scope_is_named(two_cpus):
    optimizer = keras.optimizers.Adam(0.1)
    with two_cpus.scope():
        with pytest.raises(checks.UserError, match="`g_optimizer` must be an optimizer made in the scope"):
            compile_checks.check_scope(make_model(), g_optimizer=optimizer)


def test_missing_optimizer_is_adam_and_others_stay():
    adam = compile_checks.optimizer_or_adam("g_optimizer", None)
    assert float(adam.learning_rate) == pytest.approx(2e-4) and (adam.beta_1, adam.beta_2) == (0.0, 0.99)
    assert compile_checks.optimizer_or_adam("g_optimizer", adam) is adam


def test_optimizers_that_overwrite_weights_are_refused_in_a_loss_scale_too():
    averaging = keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=2)
    for optimizer in (averaging, keras.optimizers.LossScaleOptimizer(averaging)):
        with pytest.raises(checks.UserError, match="`optimizer` must be an optimizer without ema_overwrite_frequency"):
            compile_checks.checked_optimizer("optimizer", optimizer, "1e-3")
    with pytest.raises(checks.UserError, match=r"`optimizer` must be a Keras optimizer object.*Adam\(1e-3\)"):
        compile_checks.checked_optimizer("optimizer", "adam", "1e-3")


def test_slots_are_made_for_every_float_frozen_or_not():
    network = make_model().roles["generator"]
    network.trainable = False
    network.add_weight(shape=(), dtype="int64", name="count", trainable=False)
    assert [weight.name for weight in compile_checks.slots_for(network)] == ["kernel", "bias"]

"""What `compile` checks: optimizers, Keras' arguments that have no use here, the strategy's scope."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks


def optimizer_or_adam(name: str, optimizer: keras.optimizers.Optimizer | str | None) -> keras.optimizers.Optimizer:
    """The optimizer, or Adam(2e-4, beta_1=0, beta_2=0.99) for None; a `UserError` for anything else."""
    if optimizer is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.99, epsilon=1e-8)
    return checked_optimizer(name, optimizer, "2e-4")


def checked_optimizer(name: str, optimizer: keras.optimizers.Optimizer | str, rate: str) -> keras.optimizers.Optimizer:
    """The optimizer; a `UserError`, which suggests Adam(`rate`), for what is none or would overwrite frozen weights."""
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise checks.user_error(name, "a Keras optimizer object", optimizer, f"Such as keras.optimizers.Adam({rate}).")
    updating = getattr(optimizer, "inner_optimizer", optimizer)  # the one in a LossScaleOptimizer
    if updating.use_ema and updating.ema_overwrite_frequency:
        hint = "It would overwrite frozen weights and the norms' statistics as well. Leave it out."
        received = updating.ema_overwrite_frequency
        raise checks.user_error(name, "an optimizer without ema_overwrite_frequency", received, hint)
    return optimizer


def slots_for(network: keras.Model) -> list[keras.Variable]:
    """The weights that an optimizer may ever move: floats, frozen or not. Counters can't be trained."""
    return [weight for weight in network.weights if tf.as_dtype(weight.dtype).is_floating]


def check_left_out(hint: str, **arguments: Any) -> None:
    """Raises a `UserError` for the first argument that is not None.

    Args:
        hint: a sentence that says what to give instead.
        **arguments: Keras' arguments that a model with losses of its own has no use for.
    """
    for name, value in arguments.items():
        if value is not None:
            raise checks.user_error(name, "left out", value, hint)


def check_scope(model: Any, **optimizers: Any) -> None:
    """Raises a `UserError` where networks or optimizers were made under another strategy than the one entered.

    Args:
        model: `GAN` or `VAE`.
        **optimizers: the arguments of `compile` -> Keras optimizers.
    """
    strategy = tf.distribute.get_strategy()
    kind = type(model).__name__
    if not all(_made_under(strategy, network.weights) for network in model.roles.values()):
        hint = "Load or build it inside `with strategy.scope():`, and compile it there."
        raise checks.UserError(f"the weights of the {kind} were made outside of this strategy's scope. {hint}")
    for name, optimizer in optimizers.items():
        if not _made_under(strategy, optimizer.variables):
            hint = "Make it inside `with strategy.scope():`."
            raise checks.user_error(name, "an optimizer made in the scope of the model's strategy", optimizer, hint)


def _made_under(strategy: tf.distribute.Strategy, variables: list[keras.Variable]) -> bool:
    return all(strategy.extended.variable_created_in_scope(variable.value) for variable in variables)

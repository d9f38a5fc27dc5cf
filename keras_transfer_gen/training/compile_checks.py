"""What `compile` refuses: arguments of Keras' own losses, and weights made outside of the strategy's scope."""

import tensorflow as tf

from keras_transfer_gen import checks


def check_left_out(hint, **arguments):
    """Raises a `UserError` for the first argument that is not None.

    Args:
        hint: a sentence that says what to give instead.
        **arguments: Keras' arguments that a model with losses of its own has no use for.
    """
    for name, value in arguments.items():
        if value is not None:
            raise checks.user_error(name, "left out", value, hint)


def check_scope(model, **optimizers):
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


def _made_under(strategy, variables):
    return all(strategy.extended.variable_created_in_scope(variable.value) for variable in variables)

"""The losses of regularisers and penalties, those that are due on every k-th step only among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen.running_statistics import keep_statistics

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.protocols import Penalty, Regularizer
    from keras_transfer_gen.steps import Step, VAEStep


def regularization(regularizers: list, step: Step | VAEStep) -> tf.Tensor:
    """The sum of what regularisers add to the loss of a step's phase: float32 scalar; call it inside the tape.

    One with an interval is computed in a conditional, through which gradients flow.

    Args:
        regularizers: list of `protocols.Regularizer`.
        step: `Step` or `VAEStep`.
    """
    losses = [_regularizer_loss(regularizer, step) for regularizer in regularizers if step.phase in regularizer.phases]
    return tf.add_n([loss for loss in losses if loss is not None] or [tf.constant(0.0)])


def _regularizer_loss(regularizer: Regularizer | keras.layers.Layer, step: Any) -> tf.Tensor | None:
    """float32 scalar, or None where a regulariser without an interval has no loss in this phase."""

    def mean() -> tf.Tensor | None:
        loss = regularizer.losses(step).get(step.phase)
        return None if loss is None else tf.reduce_mean(loss)

    if regularizer.interval == 1:
        return mean()

    def due() -> tf.Tensor:
        loss = mean()
        return tf.constant(0.0) if loss is None else tf.cast(loss, tf.float32) * regularizer.interval

    return tf.cond(step.index % regularizer.interval == 0, due, lambda: tf.constant(0.0))


def _as_it_is(loss: tf.Tensor) -> tf.Tensor:
    return loss


def add_penalties(
    penalties: list,
    step: Step,
    variables: list[keras.Variable],
    gradients: list[tf.IndexedSlices | tf.Tensor],
    replicas: int,
    scale: Callable[..., Any] = _as_it_is,
) -> Any:
    """Adds the gradients of the penalties that are due in a step.

    Only gradients are computed in the conditional: an optimizer inside it fails under a distribution strategy.

    Args:
        penalties: list of `protocols.Penalty`; those of other phases are left out.
        step: `Step`.
        variables: list of the `keras.Variable`s that are trained in this phase.
        gradients: list of their gradients so far, a tensor or None each.
        replicas: devices that share the batch.
        scale: the optimizer's `scale_loss`, function of a loss.

    Returns:
        (gradients, the penalties' sum as a float32 scalar, dict of each penalty's position -> its statistics).
    """
    values, statistics = [], {}
    for position, penalty in enumerate(penalties):
        if step.phase not in penalty.phases or not variables:
            continue
        value, extra, measured = _penalty_gradients(penalty, step, variables, replicas, scale)
        gradients = [e if g is None else tf.convert_to_tensor(g) + e for g, e in zip(gradients, extra, strict=True)]
        values.append(value)
        statistics[position] = dict(zip(penalty.statistics, measured, strict=True))
    return gradients, tf.add_n(values) if len(values) > 1 else (values or [0.0])[0], statistics


def _penalty_gradients(
    penalty: Penalty | keras.layers.Layer,
    step: Step,
    variables: list[keras.Variable],
    replicas: int,
    scale: Callable[..., Any],
) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
    """(value, gradients, statistics) of a penalty: all 0 where it is not due."""

    def due() -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape, keep_statistics():
            losses = penalty.losses(step)
            value = tf.reduce_mean(losses[step.phase])
            total = scale(value * penalty.interval / replicas)
        own = tape.gradient(total, variables)
        # As dense tensors: an embedding's gradient has another form, and both branches must return the same.
        gradients = [_zeros(v) if g is None else tf.convert_to_tensor(g) for g, v in zip(own, variables, strict=True)]
        return value, gradients, [tf.cast(losses[name], tf.float32) for name in penalty.statistics]

    def skipped() -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        return tf.constant(0.0), [_zeros(v) for v in variables], [tf.constant(0.0) for _ in penalty.statistics]

    if penalty.interval == 1 or penalty.has_own_conditional:
        return due()
    return tf.cond(step.index % penalty.interval == 0, due, skipped)


def _zeros(variable: keras.Variable) -> tf.Tensor:
    return tf.zeros(variable.shape, variable.dtype)

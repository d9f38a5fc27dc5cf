"""Training in float16 without underflow: losses are scaled up before their gradients are taken, those down again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training.functional_form import is_functional


def computes_in_float16(networks: Iterable) -> bool:
    """Whether any layer of the networks computes in float16, as under the global policy "mixed_float16".

    A functional model and its inputs compute nothing; they take the global policy when a model is loaded, whose layers
    keep their own.

    Args:
        networks: iterable of `keras.Model`.
    """
    layers = [layer for network in networks for layer in network._flatten_layers()]
    computing = [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer) and not _groups(layer)]
    return any(layer.compute_dtype == "float16" for layer in computing)


def _groups(layer: Any) -> bool:
    return isinstance(layer, keras.Model) and (isinstance(layer, keras.Sequential) or is_functional(layer))


def with_loss_scale(optimizer: keras.optimizers.Optimizer, networks: Iterable) -> keras.optimizers.Optimizer:
    """The optimizer, in a `keras.optimizers.LossScaleOptimizer` where networks compute in float16.

    It skips a step whose gradients are not finite and halves the scale then. One that is wrapped already is returned.

    Args:
        optimizer: Keras optimizer.
        networks: all that its gradients flow through, whether it trains them or not.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or not computes_in_float16(networks):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def scaled_for(optimizer: keras.optimizers.Optimizer, precision: str) -> keras.optimizers.Optimizer:
    """The optimizer, in a `keras.optimizers.LossScaleOptimizer` where networks are going to compute in "float16"."""
    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "float16" else optimizer


def check_loss_scale(model: Any) -> None:
    """Raises a `UserError` where an optimizer of a compiled model does not scale losses."""
    for name in ("g_optimizer", "d_optimizer", "optimizer"):
        optimizer = getattr(model, name, None)
        plain = isinstance(optimizer, keras.optimizers.Optimizer)
        if plain and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            hint = f'Call set_precision(model, "float16") before compile, or give {name}=LossScaleOptimizer(...).'
            raise checks.user_error("precision", f"float32 or bfloat16 with this {name}", "float16", hint)


def apply_gradients(
    optimizer: keras.optimizers.Optimizer,
    gradients: list[tf.IndexedSlices | tf.Tensor],
    variables: list[keras.Variable],
) -> None:
    """`optimizer.apply`, for gradients of a loss that went through `optimizer.scale_loss`; in a replica's context.

    With a loss scale, all replicas skip a step that any of them must skip. Keras asks the first replica alone, and
    would add the infinite gradient of another one to the weights.

    Args:
        optimizer: Keras optimizer.
        gradients: list of tensors or None, of this replica.
        variables: list of `keras.Variable`.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1 and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        gradients = [None if g is None else tf.convert_to_tensor(g) for g in gradients]  # an embedding's is sparse
        finite = [tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients if gradient is not None]
        faults = tf.distribute.get_replica_context().all_reduce("sum", tf.cast(~tf.reduce_all(finite), tf.float32))
        gradients = [None if g is None else tf.where(faults > 0, tf.cast(float("nan"), g.dtype), g) for g in gradients]
    optimizer.apply(gradients, variables)

"""What a training step knows of the replicas that share its batch: their number, its own rows, means over all."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def count_replicas() -> int:
    """Replicas of the current strategy, over all devices and workers; 1 without one."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_number() -> Any:
    """The number of the replica that runs, from 0: an int or an int32 scalar; 0 outside of a replica's context."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context else 0


def replica_mean(value: Any) -> Any:
    """The mean over all replicas of a tensor that each of them has, or of a list of such; gradients flow through it.

    Not in a conditional: there, `tf.distribute.MirroredStrategy` can't exchange anything.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def own_rows(values: Any) -> Any:
    """This replica's rows of something that was drawn for the whole batch: replica r of R has rows r, r + R, ...

    So two replicas with 16 images each draw what one with 32 draws. Taking turns also keeps the groups whole that
    `networks.layers.MinibatchDeviation` compares: image i with i + N / 4, i + 2 N / 4 and i + 3 N / 4 of N.

    Args:
        values: `[batch x R, ...]`, the same on every replica.

    Returns:
        `[batch, ...]`.

    Example:
        >>> own_rows(tf.constant([1, 2, 3])).numpy().tolist()
        [1, 2, 3]
    """
    replicas = count_replicas()
    return values if replicas == 1 else values[replica_number() :: replicas]


def take_turns(dataset: tf.data.Dataset, replicas: int) -> tf.data.Dataset:
    """Batches in the order in which replicas take turns, as in `own_rows`: strategies cut a batch into whole parts.

    Args:
        dataset: of batches, tensors or nested structures of tensors.
        replicas: parts that a batch is cut into.

    Example:
        >>> batches = tf.data.Dataset.range(6).batch(6)
        >>> next(iter(take_turns(batches, 2))).numpy().tolist()
        [0, 2, 4, 1, 3, 5]
    """
    if replicas == 1:
        return dataset

    @tf.autograph.experimental.do_not_convert
    def reorder(*batch: Any) -> Any:
        batch = batch if len(batch) > 1 else batch[0]
        rows = tf.shape(tf.nest.flatten(batch)[0])[0]
        order = tf.concat([tf.range(first, rows, replicas) for first in range(replicas)], 0)
        return tf.nest.map_structure(lambda values: tf.ensure_shape(tf.gather(values, order), values.shape), batch)

    return dataset.map(reorder)

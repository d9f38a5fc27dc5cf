"""`fit` of several workers, processes that share each batch under `tf.distribute.MultiWorkerMirroredStrategy`.

Keras 3's own `fit` can't run there (3.15, keras issues 20329 and 20585): before the first step it tries to reduce a
batch of (images, labels) over the replicas, and after each step it reduces scalar logs along an axis that they don't
have. So the models' same `train_step` runs here in a loop of its own, with the same callbacks in the same order.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, worker_cluster
from keras_transfer_gen.replicas import take_turns
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.callbacks import AgreedStop
from keras_transfer_gen.training.distribution import has_workers

BATCH_SIZE = 32  # of arrays, as in Keras
# What TensorFlow raises where another process has ended or can't be reached.
LOST = (
    tf.errors.UnavailableError, tf.errors.DeadlineExceededError, tf.errors.AbortedError, tf.errors.CancelledError,
    tf.errors.InternalError,
)  # fmt: skip
# model -> (Keras' own train function, the step that stands for it)
_STEPS: weakref.WeakKeyDictionary[keras.Model, tuple[Any, Callable]] = weakref.WeakKeyDictionary()


def fit_function(model: keras.Model, keras_fit: Callable) -> Callable:
    """What a model's `fit` calls: `keras_fit`, or `fit_workers` where its strategy has several workers."""
    if not has_workers(model.distribute_strategy):
        return keras_fit
    return lambda **arguments: fit_workers(model, **arguments)


def fit_workers(
    model: keras.Model, x: Any, y: Any = None, *, epochs: int = 1, initial_epoch: int = 0,
    steps_per_epoch: int | None = None, callbacks: Any = None, verbose: Any = "auto", batch_size: int | None = None,
    shuffle: bool | None = None, **others: Any,
) -> keras.callbacks.History:  # fmt: skip
    """Trains with the other workers, all of which call it with the same arguments.

    Every callback runs on every worker and sees the same logs, the means over all replicas, so that all of them stop
    at the same step. Only the first worker shows a progress bar.

    Args:
        model: compiled `GAN` or `VAE`.
        x: what `distribute_data` returns, or an array of images.
        y: labels of an array, or None.
        epochs: number of the epoch at which to stop.
        initial_epoch: number of the first epoch.
        steps_per_epoch: batches in an epoch; None ends it with the data.
        callbacks: Keras callbacks.
        verbose: as in Keras.
        batch_size: images in a batch of all workers, where `x` is an array.
        shuffle: not used: arrays keep their order, as `fit` gives them.
        **others: Keras' other arguments; they must be left out.

    Returns:
        `keras.callbacks.History`.

    Raises:
        UserError: for an argument that has no use here.
        WorkerLost: where another worker ended.
    """
    strategy = model.distribute_strategy
    for name, value in others.items():
        if value is not None:
            step = "Score images by EvaluateEvery, or after the training."
            raise checks.user_error(name, "left out where several workers train", type(value), step)
    if isinstance(x, np.ndarray | tf.Tensor):
        parts = x if y is None else (x, y)
        x = distribute_data(tf.data.Dataset.from_tensor_slices(parts).batch(batch_size or BATCH_SIZE), 0, strategy)
    elif not isinstance(x, tf.distribute.DistributedDataset) and not hasattr(x, "__iter__"):
        raise checks.user_error("x", "what load_images returns, a tf.data.Dataset or an array", type(x))
    bar = verbose != 0 and worker_cluster.read_cluster().is_chief
    shown = keras.callbacks.CallbackList(
        callbacks, add_history=True, add_progbar=bar, verbose=verbose if bar else 0, epochs=epochs,
        steps=steps_per_epoch, model=model,
    )  # fmt: skip
    agreed = [callback for callback in shown.callbacks if isinstance(callback, AgreedStop)]
    for callback in agreed:
        callback.shared = True
    model.stop_training = False
    run_step, batches, logs = _step_of(model), None, {}
    shown.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        shown.on_epoch_begin(epoch)
        batches = iter(x) if batches is None or steps_per_epoch is None else batches
        for number in _count(steps_per_epoch):
            shown.on_train_batch_begin(number)
            with lost_workers_on_one_line():
                batch = next(batches, None)
                if batch is None:
                    break
                logs, wishes = run_step(batch, [wish for callback in agreed for wish in callback.wishes()])
            for callback in agreed:
                callback.hear([wishes.pop(0) for _ in callback.wishes()])
            shown.on_train_batch_end(number, logs)
            if model.stop_training:
                break
        logs = dict(logs)
        shown.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if isinstance(model.optimizer, keras.optimizers.Optimizer) and epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    shown.on_train_end(logs)
    return model.history


def distribute_data(x: tf.data.Dataset, step: int, strategy: tf.distribute.Strategy) -> Any:
    """Data of which each replica of each worker takes its own rows.

    Args:
        x: what `load_images` returns, whose batches begin at a step, or another `tf.data.Dataset` of whole batches.
        step: number of the next step, of an `ImageStream`.
        strategy: of the model.

    Returns:
        An iterable for `fit_workers`.
    """
    replicas = strategy.num_replicas_in_sync
    if isinstance(x, ImageStream) and x.parts_from_step is not None:

        def own_parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = replicas // context.num_input_pipelines
            first = context.input_pipeline_id * local
            return x.parts_from_step(step, replicas, tuple(range(first, first + local)))

        return strategy.distribute_datasets_from_function(own_parts)
    x = x.from_step(step) if isinstance(x, ImageStream) else x
    options = tf.data.Options()
    # FILE, the default, needs at least one file for each worker.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return strategy.experimental_distribute_dataset(take_turns(x, replicas).with_options(options))


@contextlib.contextmanager
def lost_workers_on_one_line() -> Iterator[None]:
    """Turns what TensorFlow raises after another worker ended into a `WorkerLost`."""
    try:
        yield
    except LOST as error:
        raise worker_cluster.WorkerLost(worker_cluster.describe_loss(error.message)) from error


def _count(steps: int | None) -> Iterator[int]:
    """0, 1, 2, ...; `steps` of them, or without end for None."""
    number = 0
    while steps is None or number < steps:
        yield number
        number += 1


def _step_of(model: keras.Model) -> Callable[..., Any]:
    """Function `(batch, wishes) -> (logs, wishes)`, summed over all replicas; traced anew where Keras would."""
    model.make_train_function()  # a new one where flags or precisions changed, or the model was compiled
    known = _STEPS.get(model)
    if known is None or known[0] is not model.train_function:
        known = _STEPS[model] = (model.train_function, _make_step(model))
    return known[1]


def _make_step(model: keras.Model) -> Callable[..., Any]:
    strategy, names = model.distribute_strategy, []
    replicas = strategy.num_replicas_in_sync

    def on_replica(batch: Any, wishes: tf.Tensor) -> tf.Tensor:
        logs = model.train_step(batch)
        names[:] = logs
        shares = [tf.cast(value, tf.float32) / replicas for value in logs.values()]
        return tf.concat([tf.stack(shares), wishes], 0)

    def step(batch: Any, wishes: tf.Tensor) -> tf.Tensor:
        numbers = strategy.run(on_replica, args=(batch, wishes))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, numbers, axis=None)  # one exchange for all of them

    compiled = step if model.run_eagerly else tf.function(step, reduce_retracing=True)

    def run_step(batch: Any, wishes: list[float]) -> tuple[dict[str, float], list[float]]:
        numbers = compiled(batch, tf.constant(wishes, tf.float32)).numpy().tolist()
        return dict(zip(names, numbers, strict=False)), numbers[len(names) :]

    return run_step

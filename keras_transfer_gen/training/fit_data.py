"""What a model asks of the data that it is fitted to, and when its step must be traced again."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.replicas import take_turns
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training import network_checks, trainable_flags
from keras_transfer_gen.training.distribution import check_global_batch, has_workers
from keras_transfer_gen.training.worker_loop import distribute_data

LEVELS = (-32, 287)  # what resizing with an overshooting filter makes of 0 and 255
FITTED = (np.ndarray, tf.Tensor, tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset, Iterator)


def check_can_train(model: keras.Model, name: str) -> None:
    """Raises a `UserError` where a model isn't compiled or every weight of it is frozen.

    Args:
        model: keras.Model with `roles`.
        name: what the examples call it, such as "vae".
    """
    kind = type(model).__name__
    if not model.compiled:
        raise checks.UserError(f"the {kind} is not compiled. Call {name}.compile() before {name}.fit(...).")
    if not any(network.trainable_variables for network in model.roles.values()):
        hint = f'Set some free: freeze({name}, {{".*": True}}) sets all.'
        raise checks.UserError(f"every weight of the {kind} is frozen, so there is nothing to train. {hint}")


def prepare(
    model: Any,
    name: str,
    x: Any,
    y: Any,
    shape: tuple[None, int, int, int],
    steps_per_epoch: int | None = None,
    validation_data: np.ndarray | tf.data.Dataset | tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Any]:
    """The arguments of Keras' `fit` that say what is learnt from.

    Args:
        model: compiled `GAN` or `VAE`; an `ImageStream` starts at the step that it has reached.
        name: what the examples call it, such as "gan".
        x: what `load_images` returns, a `tf.data.Dataset` of images `[batch, H, W, C]` or (images, labels), an array,
            or anything else that Keras takes; levels are from 0 to 255, uint8 or another type.
        y: labels of the images of an array, or None; see `check_labels`.
        shape: of the model's images, (None, H, W, C).
        steps_per_epoch: batches in an epoch, or None for the stream's own.
        validation_data: images, (images, labels) or None.

    Returns:
        dict of Keras' arguments.

    Raises:
        UserError: where the images are none, of another shape or scaled, or devices can't share a batch evenly.
    """
    if not isinstance(x, FITTED):
        expected = "what load_images returns, a tf.data.Dataset or an array"
        received = x if x is None or isinstance(x, str) else type(x)
        raise checks.user_error("x", expected, received, f'Such as {name}.fit(load_images("photos/")).')
    y = check_labels(x, y, model.spec.num_classes)
    if isinstance(x, ImageStream):
        check_global_batch(x.batch_size, model.distribute_strategy)
        steps_per_epoch = steps_per_epoch or x.steps_per_epoch
    x = check_image_data(x, shape)
    arguments = {"x": _for_replicas(model, x), "y": y, "steps_per_epoch": steps_per_epoch}
    if validation_data is not None:
        with checks.named(x="validation_data"):
            check_image_data(images_of(validation_data), shape)
        arguments["validation_data"] = validation_data
    return {**arguments, "shuffle": False} if isinstance(x, tf.data.Dataset) else arguments


def _for_replicas(model: keras.Model, x: Any) -> Any:
    """Images for the replicas of a model's strategy; of a dataset, each gets the rows that `replicas.own_rows` says."""
    strategy, step = model.distribute_strategy, int(model.step.numpy())
    if not isinstance(x, tf.data.Dataset):
        return x
    if has_workers(strategy):
        return distribute_data(x, step, strategy)
    x = x.from_step(step) if isinstance(x, ImageStream) else x
    return take_turns(x, strategy.num_replicas_in_sync)


def check_image_data(x: Any, shape: tuple[None, int, int, int]) -> Any:
    """Checks that what `fit` or `evaluate` takes holds images of a model.

    Args:
        x: array, tensor, `tf.data.Dataset`, `PyDataset` or generator; what is none of these is left to Keras.
        shape: of the model's images, (None, H, W, C).

    Returns:
        `x`; in place of a generator another one, since its first batch was read for the check.

    Raises:
        UserError: where there are no images, or they have another shape, or levels that are not from 0 to 255.
    """
    if isinstance(x, types.GeneratorType):
        first = next(x, None)
        if first is None:
            raise checks.user_error("x", "at least one image", "an empty generator")
        _check_batch(first, shape)
        return _with_first(first, x)
    if isinstance(x, tf.data.Dataset):
        network_checks.check_images(x.element_spec, shape)
        if x.cardinality() == 0:
            raise checks.user_error("x", "at least one image", "an empty dataset")
        if images_of(x.element_spec).dtype != tf.uint8:
            for batch in x.take(1):
                check_levels(images_of(batch))
    elif isinstance(x, keras.utils.PyDataset):
        _check_batch(x[0], shape)
    elif isinstance(x, (np.ndarray, tf.Tensor)):
        _check_batch(x, shape)
    return x


def check_levels(images: np.ndarray | tf.Tensor) -> Any:
    """Raises a `UserError` where numbers are no levels of 0 to 255, such as images scaled to [0, 1] or [-1, 1].

    Args:
        images: array or tensor of numbers.
    """
    if images.dtype in (tf.uint8, np.uint8):
        return
    low, high = float(np.min(images)), float(np.max(images))
    if low >= LEVELS[0] and 1 < high <= LEVELS[1]:
        return
    hint = "Leave them as image_dataset_from_directory gives them, without a Rescaling layer or a division by 255."
    raise checks.user_error("x", "images with levels from 0 to 255", f"numbers from {low:g} to {high:g}", hint)


def check_labels(x: Any, y: list[int] | np.ndarray | None, num_classes: int = 0) -> np.ndarray | None:
    """Labels that stand beside an array of images, as Keras' `fit` takes them.

    Args:
        x: the images.
        y: integers `[N]` or `[N, 1]`, or None. Where a model takes no labels, anything else is left out, such as the
            images themselves, which other autoencoders take.
        num_classes: of the model; 0 where it takes no labels.

    Returns:
        int32 ndarray `[N]`, or None.

    Raises:
        UserError: for labels beside a dataset, which has its own, and for anything else than labels where a model
            takes some.
    """
    if y is None:
        return None
    if not isinstance(x, (np.ndarray, tf.Tensor)):
        hint = "Let x yield (images, labels)."
        raise checks.user_error("y", f"left out beside a {type(x).__name__}", type(y), hint)
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape == (len(x),) and np.issubdtype(labels.dtype, np.integer):
        return labels.astype(np.int32)
    if num_classes:
        expected = f"integers [{len(x)}], the class of each image"
        raise checks.user_error("y", expected, labels, "One-hot rows become such by y.argmax(axis=1).")
    return None


def images_of(batch: Any) -> Any:
    """The images of a batch, or of its spec, that may be (images, labels)."""
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def _check_batch(
    batch: np.ndarray | tf.Tensor | tuple[np.ndarray, np.ndarray], shape: tuple[None, int, int, int]
) -> None:
    images = images_of(batch)
    images = images if isinstance(images, tf.Tensor) else np.asarray(images)
    network_checks.check_images(tf.TensorSpec(images.shape, images.dtype), shape)
    if not images.shape[0]:
        raise checks.user_error("x", "at least one image", tuple(images.shape))
    check_levels(images)


def _with_first(
    first: np.ndarray | tuple[np.ndarray, np.ndarray], rest: Any
) -> Iterator[np.ndarray | tuple[np.ndarray, np.ndarray]]:
    yield first
    yield from rest


class FlagWatch:
    """Notices changed `trainable` flags and precisions; Keras would go on with the step that it traced before.

    Args:
        networks: the models whose layers and variables are watched.
    """

    def __init__(self, networks: Iterable | list[keras.Model]) -> None:
        self._networks = tuple(networks)
        self._last: Any = None

    def changed(self) -> bool:
        """Whether a flag or a precision changed since the last call; False at the first call."""
        last, self._last = self._last, [_marks(network) for network in self._networks]
        return last is not None and last != self._last


def _marks(network: keras.Model) -> tuple[dict[str, list[bool]], list[str]]:
    """What a traced step takes for granted: which weights are trainable and what each layer computes in."""
    return trainable_flags.read_flags(network), [layer.dtype_policy.name for layer in network._flatten_layers()]


def all_images(x: Any, shape: tuple[None, int, int, int]) -> np.ndarray:
    """All images of what a user gave, each once and in order.

    Args:
        x: array or tensor `[N, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches; levels
            are from 0 to 255, uint8 or another type.
        shape: of the model's images, (None, H, W, C).

    Returns:
        uint8 `[N, H, W, C]`; levels between two integers are rounded.

    Raises:
        UserError: where there is none, or they are of another shape or have other levels.
    """
    if isinstance(x, ImageStream):
        x = x.image_set.images
    if isinstance(x, tf.data.Dataset):
        with checks.named(x="images"):
            network_checks.check_images(x.element_spec, shape)
        if x.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise checks.user_error("images", "a dataset that ends", "an endless one", "Use .take(n).")
        x = np.concatenate([np.empty((0, *shape[1:]), np.uint8), *(images_of(batch).numpy() for batch in x)])
    if not isinstance(x, (np.ndarray, tf.Tensor)):
        expected = "an array of images, what load_images returns, or a tf.data.Dataset"
        raise checks.user_error("images", expected, x if isinstance(x, str) else type(x), "Load it with load_images.")
    with checks.named(x="images"):
        check_image_data(x, shape)
    return x if isinstance(x, np.ndarray) and x.dtype == np.uint8 else _rounded(x)


def _rounded(images: np.ndarray | tf.Tensor) -> np.ndarray:
    return np.clip(np.rint(np.asarray(images, np.float32)), 0, 255).astype(np.uint8)

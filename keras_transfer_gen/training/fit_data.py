"""What a model asks of the data that it is fitted to, and when its step must be traced again."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training import network_checks as networks
from keras_transfer_gen.training.distribution import check_global_batch

FITTED = (np.ndarray, tf.Tensor, tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset, Iterator)


def check_can_train(model, name):
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


def prepare(x, step, shape, name, strategy=None):
    """The data in the form that Keras' `fit` takes.

    Args:
        x: what `load_images` returns, a `tf.data.Dataset` of uint8 images `[batch, H, W, C]` or (images, labels), a
            uint8 array, or anything else that Keras takes.
        step: number of the step that the model has reached; an `ImageStream` starts there.
        shape: of the model's images, (None, H, W, C).
        name: what the examples call the model.
        strategy: that it trains under, or None for one device.

    Returns:
        (x, steps in an epoch or None, Keras arguments that must be set).

    Raises:
        UserError: where the images are none or of another shape or type, or devices can't share a batch evenly.
    """
    if not isinstance(x, FITTED):
        expected = "what load_images returns, a tf.data.Dataset or a uint8 array"
        received = x if x is None or isinstance(x, str) else type(x)
        raise checks.user_error("x", expected, received, f'Such as {name}.fit(load_images("photos/")).')
    steps = None
    if isinstance(x, ImageStream):
        if strategy is not None:
            check_global_batch(x.batch_size, strategy)
        steps = x.steps_per_epoch
        x = x.from_step(step)
    check_image_data(x, shape)
    return x, steps, {"shuffle": False} if isinstance(x, tf.data.Dataset) else {}


def check_image_data(x, shape):
    """Raises a `UserError` where an array, tensor or dataset holds no images, or not those of a model.

    Args:
        x: what `fit` or `evaluate` was given; what is none of these is left to Keras.
        shape: of the model's images, (None, H, W, C).
    """
    if isinstance(x, tf.data.Dataset):
        networks.check_images(x.element_spec, shape)
        none = "an empty dataset" if x.cardinality() == 0 else None
    elif isinstance(x, (np.ndarray, tf.Tensor)):
        networks.check_images(tf.TensorSpec(x.shape, x.dtype), shape)
        none = None if x.shape[0] else tuple(x.shape)
    else:
        return
    if none:
        raise checks.user_error("x", "at least one image", none)


class FlagWatch:
    """Notices that `trainable` flags were changed; Keras would go on with the step that it traced before.

    Args:
        networks: the models whose layers and variables are watched.
    """

    def __init__(self, networks):
        self._networks = tuple(networks)
        self._last = None

    def changed(self):
        """Whether a flag is another one than at the last call; False at the first."""
        last, self._last = self._last, [networks.read_flags(network) for network in self._networks]
        return last is not None and last != self._last


def all_images(x, shape):
    """All images of what a user gave, each once and in order.

    Args:
        x: uint8 array or tensor `[N, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches.
        shape: of the model's images, (None, H, W, C).

    Returns:
        uint8 `[N, H, W, C]`.

    Raises:
        UserError: where there is none, or they are of another shape or type.
    """
    if isinstance(x, ImageStream):
        x = x.image_set.images
    if isinstance(x, tf.data.Dataset):
        networks.check_images(x.element_spec, shape)
        if x.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise checks.user_error("images", "a dataset that ends", "an endless one", "Use .take(n).")
        x = np.concatenate([(b[0] if isinstance(b, (tuple, list)) else b).numpy() for b in x])
    if not isinstance(x, (np.ndarray, tf.Tensor)):
        expected = "a uint8 array, what load_images returns, or a tf.data.Dataset"
        raise checks.user_error("images", expected, x if isinstance(x, str) else type(x), "Load it with load_images.")
    with checks.named(x="images"):
        check_image_data(x, shape)
    return x if isinstance(x, np.ndarray) else x.numpy()

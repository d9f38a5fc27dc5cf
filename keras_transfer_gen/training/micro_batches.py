"""A batch in several micro-batches: how it is cut, how gradients are added up, and what differs from a whole batch.

Memory is that of one micro-batch, since each begins only once the one before has ended.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import keras


ACROSS_IMAGES = {  # class name of a layer -> what it takes over a batch
    "BatchNormalization": "batch norm takes its statistics",
    "FusedBatchNormalization": "batch norm takes its statistics",
    "MinibatchDeviation": "the deviation of the images is taken",
    "StyledConv2D": "noise is drawn",
    "Styles": "mixed styles are drawn and the average style is taken",
}
OF_BATCHES = {  # class name of a penalty or likelihood -> the same
    "PathLength": "path lengths are measured",
    "GaussianOptimalSigma": "the scale of errors is taken",
    "LaplaceOptimalScale": "the scale of errors is taken",
    "Perceptual": "the scale of errors is taken",
}
HINT = "Such as --micro-batch 8 beside --batch-size 32."


def check_micro_batch(micro_batch: int | None) -> int | None:
    """The images of a micro-batch as a Python int, or None; a `UserError` for anything else."""
    return None if micro_batch is None else checks.check_integer("micro_batch", micro_batch, next_step=HINT)


@dataclasses.dataclass(frozen=True)
class Part:
    """The images of one micro-batch within a batch.

    Args:
        start: number of the first one.
        stop: number after the last one.
        batch: images in the batch.
    """

    start: int
    stop: int
    batch: int

    def of(self, values: Any) -> Any:
        """The rows of this micro-batch, of a tensor `[batch, ...]` or a nest of such."""
        return tf.nest.map_structure(lambda tensor: tensor[self.start : self.stop], values)

    def as_in_batch(self, function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
        """A function of images that are changed as they would be among the whole batch.

        Args:
            function: of float32 `[batch, H, W, C]`, such as an augmentation, whose draws depend on an image's place.

        Returns:
            function of float32 `[stop - start, H, W, C]`.
        """
        if self.stop - self.start == self.batch:
            return function
        around = [[self.start, self.batch - self.stop]]
        return lambda images: self.of(function(tf.pad(images, [*around, [0, 0], [0, 0], [0, 0]])))


def parts_of(images: tf.Tensor, micro_batch: int) -> list[Part]:
    """The `Part`s of a batch on one device.

    Args:
        images: tensor `[batch, ...]`.
        micro_batch: images in a part.

    Raises:
        UserError: where the number of images isn't known beforehand or can't be divided evenly.
    """
    batch = images.shape[0]
    if batch is None:
        step = "Let every batch have as many images: drop_remainder=True, or what load_images returns."
        raise checks.user_error("micro_batch", "left out where batches differ in size", micro_batch, step)
    if batch % micro_batch:
        fitting = max(size for size in range(1, micro_batch + 1) if batch % size == 0)
        step = f"Each micro-batch has as many images: use --micro-batch {fitting}."
        raise checks.user_error("micro_batch", f"a divisor of the {batch} images of a device", micro_batch, step)
    return [Part(start, start + micro_batch, batch) for start in range(0, batch, micro_batch)]


class Sum:
    """Adds up what the micro-batches of a batch give: gradients and numbers, as means; rows, one after the other.

    Args:
        count: of the micro-batches.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.gradients: list[tf.Tensor | None] | None = None
        self.numbers: Any = None
        self.rows: list[Any] = []

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[None]:
        """Within it, nothing is computed before the micro-batches that were added have ended."""
        ended = [] if self.gradients is None else [g for g in self.gradients if g is not None]
        with tf.control_dependencies([*ended, *tf.nest.flatten(self.numbers or {})]):
            yield

    def add(self, gradients: list[tf.Tensor | None], numbers: Any, rows: Any) -> None:
        """Adds one micro-batch.

        Args:
            gradients: list of tensors or None.
            numbers: nest of scalars.
            rows: nest of tensors `[micro-batch, ...]`.
        """
        share = 1.0 / self.count
        dense = [None if g is None else tf.convert_to_tensor(g) * tf.cast(share, g.dtype) for g in gradients]
        numbers = tf.nest.map_structure(lambda value: tf.cast(value, tf.float32) * share, numbers)
        self.rows.append(rows)
        if self.gradients is None:
            self.gradients, self.numbers = dense, numbers
            return
        self.gradients = [_added(old, new) for old, new in zip(self.gradients, dense, strict=True)]
        self.numbers = tf.nest.map_structure(tf.add, self.numbers, numbers)

    def whole_rows(self) -> Any:
        """The rows of the batch, in its order."""
        return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *self.rows)


def _added(old: tf.Tensor | None, new: tf.Tensor | None) -> tf.Tensor | None:
    if old is None or new is None:
        return new if old is None else old
    return old + new


def describe_differences(model: keras.Model) -> list[str]:
    """What of a model takes micro-batches for batches, so that it learns a little differently: list of sentences.

    Args:
        model: compiled `GAN` or `VAE` with `micro_batch`.

    Returns:
        empty where a step equals that of the whole batch up to rounding.
    """
    sentences = []
    for role, network in model.roles.items():
        layers = [layer for layer in network._flatten_layers() if getattr(layer, "noise", "") != "none"]
        kinds = {type(layer).__name__ for layer in layers}
        words = {words for name, words in ACROSS_IMAGES.items() if name in kinds}
        sentences += [f"in the {role}, {text} over {model.micro_batch} images" for text in sorted(words)]
    parts = {type(part).__name__ for part in (*getattr(model, "penalties", []), getattr(model, "likelihood", None))}
    sentences += [f"{text} over {model.micro_batch} images" for name, text in OF_BATCHES.items() if name in parts]
    if getattr(model, "free_bits", 0):
        sentences.append(f"free bits are given to the divergence of {model.micro_batch} images")
    return sentences

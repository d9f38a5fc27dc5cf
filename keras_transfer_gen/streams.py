"""The contract between data and training: a dataset whose batch number n is always the same batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class ImageStream(tf.data.Dataset):
    """A finite `tf.data.Dataset` of one epoch, which can also start at any step and then has no end.

    Iterating over it (any Keras model, any loop) gives one epoch, in another order each time. `GAN.fit` uses
    `from_step`, so that the batches of a run depend on its step alone and a resumed run needs no iterator state.

    Args:
        epoch: the `tf.data.Dataset` of one epoch; uint8 `[B, S, S, C]` or (images, int32 labels `[B]`).
        from_step: function `step -> tf.data.Dataset` of all batches from number `step` on, without end.
        steps_per_epoch: batches in an epoch.
        batch_size: images in a batch.
        image_set: `ImageSet` that the batches are drawn from.
        parts_from_step: function `(step, parts, own) -> tf.data.Dataset` of what some replicas take of the same
            batches: each is dealt out to `parts` replicas in turn, and of every batch come those parts whose numbers
            are in the tuple `own`, one after the other. None where the stream can't tell.
    """

    def __init__(
        self,
        epoch: tf.data.Dataset,
        from_step: Callable[[int], tf.data.Dataset],
        steps_per_epoch: int,
        batch_size: int,
        image_set: Any,
        parts_from_step: Callable[[int, int, tuple[int, ...]], tf.data.Dataset] | None = None,
    ) -> None:
        self._epoch = epoch
        self.from_step = from_step
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.image_set = image_set
        self.parts_from_step = parts_from_step
        super().__init__(epoch._variant_tensor)

    def _inputs(self) -> list[tf.data.Dataset]:
        return [self._epoch]

    @property
    def element_spec(self) -> Any:
        return self._epoch.element_spec

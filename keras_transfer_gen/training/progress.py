"""How far a model's training has come: counters that are saved with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def add_counters(model: keras.Model) -> None:
    """Gives a model the weights `step` and `images_seen`, int64 scalars.

    Real images are counted apart from steps: the batch size may change when a training is continued.

    Args:
        model: `GAN` or `VAE`.
    """
    for name in ("step", "images_seen"):
        counter = model.add_weight(
            shape=(), dtype="int64", trainable=False, name=name, initializer="zeros", aggregation="only_first_replica"
        )
        setattr(model, name, counter)


def kimg_of(model: keras.Model) -> float:
    """Thousands of real images that a model has seen in training, float."""
    return int(model.images_seen.numpy()) / 1000.0

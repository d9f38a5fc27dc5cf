"""Measures on the way of a GAN's training whether it is well, and warns in the terminal where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from keras_transfer_gen.recipes.scoring.health import find_health_warnings
from keras_transfer_gen.training.memory_gap import memory_gap

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.training.gan import GAN


LEAST_IMAGES, MOST_IMAGES = 20, 64  # of each kind that the discriminator judges; of fewer the mean is chance


class HealthWatch:
    """Watches the scores of a training, and says each warning once.

    Args:
        reporter: told of the warnings.
        training: uint8 `[N, S, S, C]`, training images.
        holdout: uint8 `[M, S, S, C]`, real images that are not trained on, or None: then what the discriminator knows
            by heart can't be measured.
    """

    def __init__(
        self, reporter: Reporter, training: np.ndarray | LazyImages, holdout: np.ndarray | LazyImages | None = None
    ) -> None:
        self.reporter = reporter
        self.training = _some(training)
        self.holdout = None if holdout is None else _some(holdout)
        self.records, self._said = [], set()

    @classmethod
    def of_images(cls, reporter: Reporter, images: RunImages) -> Self:
        """Of a run's images: those of a reference of its own are the holdout.

        Args:
            reporter: `Reporter`.
            images: `RunImages`.
        """
        holdout = None if images.reference is images.training else images.reference.images
        return cls(reporter, images.training.images, holdout)

    def begin(self, records: Iterable[dict[str, Any]]) -> None:
        """Takes the scores of an earlier part of the training, whose warnings were said."""
        self.records = list(records)
        self._said = {warning.kind for warning in find_health_warnings(self.records)}

    def measure(self, gan: GAN, generated: np.ndarray) -> dict[str, float]:
        """{"memory_gap": float} of a model, empty where it can't be measured.

        Args:
            gan: `GAN`.
            generated: uint8 `[K, S, S, C]`, some of its images.
        """
        if self.holdout is None or gan.spec.num_classes:
            return {}
        if min(len(self.training), len(self.holdout), len(generated)) < LEAST_IMAGES:
            return {}
        gap = memory_gap(gan, self.training, self.holdout, _some(generated))
        return {} if gap is None else {"memory_gap": gap}

    def look(self, kimg: float, scores: dict[str, float]) -> None:
        """Takes the newest scores and says what is wrong, each kind once."""
        self.records.append({"kimg": kimg, **scores})
        for warning in find_health_warnings(self.records):
            if warning.kind not in self._said:
                self._said.add(warning.kind)
                self.reporter.say(warning.line())


def _some(images: np.ndarray | LazyImages) -> np.ndarray:
    """At most `MOST_IMAGES` images, evenly from the first to the last."""
    count = min(len(images), MOST_IMAGES)
    return np.asarray(images)[np.linspace(0, len(images) - 1, count).round().astype(int)]

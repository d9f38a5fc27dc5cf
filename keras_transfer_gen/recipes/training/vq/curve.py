"""The scores of a VQ-VAE on the way, by images put aside, and the weights that are best by them.

The decoder is scored by its reconstructions (PSNR), the prior by the likelihood of the tokens (nats): a prior that
knows few images by heart is found out at once, and the weights from before that are taken.
"""

from __future__ import annotations

import abc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.recipes.runs.best_model import BestModel
from keras_transfer_gen.recipes.runs.phases import POINTS_TO_SELECT, Curve
from keras_transfer_gen.recipes.scoring.nats import nats_of
from keras_transfer_gen.training.vqvae_adversary import is_due
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.training.vqvae import VQVAE


class PartCurve(Curve):
    """The curve of one part, whose best weights are taken at the end where there are images for validation.

    Args:
        images: `RunImages`.
        out: the RUN folder.
    """

    points = POINTS_TO_SELECT
    name = ""  # of the score
    sign = 1.0  # 1 where higher is better, -1 where lower is

    def __init__(self, images: RunImages, out: str | Path) -> None:
        self.images, self.out = images, out
        self.best: Any = None

    @property
    def measured(self) -> np.ndarray | LazyImages:
        """The images that the score is of: those for validation, or else those of the holdout."""
        return self.images.validation if len(self.images.validation) else self.images.holdout

    def begin(self, training: Training) -> None:
        before = self.best_point(training)
        value = float("-inf") if before is None else self.sign * before[self.name]
        file = training.branch.checkpoints / f"best_{self.name}.keras"
        self.best = BestModel(file, self.out, value, training.say)
        if before is None:
            training.records = [*training.records, {"kimg": training.model.kimg, **self(training.model)}]

    def __call__(self, model: VQVAE) -> dict[str, float]:
        value = self.score(model)
        if len(self.images.validation) and self.selects(model):
            self.best.offer(model, self.sign * value)
        return {self.name: value}

    def end(self, training: Training) -> float | None:
        if not len(self.images.validation) or not self.best.file.is_file() or self.is_over(training.model):
            return None
        with beside(self.best.file):
            best = keras.models.load_model(self.best.file)
        for network, other in zip(self.networks(training.model), self.networks(best), strict=True):
            network.set_weights(other.get_weights())
        return self.best_point(training)["kimg"]

    def best_point(self, training: Training) -> dict[str, float] | None:
        """The record with the best score of this part, the earliest of equals; None of none."""
        own = [record for record in training.records if self.name in record]
        return max(own, key=lambda record: self.sign * record[self.name], default=None)

    def is_over(self, model: VQVAE) -> bool:
        """Whether the networks have learnt on since the phase (bool): a run that goes on ends it again."""
        return False

    def selects(self, model: VQVAE) -> bool:
        """Whether the score tells which weights are the best (bool)."""
        return True

    @abc.abstractmethod
    def score(self, model: VQVAE) -> float:
        """The score of a model."""

    @abc.abstractmethod
    def networks(self, model: VQVAE) -> list[Any]:
        """The networks and layers of the part."""


class PsnrCurve(PartCurve):
    """PSNR of reconstructions of images put aside, dB.

    A discriminator gives some of it up for sharpness, so beside one the last weights are taken.
    """

    name = "psnr"

    def is_over(self, model: VQVAE) -> bool:
        return model.drawn_tokens is not None

    def selects(self, model: VQVAE) -> bool:
        return not is_due(model)

    def score(self, model: VQVAE) -> float:
        return float(np.mean(tf.image.psnr(self.measured, model.reconstruct(self.measured), 255)))

    def networks(self, model: VQVAE) -> list[Any]:
        return [model.encoder, model.quantizer, model.decoder]


class DrawnCurve(PsnrCurve):
    """The same while draws are judged: it shows what that costs, and the last weights are taken."""


class NatsCurve(PartCurve):
    """Minus the log-likelihood of the tokens of images put aside, nats per image, without a class."""

    name, sign = "nats", -1.0

    def score(self, model: VQVAE) -> float:
        return nats_of(model, self.measured)

    def networks(self, model: VQVAE) -> list[Any]:
        return [model.prior.network]

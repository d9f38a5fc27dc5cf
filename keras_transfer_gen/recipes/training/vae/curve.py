"""The learning curve of a VAE: the ELBO on the way, and the weights where it is highest.

The weights are selected by images that were put aside for it (`validation`), never by those that the reported ELBO is
measured on (`holdout`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen.recipes.runs.best_model import BestModel
from keras_transfer_gen.recipes.runs.phases import POINTS_TO_SELECT, Curve
from keras_transfer_gen.recipes.scoring.elbo_protocol import calibrate, curve_elbo
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.training.vae import VAE


FILE = "best.keras"  # in the folder of the checkpoints


class ElboCurve(Curve):
    """The ELBO of the holdout.

    Args:
        images: `RunImages`.
    """

    def __init__(self, images: RunImages) -> None:
        self.images = images

    def __call__(self, model: VAE) -> dict[str, float]:
        return {"elbo": curve_elbo(model, self.images.holdout)}


class BestElboCurve(ElboCurve):
    """The ELBO of the images for validation, where there are some; at the end the weights with the highest are taken.

    Without images for validation the last weights stay, and so does the likelihood's stored scale of the beginning,
    which was measured on weights that know none of the images.

    Args:
        images: `RunImages`.
        out: the RUN folder.
    """

    points = POINTS_TO_SELECT

    def __init__(self, images: RunImages, out: PathLike) -> None:
        super().__init__(images)
        self.out = out
        self.best: BestModel | None = None
        self.scale: list[np.ndarray] = []

    @property
    def selects(self) -> bool:
        """Whether there are images to select the weights by (bool)."""
        return len(self.images.validation) > 0

    def begin(self, training: Training) -> None:
        vae, before = training.model, best_point(training.records)
        value = float("-inf") if before is None else before["elbo"]
        self.best = BestModel(training.branch.checkpoints / FILE, self.out, value, training.say)
        if not training.records:
            calibrate(vae, self.images.calibration_images)
            training.records = [{"kimg": vae.kimg, **self(vae)}]
        self.scale = [variable.numpy() for variable in vae.likelihood.variables]

    def __call__(self, model: VAE) -> dict[str, float]:
        if not self.selects:
            return super().__call__(model)
        calibrate(model, self.images.validation)
        elbo = curve_elbo(model, self.images.validation)
        self.best.offer(model, elbo)
        return {"elbo": elbo}

    def end(self, training: Training) -> float | None:
        vae = training.model
        if not self.selects:
            for variable, value in zip(vae.likelihood.variables, self.scale, strict=True):
                variable.assign(value)
            return None
        take_best(vae, self.best.file)
        calibrate(vae, self.images.validation)
        return best_point(training.records)["kimg"]


def take_best(vae: VAE, file: Path) -> None:
    """Gives a VAE the network weights of the best one; its step and optimizer stay as they are."""
    if not file.is_file():
        return
    with beside(file):
        best = keras.models.load_model(file)
    for role, network in vae.roles.items():
        network.set_weights(best.roles[role].get_weights())


def best_point(records: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The record with the highest ELBO, the earliest of equals; None of none."""
    return max(records, key=lambda record: record["elbo"], default=None)

"""A training of a VAE that ends with its best weights, chosen by images that were put aside for it."""

import keras

from keras_transfer_gen import pixels
from keras_transfer_gen.recipes.runs.best_file import BestFile, often_enough
from keras_transfer_gen.recipes.scoring.elbo_protocol import calibrate, curve_elbo
from keras_transfer_gen.recipes.training.vae.vae_loop import train_vae
from keras_transfer_gen.training.checkpoint import save_checkpoint
from keras_transfer_gen.transfer.saved_model.files import beside

SHOWN = 36  # images on a sheet that is shown
BEST = "best.keras"


def train_to_best(training, given, settings, folder, *, kimg, samples, reporter, **options):
    """Trains until the budget is reached, then takes the best weights back.

    Without images for validation the last weights are kept, and the stored scale of errors is that of the beginning,
    of weights that know none of the images.

    Args:
        training: `Training` of a VAE, changed in place.
        given: `VaeImages`.
        settings: `FineTuneVaeSettings`.
        folder: where its checkpoints go.
        kimg: total thousands of images to stop at.
        samples: the RUN folder whose samples/ gets contact sheets, or None.
        reporter: told of the progress.
        **options: the other arguments of `training_run.train`, all but `score`.

    Raises:
        Interrupted, UserError: as `training_run.train`.
    """
    vae, chosen = training.gan, len(given.validation) > 0
    before = training.state().get("records")
    measure = _Curve(given, folder, settings.out, reporter if samples is not None else None, before)
    if not before:
        calibrate(vae, given.not_learnt)
        training.records = [{"kimg": vae.kimg, **measure(vae)}]
    scale = [variable.numpy() for variable in vae.likelihood.variables]
    train_vae(
        training, given.inputs.image_set, often_enough(settings, kimg), folder, kimg=kimg, score=measure,
        samples=samples, reporter=reporter, **options,
    )  # fmt: skip
    if chosen:
        take_best(vae, folder)
        calibrate(vae, given.validation)
    else:
        for variable, value in zip(vae.likelihood.variables, scale, strict=True):
            variable.assign(value)


def take_best(vae, folder):
    """Gives a VAE the weights that had the best bound on the way; its step and optimizer stay as they are."""
    file = folder / BEST
    if not file.is_file():
        return
    with beside(file):
        best = keras.models.load_model(file)
    for role, network in vae.roles.items():
        network.set_weights(best.roles[role].get_weights())


def best_point(records):
    """The record with the highest bound, the earliest of equals; None of none."""
    return max(records, key=lambda record: record["elbo"], default=None)


def keep_finished(training, folder, settings):
    """Saves a training with its best weights and fitted prior in place of its last checkpoint."""
    with beside(settings.out):
        save_checkpoint(training.gan, folder, training.state(), replace=True)


class _Curve:
    """The function `vae -> {"elbo": ...}` of a learning curve; keeps the best weights beside the checkpoints."""

    def __init__(self, given, folder, out, reporter, records):
        self.given, self.reporter = given, reporter
        before = best_point(records)
        self.best = BestFile(folder / BEST, out, float("-inf") if before is None else before["elbo"])

    def __call__(self, vae):
        chosen = len(self.given.validation) > 0
        images = self.given.validation if chosen else self.given.held
        if chosen:
            calibrate(vae, images)
        elbo = curve_elbo(vae, images)
        if chosen:
            self.best.offer(vae, elbo)
        if self.reporter is not None:
            self.reporter.show(pixels.to_grid(vae.generate(SHOWN)))
        return {"elbo": elbo}

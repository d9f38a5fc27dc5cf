"""A fine-tune of a GAN that ends with its best images, judged by the images that it learns.

On few images a discriminator soon knows each of them by heart, and what it then teaches makes images worse: a
fine-tune is often best in its first half. So scores are taken on the way, against the training images and nothing
else, and the averaged generator with the best of them is what the run gives. Training itself goes on from the last one.
"""

from keras_transfer_gen.recipes.models.load import load_keras
from keras_transfer_gen.recipes.runs.best_file import BestFile, often_enough
from keras_transfer_gen.recipes.runs.training_loop import train
from keras_transfer_gen.recipes.training.finalize import LAST

FILE = "gan.keras"
SELECTIONS = {
    "best": "the averaged generator with the lowest KID to the training images on the way; from scratch alike",
    "last": LAST,
}


def train_to_best(training, images, settings, folder, best, *, kimg, score, **options):
    """Trains until the budget is reached; then the averaged generator is the best on the way, if settings say so.

    Args:
        training: `Training` of a GAN, changed in place.
        images: `data.ImageSet` to learn.
        settings: `FineTuneSettings`.
        folder: where its checkpoints go; they hold the last weights, from which a longer run goes on.
        best: folder of the best weights so far.
        kimg: total thousands of images to stop at.
        score: function `gan -> {"kid": ...}`.
        **options: the other arguments of `training_run.train`.

    Returns:
        kimg (float) of the weights that were taken, or None for the last ones.

    Raises:
        Interrupted, UserError: as `training_run.train`.
    """
    if settings.select == "last":
        train(training, images, settings, folder, kimg=kimg, score=score, **options)
        return None
    keeper = _Keeper(score, best / FILE, settings.out, training.records)
    train(training, images, often_enough(settings, kimg), folder, kimg=kimg, score=keeper, **options)
    if not keeper.best.file.is_file():  # nothing was left to train since a version that kept none
        return None
    found = load_keras(keeper.best.file)
    training.gan.ema_generator.set_weights(found.ema_generator.get_weights())
    return found.kimg


class _Keeper:
    """The function `gan -> {"kid": ...}` of a learning curve; keeps the GAN that has the lowest so far."""

    def __init__(self, score, file, out, records):
        known = [record["kid"] for record in records] if file.is_file() else []
        self.score = score
        self.best = BestFile(file, out, -min(known, default=float("inf")))

    def __call__(self, gan):
        found = self.score(gan)
        self.best.offer(gan, -found["kid"])
        return found

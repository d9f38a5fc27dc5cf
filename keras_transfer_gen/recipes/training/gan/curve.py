"""The learning curve of a GAN: KID to the training images on the way, and the weights where it is lowest.

On few images a discriminator soon knows each of them by heart, and what it then teaches makes images worse: a fine-tune
is often best in its first half. So the averaged generator with the lowest KID to the training images, and nothing else,
is what the run gives. Training itself goes on from the last weights.
"""

from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.runs.best_model import BestModel
from keras_transfer_gen.recipes.runs.phases import POINTS_TO_SELECT, Curve
from keras_transfer_gen.recipes.scoring import kid_protocol

FILE = "gan.keras"  # in the folder of the best weights


class KidCurve(Curve):
    """KID x 1000 to the training images.

    Args:
        reference: `kid_protocol.Reference` of the training images.
    """

    def __init__(self, reference):
        self.score = kid_protocol.curve_score(reference)

    def __call__(self, model):
        return self.score(model)


class BestKidCurve(KidCurve):
    """The same, and keeps the GAN with the lowest KID; at the end its averaged generator is taken.

    Args:
        reference: as in `KidCurve`.
        out: the RUN folder.
    """

    points = POINTS_TO_SELECT

    def __init__(self, reference, out):
        super().__init__(reference)
        self.out, self.best = out, None

    def begin(self, training):
        file = training.branch.best / FILE
        known = [record["kid"] for record in training.records] if file.is_file() else []
        self.best = BestModel(file, self.out, -min(known, default=float("inf")))

    def __call__(self, model):
        scores = super().__call__(model)
        self.best.offer(model, -scores["kid"])
        return scores

    def end(self, training):
        if not self.best.file.is_file():  # nothing was left to train since a version that kept none
            return None
        best = load_keras(self.best.file)
        training.model.ema_generator.set_weights(best.ema_generator.get_weights())
        return best.kimg


SELECTIONS = {
    "best": "the averaged generator with the lowest KID to the training images on the way; from scratch alike",
    "last": "none: the last weights are kept; the curve on the way is taken against the training images",
}

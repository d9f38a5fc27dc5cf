"""The learning curve of a GAN: scores against the training images on the way, and the weights where they are best.

On few images a discriminator soon knows each of them by heart, and what it then teaches makes images worse: a fine-tune
is often best in its first half. So the averaged generator that is best against the training images, and nothing else,
is what the run gives: KID by two feature networks and KID of the layout count alike (`scoring.selection`). The source
as it was is the first candidate, so a run never gives less than it got. Training itself goes on from the last weights.
A source that blends images that it knows has an advantage in these scores, which is taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.runs.best_model import BestModel
from keras_transfer_gen.recipes.runs.phases import Curve
from keras_transfer_gen.recipes.scoring import selection

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.scoring.kid_protocol import Reference
    from keras_transfer_gen.recipes.training.gan.health import HealthWatch
    from keras_transfer_gen.training.gan import GAN


FILE = "gan.keras"  # in the folder of the best weights


class KidCurve(Curve):
    """KID x 1000 to the training images by each view.

    Args:
        reference: `kid_protocol.Reference` of the training images.
        watch: `HealthWatch` that warns where the training goes wrong, or None.
    """

    def __init__(self, reference: Reference, watch: HealthWatch | None = None) -> None:
        self.score = selection.curve_scores(reference, measure=None if watch is None else watch.measure)
        self.watch = watch

    def begin(self, training: Training) -> None:
        if self.watch is not None:
            self.watch.begin(training.records)

    def __call__(self, model: GAN) -> dict[str, float]:
        scores = self.score(model)
        if self.watch is not None:
            self.watch.look(model.kimg, scores)
        return scores


class BestKidCurve(KidCurve):
    """The same, and keeps the GAN with the best scores; at the end its averaged generator is taken.

    Args:
        reference: as in `KidCurve`.
        out: the RUN folder.
        from_source: whether the model at the beginning is a candidate.
        watch: as in `KidCurve`.
        blends: whether this model blends images that it knows (`selection.BLENDS`).
    """

    # A score takes about as long as 100 images of a fine-tune: with that of the source these are 3 % of 20 kimg.
    points, apart = 5, 2.0

    def __init__(
        self,
        reference: Reference,
        out: PathLike,
        from_source: bool = False,
        watch: HealthWatch | None = None,
        blends: bool = False,
    ) -> None:
        super().__init__(reference, watch)
        self.out, self.from_source, self.blends = out, from_source, blends
        self.start: dict[str, Any] | None = None
        self.best: BestModel | None = None

    def begin(self, training: Training) -> None:
        super().begin(training)
        file, records = training.branch.best / FILE, training.records
        self.start = records[0] if records else None
        known = [selection.relative_score(record, self.start) for record in records] if file.is_file() else []
        self.best = BestModel(file, self.out, -min(known, default=float("inf")), training.say)
        if self.from_source and not records:
            marks = {selection.SOURCE: True} | ({selection.BLENDS: True} if self.blends else {})
            training.records = [{"kimg": training.model.kimg, **self._offer(training.model, marks)}]

    def __call__(self, model: GAN) -> dict[str, float]:
        return self._offer(model, {})

    def _offer(self, model: GAN, marks: dict[str, bool]) -> dict[str, Any]:
        scores = marks | super().__call__(model)
        if self.start is None:
            self.start = scores
        self.best.offer(model, -selection.relative_score(scores, self.start))
        return scores

    def end(self, training: Training) -> float | None:
        if not self.best.file.is_file():  # nothing was left to train since a version that kept none
            return None
        best = load_keras(self.best.file)
        training.model.ema_generator.set_weights(best.ema_generator.get_weights())
        return best.kimg


def kept_source(training: Training) -> bool:
    """Whether the weights that a `Training` kept are those of the source as it was (bool).

    One that blends images that it knows keeps some of these where there are no classes: it is another model then.
    """
    first = training.records[0] if training.records else {}
    chose = first.get(selection.BLENDS) and not training.model.spec.num_classes
    return bool(first.get(selection.SOURCE)) and not chose and training.best_kimg == first["kimg"]


SELECTIONS = {
    "best": "the averaged generator with the lowest KID to the training images on the way, by two feature networks and "
    "by layout alike; the source as it was is a candidate; from scratch alike",
    "last": "none: the last weights are kept; the curve on the way is taken against the training images",
}

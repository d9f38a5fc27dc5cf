"""Honest numbers about generated images: KID, FID, precision and recall, density and coverage, memorisation."""

import dataclasses
import os

import numpy as np

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics import features as feature_layer
from keras_transfer_gen.metrics.fid import fid
from keras_transfer_gen.metrics.memorisation import memorisation
from keras_transfer_gen.metrics.prdc import density_coverage, precision_recall
from keras_transfer_gen.recipes.models.image_generators import ModelGenerator, open_model
from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.report.sheets import labelled
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.callbacks import ScoreEvery

LEAST_IMAGES = 10  # fewer say nothing about a distribution
PAIRS = "in each pair a made image, then the real one nearest to it"
FEW_IMAGES = 200  # with fewer, precision and recall depend more on their number than on the images


@dataclasses.dataclass(frozen=True, repr=False)
class Evaluation:
    """What `evaluate` measured; prints as a table, `to_dict()` is JSON-ready.

    Args:
        kid: a score as in metrics.json (KID x 1000).
        fid: Frechet distance with the same features; only comparable at the same counts.
        precision: share of generated images within the real ones' reach, 0..1.
        recall: share of real images within the made ones' reach, 0..1.
        density: like precision, counting how densely; about 1 for equal distributions.
        coverage: share of real images with a made one near.
        memorisation: dict of shares of near-copies (see `metrics.memorisation`), whose "real_..." are of the real ones.
        made: the images, uint8 `[N, S, S, C]`.
        neighbours: for each made image the real one nearest to it, uint8 `[N, S, S, C]`.
    """

    kid: dict
    fid: float
    precision: float
    recall: float
    density: float
    coverage: float
    memorisation: dict
    made: np.ndarray
    neighbours: np.ndarray

    def to_dict(self):
        """Everything but the images."""
        names = [field.name for field in dataclasses.fields(self) if field.name not in ("made", "neighbours")]
        return {name: getattr(self, name) for name in names}

    def rows(self):
        """(name, value, meaning) of each measure, as text."""
        kid = self.kid
        made, real = (_percent(self.memorisation[name]) for name in ("near_copy_share", "real_share"))
        return [
            ("KID x 1000", f"{kid['value']:.1f} ± {kid['std']:.1f}", "0 is as good as real; lower is better"),
            ("FID", f"{self.fid:.1f}", f"at {kid['n_fake']} made, {kid['n_real']} real only"),
            ("precision", f"{self.precision:.2f}", "share of generated images that look real"),
            ("recall", f"{self.recall:.2f}", "share of real images that it could make"),
            ("density", f"{self.density:.2f}", "1 for equal distributions"),
            ("coverage", f"{self.coverage:.2f}", "share of real images with a made one near"),
            ("near-copies", made, f"among the real ones: {real}"),
        ]

    def against(self):
        """One line: what was compared with, and by which features."""
        kid = self.kid
        return f"against {kid['n_real']} images of {kid['reference']}; features: {kid['feature_network']}"

    def caution(self):
        """One line where there were too few images for precision, recall, density and coverage; else ""."""
        made, real = self.kid["n_fake"], self.kid["n_real"]
        if min(made, real) >= FEW_IMAGES:
            return ""
        return (
            f"precision, recall, density and coverage mislead with few images: {made} made and {real} real ones were "
            f"compared, {FEW_IMAGES} of each should be. KID still tells."
        )

    def __str__(self):
        lines = [f"{name:12} {value:>14}   {meaning}" for name, value, meaning in self.rows()]
        return "\n".join(line for line in [*lines, self.against(), self.caution()] if line)

    __repr__ = __str__


def evaluate(model, images, num=kid_protocol.NUM_FAKES, reporter=SILENT, trust=False, overrides=None):
    """Measures how well a model makes the images of a set.

    Args:
        model: `GAN`, anything else with `generate(num, seed)` and `spec`; (generator, spec) as `load_generator` returns
            them; or what `open_model` takes: a preset name, a RUN folder, a `.keras` file or any SavedModel.
        images: what `load_images` returns or takes: the real images.
        num: images to make.
        reporter: told of the progress.
        trust: whether you vouch for a model from the web, see `open_model`.
        overrides: `SpecOverrides`, what is given of a generator of others instead of measured, or None.

    Returns:
        `Evaluation`.

    Raises:
        UserError, UserFileError: for fewer than 10 images, or a model or images that can't be read.

    Example:
        >>> print(evaluate(gan, images))  # doctest: +SKIP
        >>> print(evaluate("noto_gan_64", "photos/"))  # doctest: +SKIP
    """
    num = check_num(num)
    if isinstance(model, (str, os.PathLike, ModelRef)):
        with checks.named(source="model"):
            model = open_model(model, trust, overrides)
    elif isinstance(model, tuple):
        model = ModelGenerator(*model)
    name, real = read_real_images(images, model.spec.image_size, model.spec.channels)
    with checks.named(real="images"):
        return evaluate_images(model.generate(num, seed=kid_protocol.SEED), real, name, reporter)


def check_num(num):
    """Returns the number of images to make, or raises a `UserError` where it is below 10."""
    return checks.check_integer("num", num, least=LEAST_IMAGES, next_step="Make more with num= or --num.")


def evaluate_images(made, real, name, reporter=SILENT):
    """Measures generated images against real ones.

    Args:
        made: uint8 `[N, S, S, C]`, at least 10.
        real: uint8 `[M, S, S, C]`, at least 10; 1,000 of them are used at most.
        name: what the real ones are.
        reporter: told of the progress.

    Returns:
        `Evaluation`.

    Raises:
        UserError: for fewer than 10 images on either side, or sides of another size.
    """
    for label, image_set, flag in (("made", made, "--fake"), ("real", real, "--data")):
        if len(image_set) < LEAST_IMAGES:
            hint = f"Fewer say nothing about a distribution. Give more images with {label}= or {flag}."
            raise checks.user_error(label, f"at least {LEAST_IMAGES} usable images", len(image_set), hint)
    reference = kid_protocol.make_reference(real, name, progress=reporter.counter("features of the real images"))
    found = feature_layer.extract_features(made, progress=reporter.counter("features of the generated images"))
    copied, nearest = find_copies(made, found, reference, reporter)
    precision, recall = precision_recall(reference.features, found)
    density, coverage = density_coverage(reference.features, found)
    return Evaluation(
        kid=kid_protocol.score_features(found, reference),
        fid=fid(reference.features, found),
        precision=precision,
        recall=recall,
        density=density,
        coverage=coverage,
        memorisation=copied.to_dict("real"),
        made=made,
        neighbours=nearest,
    )


def find_copies(made, features, reference, reporter=SILENT):
    """Looks for near-copies of real images among made ones.

    Args:
        made: uint8 `[N, S, S, C]`.
        features: `[N, D]` of `made`.
        reference: `scores.Reference` of at least 2 real images.
        reporter: told of the progress.

    Returns:
        (`Memorisation`, uint8 `[N, S, S, C]`: the real image to show beside each made one, mirrored where that is
        nearer).
    """
    tick = reporter.counter("features of mirrored images")
    mirrored = feature_layer.reference_features(reference.images, mirrored=True, progress=tick)
    copied = memorisation(made, features, reference.images, reference.features, mirrored)
    flipped = np.asarray(copied.nearest_is_mirrored)[:, None, None, None]
    nearest = reference.images[copied.nearest_index]
    return copied, np.where(flipped, nearest[:, :, ::-1], nearest)


def read_real_images(images, image_size, channels):
    """(name, uint8 `[N, S, S, C]`) of what a user gave as real images."""
    if isinstance(images, ImageStream):
        image_set = images.image_set
        name = "the given images"
    else:
        with checks.named(source="images"):
            image_set = read_images(images, image_size, channels)
        name = str(images) if isinstance(images, (str, os.PathLike)) else "the given images"
    if image_set.images.shape[1:] != (image_size, image_size, channels):
        expected = f"pictures [{image_size}, {image_size}, {channels}], as the model makes them"
        hint = f"Load them with image_size={image_size}, channels={channels}."
        raise checks.user_error("images", expected, image_set.images.shape[1:], hint)
    return name, image_set.images


def neighbour_sheet(made, nearest):
    """`neighbour_grid` with a line above that says which is which, uint8 `[H, W, 3]`."""
    return labelled([(PAIRS, neighbour_grid(made, nearest))])


def neighbour_grid(made, nearest, num=24, columns=6):
    """A contact sheet of generated images, each beside the real one nearest to it; the likeliest copies come first.

    Args:
        made: uint8 `[N, S, S, C]`.
        nearest: uint8 `[N, S, S, C]`.
        num: pairs to show at most.
        columns: pairs in a row.

    Returns:
        uint8 `[H, W, C]`.
    """
    gaps = np.abs(made.astype(np.int16) - nearest).mean((1, 2, 3))
    first = np.argsort(gaps, kind="stable")[:num]
    pairs = np.concatenate([made[first], nearest[first]], axis=2)
    framed = np.pad(pairs, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=200)
    return pixels.to_grid(framed, columns)


def _percent(share):
    return f"{100 * share:.1f} %"


class EvaluateEvery(ScoreEvery):
    """Scores the averaged generator during `fit`: KID x 1000 against given images, kept in `records`.

    It also stands as "kid" in the logs of every epoch (see `ScoreEvery`), for `EarlyStopping("kid", mode="min")` and
    its like after it in the list.

    Args:
        images: the real images, as for `evaluate`.
        kimg: thousands of images from one score to the next.
        num: images to make for a score.

    Example:
        >>> gan.fit(images, callbacks=[EvaluateEvery(images, kimg=5)])  # doctest: +SKIP
    """

    def __init__(self, images, kimg=5.0, num=kid_protocol.NUM_FAKES):
        super().__init__(self._measure, kimg)
        self.images, self.num = images, num
        self._reference = None

    def _measure(self, gan):
        if self._reference is None:
            name, real = read_real_images(self.images, gan.spec.image_size, gan.spec.channels)
            self._reference = kid_protocol.make_reference(real, name)
        return {"kid": kid_protocol.score_model(gan, self._reference, self.num)["value"]}

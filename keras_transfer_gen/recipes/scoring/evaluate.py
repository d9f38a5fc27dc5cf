"""Measures of generated images: KID, FID, precision, recall, density, coverage, near-copies; of a VAE its ELBO."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.labels import join_columns, label_images
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.deprecation import warn_renamed
from keras_transfer_gen.metrics.fid import fid
from keras_transfer_gen.metrics.prdc import density_coverage, precision_recall
from keras_transfer_gen.recipes.models.image_generators import ModelGenerator, open_model
from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.report.class_table import HEADER, class_rows
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.scoring import elbo_protocol, kid_protocol
from keras_transfer_gen.recipes.scoring.extra_metrics import extra_rows, measure_extra
from keras_transfer_gen.recipes.scoring.feature_views import view_of
from keras_transfer_gen.recipes.scoring.nats import measure_nats, nats_rows
from keras_transfer_gen.recipes.scoring.near_copies import find_copies
from keras_transfer_gen.recipes.scoring.per_class import knows_classes, measure_classes
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.callbacks import ScoreEvery
from keras_transfer_gen.training.vae import VAE

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, LabelSource, PathLike
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
    from keras_transfer_gen.training.gan import GAN
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


MIN_IMAGES = 10  # with fewer, no measure means anything
FEW_IMAGES = 200  # with fewer, precision and recall depend more on the number of images than on the images
IMAGES = ("generated", "neighbours")  # fields that are images
MERGED = ("elbo", "classes")  # fields that are dicts of measures


@dataclasses.dataclass(frozen=True, repr=False)
class Evaluation:
    """What `evaluate` measures; prints as a table, `to_dict()` is JSON-ready.

    Args:
        kid: a score as in metrics.json (KID x 1000).
        fid: Frechet distance of the same features; comparable with values of the same numbers of images only.
        precision: share of generated images that look like real ones, 0..1.
        recall: share of real images that look like generated ones, 0..1.
        density: like precision, but counts how many real images are near; about 1 for equal distributions.
        coverage: share of real images that have a generated one near, 0..1.
        memorisation: dict of shares of near-copies (see `metrics.memorisation`); "real_..." are those among the real
            images.
        generated: the images, uint8 `[N, S, S, C]`.
        neighbours: for each generated image the real one nearest to it, uint8 `[N, S, S, C]`.
        elbo: of a VAE what `elbo_protocol.measure_elbo` gives; else empty.
        extra: dict of the metrics that were added with `register_metric`, name -> float; of a VQ-VAE "nats" (per image)
            and "bits_per_token" as well.
        classes: of a model with classes what `per_class.measure_classes` gives; else empty.

    Example:
        >>> result = evaluate("runs/cats", "test_photos/")  # doctest: +SKIP
        >>> result.kid["value"], result.recall  # doctest: +SKIP
    """

    kid: dict
    fid: float
    precision: float
    recall: float
    density: float
    coverage: float
    memorisation: dict
    generated: np.ndarray
    neighbours: np.ndarray
    elbo: dict = dataclasses.field(default_factory=dict)
    extra: dict = dataclasses.field(default_factory=dict)
    classes: dict = dataclasses.field(default_factory=dict)

    @property
    def made(self) -> np.ndarray | None:
        """`generated`, by its name in version 0.1."""
        warn_renamed("Evaluation.made", "Evaluation.generated")
        return self.generated

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images."""
        names = [field.name for field in dataclasses.fields(self) if field.name not in (*IMAGES, *MERGED)]
        return {**{name: getattr(self, name) for name in names}, **self.elbo, **self.classes}

    def rows(self) -> list[tuple[str, ...]]:
        """(name, value, meaning) of each measure, as text."""
        kid = self.kid
        copies, real = (f"{100 * self.memorisation[name]:.1f} %" for name in ("near_copy_share", "real_share"))
        return [
            ("KID x 1000", f"{kid['value']:.1f} ± {kid['std']:.1f}", "lower is better; 0 is as good as real images"),
            ("FID", f"{self.fid:.1f}", f"compare it at {kid['n_fake']} generated and {kid['n_real']} real images only"),
            ("precision", f"{self.precision:.2f}", "share of generated images that look real"),
            ("recall", f"{self.recall:.2f}", "share of real images that it could generate"),
            ("density", f"{self.density:.2f}", "1 for equal distributions"),
            ("coverage", f"{self.coverage:.2f}", "share of real images with a generated one near"),
            ("near-copies", copies, f"share that nearly equals one of these real images; among themselves: {real}"),
            *elbo_protocol.elbo_rows(self.elbo),
            *nats_rows(self.extra),
            *extra_rows(self.extra),
            *self._mean_rows(),
        ]

    def class_rows(self) -> list[Any]:
        """Rows of a table of the classes, texts under `class_table.HEADER`; [] for a model without classes."""
        return class_rows(self.classes.get("per_class", {}))

    def _mean_rows(self) -> list[Any]:
        if not self.classes:
            return []
        real = f"{self.classes['recognised_real']:.2f}"
        meaning = f"share that a probe takes for the class asked for; of real images {real}"
        return [("recognised", f"{self.classes['recognised']:.2f}", meaning)]

    def against(self) -> str:
        """One line, or two for a VAE: the images that were compared with, and the network of the features."""
        kid = self.kid
        line = f"against {kid['n_real']} images of {kid['reference']}; features: {kid['feature_network']}"
        return f"{line}\n{elbo_protocol.elbo_reference(self.elbo)}" if self.elbo else line

    def cautions(self) -> list[str]:
        """list of sentences about measures that mislead here: with few images, and of a VAE that has collapsed."""
        generated, real = self.kid["n_fake"], self.kid["n_real"]
        lines = [self.elbo["collapse"]] if self.elbo.get("collapse") else []
        if min(generated, real) < FEW_IMAGES:
            lines.append(
                f"precision, recall, density and coverage mislead with few images: {generated} generated and {real} "
                f"real ones were compared. Compare {FEW_IMAGES} of each, or look at KID alone."
            )
        return lines

    def __str__(self) -> str:
        lines = [f"{name:20} {value:>14}   {meaning}" for name, value, meaning in self.rows()]
        classes = [f"{name:20} {kid:>14} {share:>12} {real:>16}" for name, kid, share, real in self._class_table()]
        return "\n".join([*lines, *classes, self.against(), *self.cautions()])

    def _class_table(self) -> list[Any]:
        return [HEADER, *self.class_rows()] if self.classes else []

    __repr__ = __str__


def evaluate(
    model: PathLike | keras.Model,
    images: ImageSource,
    num: int | None = None,
    reporter: Reporter = SILENT,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    protocol: Any = None,
    network: PathLike | None = None,
    labels: LabelSource | None = None,
) -> Evaluation:
    """Measures how well a model generates the images of a set.

    Args:
        model: `GAN` or `VAE`, or anything else with `generate(num, seed)` and `spec`; (generator, spec) as
            `load_generator` returns them; or what `open_model` takes: a preset name, a RUN folder, a `.keras` file or
            any SavedModel.
        images: what `load_images` returns or takes: the real images.
        num: number of generated images; 500 by default.
        reporter: `Reporter`; shows the progress.
        trust: whether you vouch for a model from the web, see `open_model`.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.
        protocol: `KidProtocol`, or None for the default.
        network: the feature network: a name of `tables.FEATURE_NETWORKS`, the path of a `.keras` file or a SavedModel,
            or None for that of every score. Scores by different networks can't be compared.
        labels: where the labels of the images come from, as in `load_images`, to measure each class of the model.
            Images whose sub-folders are called as its classes are measured so without.

    Returns:
        `Evaluation`.

    Raises:
        UserError, UserFileError: for fewer than 10 images, or a model, a network or images that can't be read.

    Example:
        >>> print(evaluate(gan, images))  # doctest: +SKIP
        >>> print(evaluate("noto_gan_64", "photos/"))  # doctest: +SKIP
    """
    protocol = protocol or kid_protocol.DEFAULT
    num = check_num(protocol.num_fakes if num is None else num)
    if isinstance(model, (str, os.PathLike, ModelRef)):
        with checks.named(source="model"):
            model = open_model(model, trust, overrides)
    elif isinstance(model, tuple):
        model = ModelGenerator(*model)
    name, real = read_real_set(images, model.spec.image_size, model.spec.channels, labels)
    with checks.named(real="images"):
        evaluation = evaluate_images(
            model.generate(num, seed=protocol.seed), real.images, name, reporter, model, protocol, network
        )
    return add_classes(evaluation, model, real, labels, reporter, protocol)


def add_classes(
    evaluation: Evaluation,
    model: Any,
    image_set: ImageSet,
    labels: LabelSource | None = None,
    reporter: Reporter = SILENT,
    protocol: KidProtocol | None = None,
) -> Evaluation:
    """An `Evaluation` with the scores of each class, where the model has the classes of the real images.

    Args:
        evaluation: `Evaluation`.
        model: what is evaluated, or None.
        image_set: `ImageSet` of the real images.
        labels: whether labels were asked for: then a class that the model does not have is an error.
        reporter: `Reporter`; shows the progress.
        protocol: `KidProtocol`, or None for the default.
    """
    if model is None or not model.spec.num_classes or image_set.labels is None:
        if labels is not None:
            raise checks.user_error("labels", "left out for a model without classes", labels, "Leave --labels out.")
        return evaluation
    joined = join_columns(image_set)
    if knows_classes(model.spec, joined.class_names):
        image_set = joined
    elif labels is None and not knows_classes(model.spec, image_set.class_names):
        return evaluation
    measured = measure_classes(model, image_set, reporter=reporter, protocol=protocol)
    return dataclasses.replace(evaluation, classes=measured)


def check_num(num: int) -> int:
    """Returns the number of images to generate, or raises a `UserError` where it is below 10."""
    return checks.check_integer("num", num, least=MIN_IMAGES, next_step="Generate more with num= or --num.")


def evaluate_images(
    generated: np.ndarray,
    real: np.ndarray | LazyImages,
    name: str,
    reporter: Reporter = SILENT,
    model: Any = None,
    protocol: KidProtocol | None = None,
    network: PathLike | None = None,
) -> Evaluation:
    """Measures generated images against real ones.

    Args:
        generated: uint8 `[N, S, S, C]`, at least 10.
        real: uint8 `[M, S, S, C]`, at least 10; 1,000 of them are used at most.
        name: what the real ones are.
        reporter: `Reporter`; shows the progress.
        model: what generated them; the ELBO of a `VAE` and the nats of a `VQVAE` are measured as well.
        protocol: `KidProtocol`, or None for the default.
        network: as in `evaluate`.

    Returns:
        `Evaluation`.

    Raises:
        UserError: for fewer than 10 images on either side, or sides of another size.
    """
    for label, images, flag in (("generated", generated, "--fake"), ("real", real, "--data")):
        if len(images) < MIN_IMAGES:
            step = f"No measure means anything with fewer. Give more images with {label}= or {flag}."
            raise checks.user_error(label, f"at least {MIN_IMAGES} usable images", len(images), step)
    tick = reporter.counter("features of the real images")
    reference = kid_protocol.make_reference(real, name, protocol, tick, view_of(network))
    features = reference.view.extract(generated, reporter.counter("features of the generated images"))
    copies, nearest = find_copies(generated, features, reference, reporter)
    precision, recall = precision_recall(reference.features, features)
    density, coverage = density_coverage(reference.features, features)
    return Evaluation(
        kid=kid_protocol.score_features(features, reference),
        fid=fid(reference.features, features),
        precision=precision,
        recall=recall,
        density=density,
        coverage=coverage,
        memorisation=copies.to_dict("real"),
        generated=generated,
        neighbours=nearest,
        elbo=elbo_protocol.measure_elbo(model, real, name) if isinstance(model, VAE) else {},
        extra=measure_nats(model, real) | measure_extra(reference.images, generated, reference.features, features),
    )


def read_real_images(images: ImageSource, image_size: int, channels: int) -> tuple[str, Any]:
    """`read_real_set`, but the images alone: (name, uint8 `[N, S, S, C]`)."""
    name, image_set = read_real_set(images, image_size, channels)
    return name, image_set.images


def read_real_set(
    images: ImageSource, image_size: int, channels: int, labels: LabelSource | None = None
) -> tuple[str, ImageSet]:
    """Reads the real images of an evaluation.

    Args:
        images: what `load_images` returns or takes.
        image_size: side of the model's images in pixels.
        channels: 1 or 3.
        labels: where their labels come from, as in `load_images`.

    Returns:
        (name, `ImageSet`).

    Raises:
        UserError, UserFileError: where they can't be read, or a stream has images of another size.
    """
    is_path = isinstance(images, (str, os.PathLike))
    if isinstance(images, ImageStream):
        image_set = label_images(images.image_set, labels)
    else:
        with checks.named(source="images"):
            image_set = read_images(images, image_size, channels, labels=labels)
    if image_set.images.shape[1:] != (image_size, image_size, channels):
        expected = f"images [{image_size}, {image_size}, {channels}], as the model generates them"
        step = f"Load them with image_size={image_size}, channels={channels}."
        raise checks.user_error("images", expected, image_set.images.shape[1:], step)
    return str(images) if is_path else "the given images", image_set


class EvaluateEvery(ScoreEvery):
    """Scores a model during `fit`: KID x 1000 against given images, kept in `records`.

    The logs of every epoch have it as "kid" (see `ScoreEvery`). Put callbacks that use it, such as
    `EarlyStopping("kid", mode="min")`, after this one in the list.

    Args:
        images: the real images, as for `evaluate`.
        kimg: thousands of images from one score to the next.
        num: number of generated images of a score; 500 by default.

    Example:
        >>> gan.fit(images, callbacks=[EvaluateEvery(images, kimg=5)])  # doctest: +SKIP
    """

    def __init__(self, images: ImageSource, kimg: float = 5.0, num: int | None = None) -> None:
        super().__init__(self._measure, kimg)
        self.images, self.num = images, num
        self._reference: kid_protocol.Reference | None = None

    def _measure(self, gan: GAN) -> dict[str, float]:
        if self._reference is None:
            name, real = read_real_images(self.images, gan.spec.image_size, gan.spec.channels)
            self._reference = kid_protocol.make_reference(real, name)
        return {"kid": kid_protocol.score_model(gan, self._reference, self.num)["value"]}

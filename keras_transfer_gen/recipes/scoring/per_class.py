"""Scores of each class of a model: KID, and the share of its images that a linear probe recognises as that class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.near_duplicates import group_alike
from keras_transfer_gen.metrics.features import extract_features, reference_features
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.metrics.linear_probe import recognised_shares
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.scoring import kid_protocol

if TYPE_CHECKING:
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
    from keras_transfer_gen.specs import ModelSpec


PER_CLASS = 100  # generated images of each class
MIN_REAL = 4  # real images of a class: one for each fold of the probe
MOST_REAL = 3000  # real images that the probe learns from; of more, so many are drawn


def measure_classes(
    model: Any,
    image_set: ImageSet,
    num: int = PER_CLASS,
    reporter: Reporter = SILENT,
    protocol: KidProtocol | None = None,
) -> dict[str, Any]:
    """Measures a model class by class.

    Args:
        model: anything with `spec` and `generate(num, seed=, label=)`.
        image_set: `ImageSet` of real images with labels; their classes are known to the model by name.
        num: generated images of each class.
        reporter: `Reporter`; shows the progress.
        protocol: `KidProtocol`, whose seed is that of the images; or None for the default.

    Returns:
        JSON-ready dict: "per_class" has for each class with at least 4 real images {"kid": {"value", "std", "n_real",
        "n_fake"}, "recognised", "recognised_real"}, shares from 0 to 1; "recognised" and "recognised_real" are the
        means over these classes. {} where fewer than 2 classes have so many.

    Raises:
        UserError: where the model does not have a class of the images.
    """
    seed = (protocol or kid_protocol.DEFAULT).seed
    number_of = match_names(model.spec, image_set.class_names)
    rows = _chosen(image_set, seed)
    labels = np.array([number_of[name] for name in image_set.class_names])[image_set.labels[rows]]
    classes = [number for number in sorted(set(labels.tolist())) if (labels == number).sum() >= MIN_REAL]
    if len(classes) < 2:
        return {}
    known = np.isin(labels, classes)
    images, labels = np.asarray(image_set.images)[rows][known], labels[known]
    real = reference_features(images, progress=reporter.counter("features of the real images by class"))
    tick, parts = reporter.counter("generated images of each class"), []
    for done, number in enumerate(classes, 1):
        parts.append(extract_features(model.generate(num, seed=seed, label=number)))
        tick(done, len(classes))
    wanted_labels = np.repeat(classes, num)
    of_real, of_fake = recognised_shares(real, labels, np.concatenate(parts), wanted_labels, group_alike(images))
    per_class = {}
    for number, fake in zip(classes, parts, strict=True):
        own = real[labels == number]
        value, deviation = kid_score(own, fake)
        kid = {"value": value, "std": deviation, "n_real": len(own), "n_fake": num}
        shares = {"recognised": of_fake[number], "recognised_real": of_real[number]}
        per_class[model.spec.class_name(number)] = {"kid": kid, **shares}
    means = {name: float(np.mean([row[name] for row in per_class.values()])) for name in shares}
    return {"per_class": per_class, **means}


def knows_classes(spec: ModelSpec, names: Sequence[str]) -> bool:
    """Whether a model has all these classes by name (bool)."""
    return set(names) <= set(spec.every_class_name)


def match_names(spec: ModelSpec, names: Sequence[str]) -> dict[str, int]:
    """{name: class number of the model} of the classes of images.

    Raises:
        UserError: where the model has none of that name.
    """
    known = {name: number for number, name in enumerate(spec.every_class_name)}
    for name in names:
        step = "Rename the class of the images (--labels), or leave labels= out."
        checks.check_choice("class of the images", name, known, step)
    return {name: known[name] for name in names}


def _chosen(image_set: ImageSet, seed: int) -> np.ndarray:
    """Numbers of at most `MOST_REAL` images, in order."""
    order = np.random.default_rng(seed).permutation(len(image_set))[:MOST_REAL]
    return np.sort(order)

"""How long a prior learns few images: found by cross-validation, where none can be spared to select the weights by."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.recipes.training.vq import models
from keras_transfer_gen.training import token_codec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
    from keras_transfer_gen.training.vqvae import VQVAE

FOLDS = 4  # parts of the images, each of which is left out once
POINTS = 12  # scores of a fold on the way
PATIENCE = 3  # scores without a new best one after which a fold ends


def measure_prior_kimg(
    vq: VQVAE, image_set: ImageSet, labelled: bool, rows: Sequence[int], settings: FineTuneVqSettings, kimg: float,
    reporter: Reporter,
) -> dict[str, Any]:  # fmt: skip
    """Trains copies of a prior on all parts of the images but one, and says after how many kimg they are best.

    Args:
        vq: the source; its prior stays as it is.
        image_set: the images to learn.
        labelled: whether they are shown with their labels.
        rows: of the source's classes that the training starts from, see `networks.tokens.changing.with_class_rows`.
        settings: of the run.
        kimg: most kimg of the prior.
        reporter: `Reporter`; shows the progress.

    Returns:
        JSON-ready dict: "kimg", 0 where training makes every fold worse; "nats", per image that was left out, the mean
        over the folds, at the start and after each twelfth of `kimg`; "folds".
    """
    order = np.random.default_rng(settings.seed).permutation(len(image_set))
    parts = np.array_split(order, min(FOLDS, len(image_set)))
    steps = max(round(1000 * kimg / POINTS / settings.batch_size), 1)
    tick, curves = reporter.counter("cross-validation"), []
    for number, left_out in enumerate(parts):
        learnt = np.sort(np.setdiff1d(order, left_out))
        prior = copy_prior(vq, rows, settings, len(learnt))
        stream = stream_images(image_set.subset(learnt), settings.batch_size, labels=labelled, seed=settings.seed)
        tokens = vq.encode(np.asarray(image_set.images)[left_out])
        labels = np.asarray(image_set.labels)[left_out] if labelled else None
        curves.append(fold_curve(prior, stream, tokens, labels, steps))
        tick(number + 1, len(parts))
    nats = mean_curve(curves)
    best = int(np.argmin(nats))
    return {"kimg": min(best * steps * settings.batch_size / 1000, kimg), "nats": nats, "folds": len(parts)}


def copy_prior(vq: VQVAE, rows: Sequence[int], settings: FineTuneVqSettings, count: int = models.MANY) -> Any:
    """A compiled `TokenPrior` with its own weights, for so many images; it encodes them with another's `VQVAE`."""
    prior: Any = models.prior_with_classes(vq.prior, rows, models.dropout_for(count))
    prior.to_tokens = functools.partial(token_codec.batch_tokens, vq)
    models.freeze_prior(prior, settings)
    return models.compile_prior(prior, settings, count=count)


def fold_curve(prior: Any, stream: Any, tokens: np.ndarray, labels: np.ndarray | None, steps: int) -> list[float]:
    """Mean nats of grids that are left out, before training and on the way; it ends where they rise.

    Args:
        prior: compiled `TokenPrior`, which is trained.
        stream: `ImageStream` of the other images.
        tokens: int `[n, rows, columns]`, of those that are left out.
        labels: int `[n]`, their classes, or None.
        steps: from one score to the next.
    """
    nats = [float(prior.nats(tokens, labels).mean())]
    while len(nats) <= POINTS and len(nats) - 1 - int(np.argmin(nats)) < PATIENCE:
        prior.fit(stream, steps_per_epoch=steps, verbose=0)
        nats.append(float(prior.nats(tokens, labels).mean()))
    return nats


def mean_curve(curves: Sequence[Sequence[float]]) -> list[float]:
    """The mean of several curves, point by point; one that ended earlier keeps its last value.

    Example:
        >>> mean_curve([[4.0, 2.0, 3.0], [2.0, 4.0]])
        [3.0, 3.0, 3.5]
    """
    longest = max(map(len, curves))
    return np.mean([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves], axis=0).tolist()

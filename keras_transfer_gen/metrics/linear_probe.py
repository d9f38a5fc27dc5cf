"""How often images are recognised as their class: a linear classifier on features of real images, cross-validated."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from keras_transfer_gen import checks

FOLDS = 4
STRENGTH = 0.01  # inverse of the regularisation of the logistic regression: there are more features than images


def recognised_shares(
    real_features: np.ndarray,
    real_labels: list[int] | np.ndarray,
    fake_features: np.ndarray,
    fake_labels: list[int] | np.ndarray,
    groups: np.ndarray | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> tuple[dict[int, float], dict[int, float]]:
    """Shares of real and of generated images that a linear probe recognises as their class.

    The real images are split into folds. Each probe (a logistic regression on standardised features, classes weighted
    equally) learns from all folds but one and judges the real images of that one, which it has not seen, and all
    generated images. So both shares come from the same probes, and can be compared.

    Args:
        real_features: float `[N, D]`.
        real_labels: integers `[N]`; at least 2 classes.
        fake_features: float `[M, D]`.
        fake_labels: integers `[M]`, the classes that were asked for.
        groups: integers `[N]`; images of a group, such as near-duplicates, are in one fold. None: each is alone.
        folds: number of folds, at least 2.
        seed: of the folds.

    Returns:
        (real, fake): two dicts of class -> share from 0 to 1, for each class among the labels.

    Raises:
        UserError: for fewer than 2 classes.

    Example:
        >>> features = np.repeat([[0.0], [1.0]], 10, axis=0)
        >>> recognised_shares(features, np.repeat([0, 1], 10), features[::10], [1, 1])
        ({0: 1.0, 1: 1.0}, {1: 0.5})
    """
    real_labels, fake_labels = np.asarray(real_labels), np.asarray(fake_labels)
    if len(set(real_labels.tolist())) < 2:
        raise checks.user_error("real_labels", "labels of at least 2 classes", real_labels)
    fold = assign_folds(real_labels, np.arange(len(real_labels)) if groups is None else groups, folds, seed)
    real_hits, fake_hits = np.zeros(len(real_labels)), np.zeros(len(fake_labels))
    for number in range(folds):
        judged = fold == number
        if judged.all():
            continue  # nothing is left to learn from: nothing is recognised
        probe = fit_probe(real_features[~judged], real_labels[~judged])
        if judged.any():
            real_hits[judged] = probe.predict(real_features[judged]) == real_labels[judged]
        fake_hits += (probe.predict(fake_features) == fake_labels) / folds
    return _share_of_each(real_hits, real_labels), _share_of_each(fake_hits, fake_labels)


def assign_folds(labels: np.ndarray, groups: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """Folds of images: those of a group together, and those of a class spread over the folds.

    Args:
        labels: integers `[N]`.
        groups: integers `[N]`.
        folds: number of folds.
        seed: of the choice.

    Returns:
        int `[N]`, from 0 to `folds` less 1.
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    numbers, classes = np.unique(labels, return_inverse=True)
    counts, fold = np.zeros((folds, len(numbers))), np.zeros(len(labels), int)
    for group in np.random.default_rng(seed).permutation(np.unique(groups)):
        members = groups == group
        of_class = np.bincount(classes[members], minlength=len(numbers))
        emptiest = int(np.lexsort((counts.sum(axis=1), counts[:, of_class.argmax()]))[0])
        fold[members] = emptiest
        counts[emptiest] += of_class
    return fold


def fit_probe(features: np.ndarray, labels: np.ndarray) -> Any:
    """A logistic regression on standardised features, `[N, D]`, of integer labels, classes weighted equally.

    Of a single class, it takes everything for that class.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(labels)) < 2:
        return DummyClassifier().fit(features, labels)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe that is nearly done judges as well
        return probe.fit(features, labels)


def _share_of_each(hits: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    return {int(number): float(hits[labels == number].mean()) for number in np.unique(labels)}

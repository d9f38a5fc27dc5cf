"""Distributions fitted to the latents of images: normal, with a full or shrunk covariance, or a mixture."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_transfer_gen import checks

KINDS = ("full", "shrunk", "mixture")
ON = ("z", "z_mean")
LEAST_LATENTS = 4
PER_COMPONENT = 25  # latents for each component of a mixture, by default
MOST_COMPONENTS = 10
RIDGE = 1e-4  # added to the variances of a mixture, whose components may have few latents


@dataclasses.dataclass(frozen=True)
class FittedDistribution:
    """A mixture of K normal distributions; K is 1 for a single one.

    Args:
        weights: float64 `[K]`, of sum 1.
        means: float64 `[K, D]`.
        covariances: float64 `[K, D, D]`.
        shrinkage: weight of the multiple of the identity in a shrunk covariance, 0 to 1; None for other kinds.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    shrinkage: float | None = None


def fit_distribution(
    z_mean: np.ndarray,
    z_log_var: np.ndarray | None = None,
    kind: str = "shrunk",
    on: str = "z",
    components: int | None = None,
    seed: int = 0,
) -> FittedDistribution:
    """Fits a distribution to latents, in closed form or by expectation maximisation.

    Of all normal distributions, the one with the mean and covariance of the posteriors' mixture (`on="z"`, kind "full")
    gives the images the highest mean ELBO. Its covariance is that of the means plus the mean posterior variance.

    Args:
        z_mean: float32 `[N, D]`, the encoder's means of N images, N at least 4.
        z_log_var: float32 `[N, D]`, the encoder's log variances; needed for `on="z"`.
        kind: "full" (the sample covariance), "shrunk" (Ledoit-Wolf) or "mixture" (expectation maximisation).
        on: "z" fits the latents that the decoder was trained with, "z_mean" only the means, whose variance is smaller.
        components: of a mixture; by default one for every 25 latents, from 2 to 10.
        seed: of the start of a mixture.

    Returns:
        `FittedDistribution`.

    Raises:
        UserError: for latents that don't fit, too few of them, or a covariance that isn't positive definite.

    Example:
        >>> distribution = fit_distribution(np.float32([[0, 0], [2, 0], [0, 2], [2, 2]]), kind="full", on="z_mean")
        >>> distribution.means.tolist(), distribution.covariances.tolist()
        ([[1.0, 1.0]], [[[1.0, 0.0], [0.0, 1.0]]])

    Reference:
        Ledoit and Wolf, A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices, 2004.
    """
    checks.check_choice("kind", kind, KINDS)
    checks.check_choice("on", on, ON)
    z_mean = _checked("z_mean", z_mean)
    spread = np.zeros_like(z_mean)
    if on == "z":
        if z_log_var is None:
            raise checks.user_error("z_log_var", "an array where on='z'", None, "Pass z_log_var=, or on='z_mean'.")
        spread = np.exp(_checked("z_log_var", z_log_var, z_mean.shape))
    distribution = _FITS[kind](z_mean, spread, components, seed)
    if min(np.linalg.eigvalsh(distribution.covariances).ravel()) <= 0:
        expected = f"enough latents for a full covariance of {z_mean.shape[1]}"
        hint = f"Use kind='shrunk', or more than {z_mean.shape[1]} images."
        raise checks.user_error("z_mean", expected, len(z_mean), hint)
    return distribution


def _full(z_mean: np.ndarray, spread: np.ndarray, components: int | None, seed: int) -> FittedDistribution:
    return _single(z_mean, np.cov(z_mean.T, bias=True).reshape(2 * z_mean.shape[1:]), spread)


def _shrunk(z_mean: np.ndarray, spread: np.ndarray, components: int | None, seed: int) -> FittedDistribution:
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf().fit(z_mean)
    return _single(z_mean, fitted.covariance_, spread, float(fitted.shrinkage_))


def _single(
    z_mean: np.ndarray, covariance: np.ndarray, spread: np.ndarray, shrinkage: float | None = None
) -> FittedDistribution:
    covariance = covariance + np.diag(spread.mean(axis=0))
    return FittedDistribution(np.ones(1), z_mean.mean(axis=0)[None], covariance[None], shrinkage)


def _mixture(z_mean: np.ndarray, spread: np.ndarray, components: int | None, seed: int) -> FittedDistribution:
    from sklearn.mixture import GaussianMixture

    count, size = z_mean.shape
    if components is None:
        components = int(np.clip(count // PER_COMPONENT, 2, MOST_COMPONENTS))
    components = checks.check_integer("components", components, most=count)
    # A full covariance has D (D + 1) / 2 numbers; a component with fewer latents than that gets a diagonal one.
    form = "full" if count >= components * size * (size + 1) / 2 else "diag"
    fitted = GaussianMixture(
        components, covariance_type=form, reg_covar=RIDGE, max_iter=2000, tol=1e-3, random_state=seed, n_init=3
    ).fit(z_mean)
    shares = fitted.predict_proba(z_mean)
    inside = shares.T @ spread / shares.sum(axis=0)[:, None]  # mean posterior variance of each component's images
    covariances = fitted.covariances_ if form == "full" else np.stack([np.diag(each) for each in fitted.covariances_])
    return FittedDistribution(
        fitted.weights_, fitted.means_, covariances + np.stack([np.diag(each) for each in inside])
    )


_FITS = {"full": _full, "shrunk": _shrunk, "mixture": _mixture}


def _checked(name: str, values: np.ndarray, shape: tuple[int, int] | None = None) -> np.ndarray:
    array = np.asarray(values, np.float64)
    usable = array.ndim == 2 and len(array) >= LEAST_LATENTS and np.isfinite(array).all()
    if not usable or (shape is not None and array.shape != shape):
        form = f"[N, D], N at least {LEAST_LATENTS}" if shape is None else list(shape)
        raise checks.user_error(name, f"finite numbers {form}", array, "Encode more images.")
    return array

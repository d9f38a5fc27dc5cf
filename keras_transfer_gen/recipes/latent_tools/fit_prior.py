"""A new prior for a VAE, fitted to the latents of images: it takes seconds, and ten images are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.maths.prior_fitting import KINDS, fit_distribution
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.mixture import MixturePrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.maths.prior_fitting import FittedDistribution
    from keras_transfer_gen.protocols import Prior
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.training.vae import VAE


STANDARD = "standard"
CHOICES = (*KINDS, STANDARD)


def fit_prior(
    model: PathLike | ModelRef | keras.Model,
    data: ImageSource,
    kind: str = "shrunk",
    on: str = "z",
    components: int | None = None,
    seed: int = 0,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> VAE:
    """Replaces the prior of a VAE by a distribution that is fitted to the latents of some images.

    From then on it generates images like those, as far as its decoder can. The prior is saved and exported with the
    model, and `evaluate` measures the divergence from it.

    Args:
        model: `VAE`, changed in place, or what `load_vae` takes.
        data: what `load_images` returns or takes; at least 4 images.
        kind: "shrunk" (normal, Ledoit-Wolf covariance), "full" (normal, sample covariance), "mixture" (of normal
            distributions) or "standard" (N(0, I) again; the images are not read).
        on: "z" (means and variances of the posteriors) or "z_mean" (the means alone: images vary less, and are often
            cleaner).
        components: number of normal distributions in a mixture; by default one for 25 images, from 2 to 10.
        seed: of the first guess of a mixture.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        the `VAE`.

    Raises:
        UserError, UserFileError: where something can't be read, or the latents are too few.

    Example:
        >>> vae = fit_prior("noto_vae_64", "photos/")  # doctest: +SKIP
    """
    checks.check_choice("kind", kind, CHOICES, "Set it with kind= or --prior.")
    vae = open_vae(model, trust)
    if kind == STANDARD:
        vae.set_prior(StandardNormal())
        return vae
    inputs = read_model_images(data, vae.spec, reporter=reporter)
    with checks.named(z_mean="data"):
        z_mean, z_log_var = vae.encode(inputs.images)
        fitted = fit_distribution(z_mean, z_log_var, kind=kind, on=on, components=components, seed=seed)
    vae.set_prior(prior_of(fitted))
    return vae


def prior_of(fitted: FittedDistribution) -> Prior:
    """The `protocols.Prior` of a `maths.prior_fitting.FittedDistribution`."""
    size, count = fitted.means.shape[1], len(fitted.weights)
    if count == 1:
        return GaussianPrior(size).set_distribution(fitted.means[0], fitted.covariances[0])
    return MixturePrior(size, count).set_distribution(fitted.weights, fitted.means, fitted.covariances)

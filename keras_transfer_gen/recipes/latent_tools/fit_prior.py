"""A new prior for a VAE, fitted to the latents of images: no gradient, seconds, ten images are enough."""

from keras_transfer_gen import checks
from keras_transfer_gen.maths.prior_fitting import KINDS, fit_distribution
from keras_transfer_gen.networks.priors.priors import GaussianPrior, MixturePrior, StandardNormal
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT

STANDARD = "standard"
CHOICES = (*KINDS, STANDARD)


def fit_prior(model, data, kind="shrunk", on="z", components=None, seed=0, trust=False, reporter=SILENT):
    """Gives a VAE the distribution that its encoder finds the latents of some images in.

    What it generates from then on looks like those images, as far as its decoder can draw them; it is saved and
    exported with the prior. Its `evaluate` measures the divergence from the new prior.

    Args:
        model: `VAE`, changed in place, or what `load_vae` takes.
        data: what `load_images` returns or takes; at least 4 images.
        kind: "shrunk" (normal, Ledoit-Wolf covariance), "full" (normal, sample covariance), "mixture" (of normal distributions)
            or "standard" (N(0, I) again; the images are not looked at).
        on: "z" (the posteriors whole) or "z_mean" (their means alone, less varied and often cleaner).
        components: of a mixture; by default one for 25 images, from 2 to 10.
        seed: of a mixture's start.
        trust: whether you vouch for a model from the web.
        reporter: told of the progress.

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
    given = read_model_images(data, vae.spec, reporter=reporter)
    with checks.named(z_mean="data"):
        law = fit_distribution(*vae.encode(given.images), kind=kind, on=on, components=components, seed=seed)
    vae.set_prior(prior_of(law))
    return vae


def prior_of(law):
    """The `protocols.Prior` of a `transfer.fit_prior.FittedDistribution`."""
    size = law.means.shape[1]
    if len(law.weights) == 1:
        return GaussianPrior(size).set_distribution(law.means[0], law.covariances[0])
    return MixturePrior(size, len(law.weights)).set_distribution(law.weights, law.means, law.covariances)

"""The bound of a VAE on given images, for `ktg evaluate`."""

from keras_transfer_gen.recipes.scoring import elbo_protocol
from keras_transfer_gen.training.vae import VAE


def evaluate_elbo(model, images, name):
    """How well a VAE explains images that it did not learn.

    Args:
        model: anything that makes images; only a `VAE` has a bound.
        images: uint8 `[N, S, S, C]`.
        name: what they are.

    Returns:
        what `bound_scores.measure_elbo` gives; {} where `model` is no VAE.
    """
    return elbo_protocol.measure_elbo(model, images, name) if isinstance(model, VAE) else {}


def elbo_rows(bound):
    """(name, value, meaning) of each number of `evaluate_elbo`, as text."""
    elbo = bound["elbo"]
    return [
        ("ELBO", f"{elbo['value']:.1f}", "nats per image: bound on the log-likelihood; higher is better"),
        ("reconstruction loss", f"{elbo['reconstruction_loss']:.1f}", "nats per image"),
        ("KL", f"{elbo['kl_loss']:.1f}", "nats per image that the latents carry"),
        ("importance-weighted", f"{elbo['importance_bound']:.1f}", f"nats per image, of {elbo['samples']} draws"),
        (
            "bits per dimension",
            f"{bound['bits_per_dim']['value']:.3f}",
            bound["bits_per_dim"]["caveat"] or "lower is better",
        ),
        ("active units", str(bound["active_units"]), "latent dimensions that tell images apart"),
    ]


def elbo_reference(bound):
    """One line: what the bound was measured on."""
    return f"bound: {bound['elbo']['n_images']} images of {bound['elbo']['reference']}"

"""The bound of a VAE on given pictures, for `ktg evaluate`."""

from keras_transfer_gen.recipes.scoring import elbo_protocol
from keras_transfer_gen.training.vae import VAE


def evaluate_bound(model, images, name):
    """How well a VAE explains pictures that it did not learn.

    Args:
        model: anything that makes pictures; only a `VAE` has a bound.
        images: uint8 `[N, S, S, C]`.
        name: what they are.

    Returns:
        what `bound_scores.measure_bound` gives; {} where `model` is no VAE.
    """
    return elbo_protocol.measure_bound(model, images, name) if isinstance(model, VAE) else {}


def bound_rows(bound):
    """(name, value, meaning) of each number of `evaluate_bound`, as text."""
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
        ("active units", str(bound["active_units"]), "latent dimensions that tell pictures apart"),
    ]


def bound_against(bound):
    """One line: what the bound was measured on."""
    return f"bound: {bound['elbo']['n_images']} pictures of {bound['elbo']['reference']}"

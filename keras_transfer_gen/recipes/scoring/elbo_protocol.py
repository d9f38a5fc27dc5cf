"""The evidence lower bound (ELBO) of a VAE by the one protocol that every figure of this project follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels, variational
from keras_transfer_gen.training.latents import numbered_latents, posterior_latents

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.training.vae import VAE


SAMPLES, SEED = 16, 0
CURVE_SAMPLES, CURVE_IMAGES = 4, 200  # of a value during training


def measure_elbo(vae: VAE, images: np.ndarray | LazyImages, name: str) -> dict[str, Any]:
    """The ELBO of a VAE on images, and its parts.

    Args:
        vae: `VAE`.
        images: uint8 `[N, S, S, C]`, not trained on.
        name: what they are, for the reader.

    Returns:
        JSON-ready dict, as in metrics.json: "elbo" and "bits_per_dim", each {"value", "n_images", "reference"}; "elbo"
        also has its two parts and the importance-weighted bound, "bits_per_dim" a "caveat" where its value does not
        mean what its name says; "active_units"; "collapse", a sentence, "" where there is none.
    """
    values: Any = vae.evaluate(images, samples=SAMPLES, seed=SEED, return_dict=True)
    origin = {"n_images": len(images), "reference": name}
    parts = {part: values[part] for part in ("reconstruction_loss", "kl_loss", "importance_bound")}
    units = int(values["active_units"])
    caveat = "" if vae.likelihood.of_levels else variational.NO_LEVELS
    return {
        "elbo": {"value": values["elbo"], **origin, **parts, "samples": SAMPLES, "seed": SEED},
        "bits_per_dim": {"value": values["bits_per_dim"], **origin, "caveat": caveat},
        "active_units": units,
        "collapse": variational.describe_collapse(values["kl_loss"], units, vae.spec.latent_dim),
    }


def elbo_rows(measures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, value, meaning) of each number of `measure_elbo`, as text; none of an empty dict."""
    if not measures:
        return []
    elbo, bits = measures["elbo"], measures["bits_per_dim"]
    return [
        ("ELBO", f"{elbo['value']:.1f}", "nats per image: evidence lower bound; higher is better"),
        ("reconstruction loss", f"{elbo['reconstruction_loss']:.1f}", "nats per image"),
        ("KL", f"{elbo['kl_loss']:.1f}", "nats per image that the latents carry"),
        ("importance-weighted", f"{elbo['importance_bound']:.1f}", f"nats per image, of {elbo['samples']} draws"),
        ("bits per dimension", f"{bits['value']:.3f}", bits["caveat"] or "lower is better"),
        ("active units", str(measures["active_units"]), "latent dimensions that differ between images"),
    ]


def elbo_reference(measures: dict[str, Any]) -> str:
    """One line that says which images the ELBO was measured on."""
    return f"ELBO: {measures['elbo']['n_images']} images of {measures['elbo']['reference']}"


def curve_elbo(vae: VAE, images: np.ndarray | LazyImages) -> float:
    """The ELBO during training, nats per image; of fewer draws and images than a reported value."""
    values: Any = vae.evaluate(subsample(images), samples=CURVE_SAMPLES, seed=SEED, return_dict=True)
    return values["elbo"]


def calibrate(vae: VAE, images: np.ndarray | LazyImages) -> None:
    """Sets the likelihood's stored scale of errors to what fits images, in closed form.

    The scale that training stores is that of the training images. A network that knows a few images by heart has small
    errors on them, and with such a small scale every other image looks impossible. So the scale is fitted to images
    that were not trained on.

    Args:
        vae: `VAE`, changed in place.
        images: uint8 `[N, S, S, C]`, not trained on.
    """
    images = subsample(images)
    real = pixels.to_model_range(images)
    mean, log_var = vae.encode(images)
    latents = posterior_latents(mean, log_var, numbered_latents(range(len(images)), mean.shape[1], SEED))
    vae.likelihood.after_step(real, vae.decoder(latents, training=False), tf.constant(0, tf.int64))


def measure_refitted(
    vae: VAE, calibration: np.ndarray | LazyImages, images: np.ndarray | LazyImages, name: str
) -> dict[str, Any] | None:
    """The ELBO of a VAE whose likelihood's stored scale alone is fitted to new images.

    Training gains what comes on top of that.

    Args:
        vae: `VAE`; it is as before afterwards.
        calibration: uint8 `[M, S, S, C]`, images that the scale is fitted to.
        images: uint8 `[N, S, S, C]`, images that the ELBO is measured on.
        name: what they are, for the reader.

    Returns:
        dict, "elbo" of `measure_elbo`; None where the likelihood stores no scale.
    """
    variables = vae.likelihood.variables
    before = [variable.numpy() for variable in variables]
    try:
        calibrate(vae, calibration)
        if all(np.array_equal(variable, value) for variable, value in zip(variables, before, strict=True)):
            return None
        return measure_elbo(vae, images, name)["elbo"]
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def subsample(images: np.ndarray | LazyImages, most: int = CURVE_IMAGES) -> np.ndarray:
    """At most `most` of the images, evenly spread."""
    return images[:: -(-len(images) // most)]

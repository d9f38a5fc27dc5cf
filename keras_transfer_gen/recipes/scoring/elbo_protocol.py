"""The evidence lower bound as it stands in metrics.json, by one protocol: 16 draws, seed 0."""

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels, variational
from keras_transfer_gen.training.latents import numbered_latents, posterior_latents

SAMPLES, SEED = 16, 0
CURVE_SAMPLES, CURVE_IMAGES = 4, 200  # for a point on the way


def measure_elbo(vae, images, name):
    """The bound and what it is made of.

    Args:
        vae: `VAE`.
        images: uint8 `[N, S, S, C]`, not learnt.
        name: what they are, for the reader.

    Returns:
        dict of JSON-ready values: "elbo" and "bits_per_dim", each {"value", "n_images", "reference"}, the former with
        its two parts and the importance-weighted bound, the latter with "caveat", "" where it means what it says;
        "active_units"; "collapse", a sentence, "" where there is none.
    """
    found = vae.evaluate(images, samples=SAMPLES, seed=SEED, return_dict=True)
    measured = {"n_images": len(images), "reference": name}
    parts = {part: found[part] for part in ("reconstruction_loss", "kl_loss", "importance_bound")}
    units = int(found["active_units"])
    caveat = "" if vae.likelihood.of_levels else variational.NO_LEVELS
    return {
        "elbo": {"value": found["elbo"], **measured, **parts, "samples": SAMPLES, "seed": SEED},
        "bits_per_dim": {"value": found["bits_per_dim"], **measured, "caveat": caveat},
        "active_units": units,
        "collapse": variational.describe_collapse(found["kl_loss"], units, vae.spec.latent_dim),
    }


def curve_elbo(vae, images):
    """The bound on the way, nats per image: fewer draws and images than for a reported one."""
    return vae.evaluate(subsample(images), samples=CURVE_SAMPLES, seed=SEED, return_dict=True)["elbo"]


def calibrate(vae, images):
    """Sets the likelihood's stored scale to what fits images, in closed form.

    The scale that training stores is of images that the networks know. On few images they learn them by heart, and
    a scale as small as that makes every other image look impossible. So it is taken of images that were not learnt.

    Args:
        vae: `VAE`, changed in place.
        images: uint8 `[N, S, S, C]`, not learnt.
    """
    shown = subsample(images)
    real = pixels.to_model_range(shown)
    mean, log_var = vae.encode(shown)
    z = posterior_latents(mean, log_var, numbered_latents(range(len(shown)), mean.shape[1], SEED))
    vae.likelihood.after_step(real, vae.decoder(z, training=False), tf.constant(0, tf.int64))


def measure_refitted(vae, shown, images, name):
    """The bound of a VAE with nothing but the likelihood's stored scale fitted to new images.

    What a training gains on top of that is its own.

    Args:
        vae: `VAE`; it is as before afterwards.
        shown: uint8 `[M, S, S, C]`, what the scale is taken of.
        images: uint8 `[N, S, S, C]`, what the bound is measured on.
        name: what they are, for the reader.

    Returns:
        dict, "elbo" of `measure_elbo`; None where the likelihood stores no scale.
    """
    variables = vae.likelihood.variables
    before = [variable.numpy() for variable in variables]
    try:
        calibrate(vae, shown)
        if all(np.array_equal(variable, value) for variable, value in zip(variables, before, strict=True)):
            return None
        return measure_elbo(vae, images, name)["elbo"]
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def subsample(images, most=CURVE_IMAGES):
    """At most `most` of the images, evenly spread."""
    return images[:: -(-len(images) // most)]

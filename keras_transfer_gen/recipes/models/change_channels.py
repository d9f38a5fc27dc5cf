"""A VAE for images with other channels: RGB to grey and back."""

from __future__ import annotations

import dataclasses

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.weights.matching import load_matching_weights


def change_channels(vae: VAE, channels: int) -> VAE:
    """A copy of a VAE for images with other channels; the VAE itself where it has them already.

    A grey image gets the latents that the same image in RGB had. A decoder of RGB becomes one of grey by the mean of
    the three channels before the last activation; a decoder of grey repeats it in RGB. Prior and likelihood are kept.

    Args:
        vae: `VAE` whose encoder begins and whose decoder ends with a convolution, such as `conv_vae`.
        channels: 1 or 3.

    Returns:
        `VAE`, not compiled where it is a copy.

    Raises:
        UserError: for other channels, or networks that can't be changed.

    Example:
        >>> grey = change_channels(load_vae("noto_vae_64"), 1)  # doctest: +SKIP
    """
    checks.check_choice("channels", channels, checks.CHANNELS)
    if vae.spec.channels == channels:
        return vae
    encoder = _rebuilt(vae.encoder, channels, first=True)
    decoder = _rebuilt(vae.decoder, channels, first=False)
    for new, old in ((encoder, vae.encoder), (decoder, vae.decoder)):
        load_matching_weights(new, old, adapt_channels=True)
    spec = dataclasses.replace(vae.spec, channels=channels)
    arguments = {name: getattr(vae, name) for name in ("prior", "likelihood", "beta", "free_bits", "kl_annealing_kimg")}
    return VAE(encoder, decoder, spec=spec, name=vae.name, **arguments)


def _rebuilt(network: keras.Model, channels: int, first: bool) -> keras.Model:
    """A network with new weights whose input (first) or output has other channels."""
    config = network.get_config()
    tensor = network.inputs[0] if first else network.outputs[0]
    name = tensor._keras_history.operation.name
    (layer,) = [layer for layer in config["layers"] if layer["name"] == name]
    if first:
        layer["config"]["batch_shape"] = [*layer["config"]["batch_shape"][:-1], channels]
    elif "filters" in layer["config"]:
        layer["config"]["filters"] = channels
    else:
        expected = "a VAE whose decoder ends in a convolution"
        step = "Leave channels= (--channels) out."
        raise checks.user_error("channels", expected, f"a layer {layer['class_name']} at its end", step)
    for layer in config["layers"]:
        layer.pop("build_config", None)  # shapes of the old channels
    return keras.Model.from_config(config)

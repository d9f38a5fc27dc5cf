"""Small models of every kind that can be exported.

Kinds: "generator", a DCGAN; "labels", a generator with classes; "vae", with a prior of two normal distributions. Beside
them "style", a StyleGAN2 with classes, one of which is drawn more often.
"""

import dataclasses

import keras
import numpy as np

from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.networks.priors.mixture import MixturePrior
from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_generator
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.vae import VAE

SPEC = ModelSpec(image_size=28, channels=3, latent_dim=6, truncation=0.8, licence="CC0-1.0")
LABELS_SPEC = ModelSpec(image_size=4, channels=3, latent_dim=6, num_classes=3)
VAE_SPEC = ModelSpec(image_size=28, channels=3, latent_dim=5, licence="CC0-1.0", family="vae")
STYLE_SPEC = ModelSpec(
    image_size=8, channels=3, latent_dim=4, num_classes=2, class_shares=[0.8, 0.2], truncation=0.7, arch="stylegan2"
)


def draw_statistics(network):
    """Gives norms the statistics of a network that has been trained: in training mode it would give other images."""
    rng = np.random.default_rng(0)
    for variable in network.non_trainable_variables:
        if keras.backend.is_float_dtype(variable.dtype):
            # means around zero: a ReLU after larger ones can give nothing but zeros
            low, high = (-0.5, 0.5) if "mean" in variable.name else (0.5, 1.5)
            variable.assign(rng.uniform(low, high, variable.shape))


def small_generator(policy="float32"):
    """A DCGAN of 28 pixels as `SPEC` says."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = build_dcgan_generator(28, latent_dim=6, max_channels=16, min_channels=8)
    finally:
        keras.config.set_dtype_policy(before)
    draw_statistics(network)
    return network


def generator_with_labels():
    """A generator of 4 pixels as `LABELS_SPEC` says."""
    inputs = {"latents": keras.Input((6,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    x = inputs["latents"] + keras.layers.Embedding(3, 6)(inputs["labels"])
    x = keras.layers.Reshape((4, 4, 3))(keras.layers.Dense(48, activation="tanh")(x))
    return keras.Model(inputs, x)


def small_style_generator():
    """A StyleGAN2 of 8 pixels as `STYLE_SPEC` says."""
    return build_stylegan2_generator(GeneratorShape(8, 3, 4, 2, w_dim=4, widths=(4, 4), mapping_layers=1))


def small_vae():
    """A VAE of 28 pixels as `VAE_SPEC` says."""
    keras.utils.set_random_seed(0)
    vae = VAE(*build_conv_vae(28, latent_dim=5, max_channels=16, min_channels=8), spec=VAE_SPEC)
    for network in vae.roles.values():
        draw_statistics(network)
    means = np.random.default_rng(0).normal(size=(2, 5))
    vae.set_prior(MixturePrior(5, 2).set_distribution([0.3, 0.7], means, [np.eye(5)] * 2))
    return vae


def wrong_weights(servable):
    """A `Servable` whose functions no longer give what the model gave, as with weights that went astray."""
    functions = {
        name: dataclasses.replace(function, expected={key: _moved(value) for key, value in function.expected.items()})
        for name, function in servable.functions.items()
    }
    return dataclasses.replace(servable, functions=functions)


def _moved(value):
    return 255 - value if value.dtype == np.uint8 else value + np.float32(0.1)

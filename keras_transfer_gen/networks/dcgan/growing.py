"""A trained DCGAN for images of twice the side: new blocks begin as an upsampling of what was known, and fade in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import IMAGES, input_names
from keras_transfer_gen.networks.dcgan.dcgan import DownBlock, UpBlock
from keras_transfer_gen.networks.dcgan.pretrained_discriminator import copy_layer

if TYPE_CHECKING:
    import tensorflow as tf


FINAL = "images"  # the layer of a grown generator that takes the sum of all sizes through tanh
LARGEST = 256  # pixels


def grow_generator(generator: keras.Model, kind: type[layers.Layer] = UpBlock) -> keras.Model:
    """A generator of images twice as large, which begin as those of a trained one with each pixel repeated four times.

    A new block draws details. They are added before the final tanh and begin at zero.

    Args:
        generator: generator of the architecture `dcgan`, `dcgan_refined`, `dcgan_conditional` or `blended_codes`, or a
            grown one.
        kind: class of its blocks; any other than `UpBlock` is called with features alone.

    Returns:
        `keras.Model` named "generator" with inputs of the same names; all layers are copies with their own weights.

    Raises:
        UserError: for a generator of other layers, and one of 256 pixels.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
        >>> grow_generator(build_dcgan_generator(32, max_channels=16)).output_shape
        (None, 64, 64, 3)

    Reference:
        Karras et al., Progressive Growing of GANs, 2018 (arXiv:1710.10196), for new blocks that fade in; Karras et al.,
        StyleGAN2, 2020 (arXiv:1912.04958), for an image as a sum over sizes.
    """
    side = generator.output_shape[1]
    last = _block("generator", generator, side, kind)
    channels, filters = generator.output_shape[-1], last.filters
    copy = keras.models.clone_model(generator)
    copy.set_weights(generator.get_weights())
    features, image = _end(copy, side)
    twice = 2 * side
    name = f"block_{twice}"
    if kind is UpBlock:
        styles = copy.get_layer(last.name).input[1]
        features = UpBlock(filters, last.modulated, name=name)([features, styles])
    else:
        features = kind(filters, name=name)(features)
    own = {"dtype": "float32"}
    details = layers.Conv2D(
        channels, 3, padding="same", kernel_initializer="zeros", name=f"to_image_{twice}", **own
    )(features)  # fmt: skip
    enlarged = layers.UpSampling2D(2, name=f"enlarge_{twice}", **own)(image)
    total = layers.Add(name=f"sum_{twice}", **own)([enlarged, details])
    return keras.Model(copy.input, layers.Activation("tanh", name=FINAL, **own)(total), name="generator")


def grow_discriminator(discriminator: keras.Model) -> keras.Model:
    """A discriminator of images twice as large, which begins by judging their averages as a trained one does.

    What averaging hides reaches the second block through new blocks whose sum begins at zero.

    Args:
        discriminator: discriminator of the architecture `dcgan`, `dcgan_refined` or `dcgan_conditional`, without
            feature heads, or a grown one.

    Returns:
        `keras.Model` named "discriminator" with inputs of the same names; all layers are copies with their own weights.

    Raises:
        UserError: for a discriminator of other layers, and one of 256 pixels.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
        >>> grow_discriminator(build_dcgan_discriminator(32, max_channels=16)).input_shape
        (None, 64, 64, 3)
    """
    names = input_names(discriminator)
    known = {IMAGES: discriminator.input} if names is None else dict(discriminator.input)
    side, channels = known[IMAGES].shape[1], known[IMAGES].shape[-1]
    first = _block("discriminator", discriminator, side, DownBlock)
    twice = 2 * side
    inputs = {name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name) for name, tensor in known.items()}
    inputs[IMAGES] = images = keras.Input((twice, twice, channels), name=IMAGES)
    averaged = layers.AveragePooling2D(2, name=f"average_{twice}")(images)
    details = DownBlock(first.filters, name=f"block_{twice}")(images)
    details = DownBlock(first.filters, name=f"detail_{twice}")(details)
    details = layers.Conv2D(first.filters, 1, kernel_initializer="zeros", name=f"detail_sum_{twice}")(details)

    tensors = {id(tensor): averaged if name == IMAGES else inputs[name] for name, tensor in known.items()}
    for layer in discriminator.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        outputs = copy_layer(layer, keras.tree.map_structure(lambda tensor: tensors[id(tensor)], layer.input))
        if layer is first:
            outputs = layers.Add(name=f"with_detail_{twice}")([outputs, details])
        tensors[id(layer.output)] = outputs
    outputs = tensors[id(discriminator.output)]
    return keras.Model(images if names is None else inputs, outputs, name="discriminator")


def _block(role: str, network: keras.Model, side: int, kind: type) -> Any:
    """The block at the image's side; a `UserError` where the network is none of a DCGAN or can't grow further."""
    layer = next((layer for layer in network.layers if layer.name == f"block_{side}"), None)
    if not isinstance(layer, kind):
        step = "Growing is there for dcgan, its kinds and blended_codes. Leave image_size= (--image-size) out."
        raise checks.user_error(role, f"a {role} of a DCGAN of {side} pixels", network.name, step)
    if 2 * side > LARGEST:
        step = "Give a source of smaller images."
        raise checks.user_error("image_size", f"at most {LARGEST}", 2 * side, step)
    return layer


def _end(generator: keras.Model, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """(features of the largest map, the image before tanh) of a generator whose layers may be used up."""
    names = [layer.name for layer in generator.layers]
    if FINAL in names:
        return generator.get_layer(f"to_image_{side}").input, generator.get_layer(FINAL).input
    output = generator.get_layer("to_image")
    config = {**output.get_config(), "name": f"to_image_{side}", "activation": "linear"}
    linear = layers.Conv2D.from_config(config)
    image = linear(output.input)
    linear.set_weights(output.get_weights())
    return output.input, image

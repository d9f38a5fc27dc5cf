"""A trained discriminator as the beginning of one for images of another size or number of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import DownBlock

if TYPE_CHECKING:
    import tensorflow as tf


def build_pretrained_discriminator(trained: keras.Model, image_size: int, channels: int) -> keras.Model:
    """A discriminator that judges as a trained one does, for images of any size.

    Images are brought to the size that the trained one knows: smaller ones are enlarged by a whole number, larger
    ones halved by averaging, and what is missing to a power of two is a grey border. Grey ones are shown as RGB. What
    averaging hides of larger images reaches the second block through strided convolutions, `detail_*`, whose sum
    begins at zero: the judgement is the trained one's at first, and learns of details from there.

    Args:
        trained: discriminator that `build_dcgan_discriminator` made, of RGB images whose side is a power of two.
        image_size: side of the images.
        channels: 1 or 3.

    Returns:
        `keras.Model` named "discriminator", float32 `[batch, image_size, image_size, channels]` -> what `trained`
        returns. Its layers are copies with their own weights.

    Raises:
        UserError: where `channels` is neither 1 nor 3.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
        >>> build_pretrained_discriminator(build_dcgan_discriminator(32, max_channels=32), 48, 1).output_shape
        (None, 1)

    Reference:
        Mo et al., Freeze the Discriminator, 2020 (arXiv:2002.10964), for what discriminators know of other images;
        Karras et al., Progressive Growing, 2018 (arXiv:1710.10196), for new layers that fade in.
    """
    checks.check_choice("channels", channels, (1, 3), "A discriminator reads grey or RGB images.")
    known = trained.input_shape[1]
    first, *rest = [layer for layer in trained.layers if not isinstance(layer, layers.InputLayer)]
    x = inputs = keras.Input((image_size, image_size, channels), name="images")
    if channels == 1:
        x = layers.Concatenate(name="as_rgb")([x, x, x])
    enlarged, pooled, halvings = max(known // image_size, 1), known, 0
    if enlarged > 1:
        x = layers.UpSampling2D(enlarged, name="enlarge")(x)
    while pooled < image_size:
        pooled, halvings = 2 * pooled, halvings + 1
    missing = pooled - enlarged * image_size
    if missing:
        x = layers.ZeroPadding2D(2 * ((missing // 2, missing - missing // 2),), name="border")(x)
    x = _first_blocks(first, x, halvings)
    for layer in rest:
        x = copy_layer(layer, x)
    return keras.Model(inputs, x, name="discriminator")


def _first_blocks(first: DownBlock, x: tf.Tensor, halvings: int) -> tf.Tensor:
    """The trained first block on averaged images, and the details that averaging hides added to it."""
    if not halvings:
        return copy_layer(first, x)
    detail, filters = x, first.filters
    for number in range(halvings + 1):
        detail = DownBlock(filters, name=f"detail_{number}")(detail)
    detail = layers.Conv2D(filters, 1, kernel_initializer="zeros", name="detail_sum")(detail)
    judged = copy_layer(first, layers.AveragePooling2D(2**halvings, name="average")(x))
    return layers.Add(name="with_detail")([judged, detail])


def copy_layer(layer: keras.layers.Layer, x: list[tf.Tensor] | tf.Tensor) -> tf.Tensor:
    """What a copy of a layer, with the same weights of its own, gives for inputs `x`."""
    new = layer.__class__.from_config(layer.get_config())
    outputs = new(x)
    new.set_weights(layer.get_weights())
    return outputs

"""A discriminator that judges the parts of an image, each by itself: what makes edges and surfaces sharp."""

from __future__ import annotations

import keras
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import SLOPE, DownBlock


def build_patch_discriminator(
    image_size: int = 64, channels: int = 3, max_channels: int = 256, min_channels: int = 32, halvings: int = 3
) -> keras.Model:
    """A functional model named "discriminator" from images to a map of logits.

    Its blocks are the 3 x 3 convolution `from_image`, one `DownBlock` a halving, `block_<side that comes in>`, and the
    1 x 1 convolution `logits`. No norm mixes images or places: with 3 halvings each logit sees 24 x 24 pixels. As built
    by default it takes about half the multiplications of `build_token_decoder`.

    Args:
        image_size: side of the image: 32, 64, 128 or 256.
        channels: 1 or 3.
        max_channels: channels of the smallest map, halved towards the image.
        min_channels: channels of a map at least.
        halvings: number of blocks, at least 1; one more about doubles the side of what a logit sees.

    Returns:
        `keras.Model`, float32 `[batch, image_size, image_size, channels]` in [-1, 1] -> float32 logits
        `[batch, h, h, 1]`, h = image_size / 2^halvings.

    Raises:
        UserError: for images that it can't be built for.

    Example:
        >>> build_patch_discriminator(32, max_channels=32).output_shape
        (None, 4, 4, 1)

    Reference:
        Isola et al., Image-to-Image Translation, 2017 (arXiv:1611.07004), section 3.2.2.
    """
    checks.check_image_shape(image_size, channels)
    halvings = checks.check_integer("halvings", halvings, next_step="Such as halvings=3.")
    if image_size % 2**halvings:
        step = "Give fewer halvings=."
        raise checks.user_error("image_size", f"a multiple of {2**halvings} for {halvings} halvings", image_size, step)
    widths = [max(max_channels >> stage, min_channels) for stage in range(halvings, -1, -1)]
    x = inputs = keras.Input((image_size, image_size, channels), name="images")
    x = layers.Conv2D(widths[0], 3, padding="same", name="from_image")(x)
    x = layers.LeakyReLU(SLOPE, name="activation")(x)
    for stage, filters in enumerate(widths[1:]):
        x = DownBlock(filters, name=f"block_{image_size >> stage}")(x)
    outputs = layers.Conv2D(1, 1, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="discriminator")

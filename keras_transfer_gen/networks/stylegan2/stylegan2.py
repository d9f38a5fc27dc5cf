"""StyleGAN2's generator and discriminator as functional models with named blocks, for images of 4 to 1024 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from keras_transfer_gen.network_inputs import TRUNCATION
from keras_transfer_gen.networks.stylegan2.critic import CriticBlock, CriticEnd, LabelProjection
from keras_transfer_gen.networks.stylegan2.mapping import MappingNetwork, Styles
from keras_transfer_gen.networks.stylegan2.shapes import sides
from keras_transfer_gen.networks.stylegan2.synthesis import SynthesisBlock

if TYPE_CHECKING:
    pass


STYLES = "styles"  # the layer whose output `Step.intermediates` names "w"


def build_stylegan2_generator(shape: Any) -> keras.Model:
    """A functional model named "generator" from latents, labels where there are classes, and truncation to images.

    Its layers are `mapping`, `styles` (with the average style) and one `SynthesisBlock` a resolution, `block_4` ...
    `block_<image_size>`; then `images`.

    Args:
        shape: `GeneratorShape`.

    Returns:
        `keras.Model`, a dict of "latents" float32 `[batch, latent_dim]`, "labels" int32 `[batch]` (with classes) and
        "truncation" float32 `[batch]` (1 changes nothing) -> float32 images `[batch, image_size, image_size, channels]`
        about [-1, 1].

    Example:
        >>> from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
        >>> shape = GeneratorShape(16, latent_dim=8, w_dim=8, widths=(8, 8, 4), mapping_layers=2)
        >>> build_stylegan2_generator(shape).output_shape
        (None, 16, 16, 3)
    """
    latents = keras.Input((shape.latent_dim,), name="latents")
    inputs = {"latents": latents}
    if shape.num_classes:
        inputs["labels"] = keras.Input((), dtype="int32", name="labels")
    inputs[TRUNCATION] = keras.Input((), name=TRUNCATION)
    mapping = MappingNetwork(
        shape.mapping_units(), shape.num_classes, shape.embed_dim or shape.w_dim, shape.lr_multiplier, name="mapping"
    )
    w = mapping([latents, inputs["labels"]] if shape.num_classes else latents)
    styles = Styles(shape.num_ws, mixing=0.0 if shape.num_classes else shape.mixing, name=STYLES)(
        [w, inputs[TRUNCATION]]
    )
    x, image = None, None
    for number, (side, filters) in enumerate(zip(sides(shape.image_size), shape.widths, strict=True)):
        block = SynthesisBlock(
            filters, side, shape.channels, shape.architecture, last=side == shape.image_size, noise=shape.noise,
            clamp=shape.clamp, in_float32=len(shape.widths) - number > shape.reduced_blocks, name=f"block_{side}",
        )  # fmt: skip
        outputs = block([part for part in (x, image, styles) if part is not None])
        x, image = outputs if isinstance(outputs, (list, tuple)) else (outputs, None)
    images = layers.Activation("linear", dtype="float32", name="images")(x)
    return keras.Model(inputs, images, name="generator")


def build_stylegan2_discriminator(shape: Any) -> keras.Model:
    """A functional model named "discriminator" from images, and labels where there are classes, to logits.

    Its blocks are one `CriticBlock` a halving, `block_<image_size>` ... `block_8`, and `block_4`, which ends in dense
    layers; with classes `mapping`, which maps a label to what is compared with the image's numbers; then `logits`.

    Args:
        shape: `DiscriminatorShape`.

    Returns:
        `keras.Model`, float32 `[batch, image_size, image_size, channels]`, or a dict of "images" and "labels" int32
        `[batch]`, -> float32 logits `[batch, 1]`.

    Example:
        >>> from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape
        >>> build_stylegan2_discriminator(DiscriminatorShape(16, widths=(8, 8, 4))).output_shape
        (None, 1)
    """
    x = images = keras.Input((shape.image_size, shape.image_size, shape.channels), name="images")
    *halved, last = range(len(shape.widths))[::-1]
    all_sides = sides(shape.image_size)
    for number in halved:
        x = CriticBlock(
            shape.widths[number], shape.widths[number - 1], shape.architecture,
            first=all_sides[number] == shape.image_size, clamp=shape.clamp,
            in_float32=len(shape.widths) - number > shape.reduced_blocks, name=f"block_{all_sides[number]}",
        )(x)  # fmt: skip
    units = shape.label_dim if shape.num_classes else 1
    x = CriticEnd(
        shape.widths[last], units, shape.architecture, not halved, shape.group_size, shape.clamp, name="block_4"
    )(x)
    if not shape.num_classes:
        logits = layers.Activation("linear", dtype="float32", name="logits")(x)
        return keras.Model(images, logits, name="discriminator")
    labels = keras.Input((), dtype="int32", name="labels")
    embed_dim = shape.embed_dim or shape.label_dim
    mapping = MappingNetwork(
        shape.mapping_units(), shape.num_classes, embed_dim, shape.lr_multiplier, has_latents=False, name="mapping"
    )
    logits = LabelProjection(dtype="float32", name="logits")([x, mapping(labels)])
    return keras.Model({"images": images, "labels": labels}, logits, name="discriminator")

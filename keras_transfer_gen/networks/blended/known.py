"""The images that a generator of blended codes knows: their decoded forms, and a generator that knows some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.compiled_calls import compiled_network
from keras_transfer_gen.networks.blended.blended import BlendedCodes
from keras_transfer_gen.networks.class_rows import takes_labels, without_labels

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array


def blend_layer(generator: keras.Model) -> BlendedCodes | None:
    """The `BlendedCodes` of a generator, or None where it has none."""
    return next((layer for layer in generator.layers if isinstance(layer, BlendedCodes)), None)


def known_classes(generator: keras.Model) -> np.ndarray:
    """The class of each image that a generator blends, int `[n]`: the one that it is most likely in."""
    return blend_layer(generator).classes.numpy().argmax(axis=0)


def known_images(generator: keras.Model, numbers: Array | None = None) -> np.ndarray:
    """The images that a generator blends, decoded alone: uint8 `[n, H, W, C]`.

    Args:
        generator: functional model with a `BlendedCodes`.
        numbers: int `[n]`, which ones; None: all.
    """
    blend = blend_layer(generator)
    numbers = np.arange(blend.num_images) if numbers is None else np.asarray(numbers)
    rest = keras.Model(blend.output, generator.output)
    decode = compiled_network(rest)
    return pixels.render(lambda rows: decode(blend.grids_of(tf.cast(rows[:, 0], tf.int32))), numbers[:, np.newaxis])


def with_known_images(generator: keras.Model, numbers: Array, points: Array, offsets: Array) -> keras.Model:
    """A generator of one class that blends some of the images that another knows, and takes no labels.

    Args:
        generator: functional model with a `BlendedCodes`.
        numbers: int `[n]` of the images to keep, all different.
        points: float `[n, latent_dim]`, where each lies among the latents from now on.
        offsets: float `[n]`, see `maths.semi_discrete.fit_offsets`.

    Returns:
        `keras.Model` of the same name, layers and weights otherwise: latents -> images.
    """
    blend, config = blend_layer(generator), generator.get_config()
    layers = []
    for part in config["layers"]:
        if part["name"] == blend.name:
            part = {**part, "config": {**part["config"], "num_images": len(numbers), "num_classes": 1}}
            part.pop("build_config", None)  # of the old numbers
        layers.append(part)
    copy = keras.Model.from_config({**config, "layers": layers})
    for layer in copy.layers:
        if layer.name != blend.name:
            layer.set_weights(generator.get_layer(layer.name).get_weights())
    new = copy.get_layer(blend.name)
    values = {
        "codes": blend.codes.numpy(), "tokens": blend.tokens.numpy()[numbers], "points": points, "offsets": offsets,
        "classes": np.ones((1, len(numbers))),
    }  # fmt: skip
    for name, value in values.items():
        getattr(new, name).assign(value)
    for old_codes, new_codes in zip(blend.fine_codes, new.fine_codes, strict=True):
        new_codes.assign(old_codes)
    for old_tokens, new_tokens in zip(blend.fine_tokens, new.fine_tokens, strict=True):
        new_tokens.assign(old_tokens.numpy()[numbers])
    return without_labels(copy) if takes_labels(copy) else copy

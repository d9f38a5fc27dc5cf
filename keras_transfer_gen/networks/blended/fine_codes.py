"""A finer grid of codes for a generator of blended codes: eyes, mouths and letters need more than the grids before."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.networks.blended.blended import BlendedCodes
from keras_transfer_gen.networks.dcgan.pretrained_discriminator import copy_layer

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array


@dataclasses.dataclass(frozen=True)
class FineCodes:
    """A finer grid of known images, and how a generator takes it.

    Attributes:
        codes: float32 `[num_codes, code_dim]`.
        tokens: int `[n, rows, columns]` of the known images.
        layer: float32 `[batch, rows, columns, code_dim]` -> what is added to the first features of that shape.
    """

    codes: Array
    tokens: Array
    layer: layers.Layer


def add_fine_codes(generator: keras.Model, fine: FineCodes) -> keras.Model:
    """A generator whose known images have one grid of codes more.

    Args:
        generator: functional model with a `BlendedCodes`.
        fine: the grid; its layer has a name that no layer of `generator` has.

    Returns:
        `keras.Model` of the same inputs, name and layers, which are copies with the same weights.

    Raises:
        UserError: where no features have the shape that the layer of `fine` gives.
    """
    tokens = np.asarray(fine.tokens)
    grid = (len(fine.codes), *tokens.shape[1:], fine.codes.shape[1])
    pending: list[Any] = []

    def clone(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if isinstance(layer, BlendedCodes):
            config["fine"] = [*layer.fine, grid]
        return type(layer).from_config(config)

    def call(layer: layers.Layer, *inputs: Any, **options: Any) -> Any:
        output = layer(*inputs, **options)
        if isinstance(layer, BlendedCodes):
            *output, finest = output
            pending.append(copy_layer(fine.layer, finest))
            return output if len(output) > 1 else output[0]
        if pending and output.shape[1:] == pending[0].shape[1:]:
            return layers.Add(name=f"with_{fine.layer.name.removeprefix('from_')}")([output, pending.pop()])
        return output

    model = keras.models.clone_model(generator, clone_function=clone, call_function=call)
    if pending:
        step = "The generator has no features of this shape."
        raise checks.user_error(
            "fine", "a layer whose output fits features of the generator", pending[0].shape[1:], step
        )
    for layer in generator.layers:
        new = model.get_layer(layer.name)
        if isinstance(layer, BlendedCodes):
            copy_blend(layer, new)
            new.fine_codes[-1].assign(fine.codes)
            new.fine_tokens[-1].assign(tokens.reshape(len(tokens), -1))
        else:
            new.set_weights(layer.get_weights())
    return model


def copy_blend(old: BlendedCodes, new: BlendedCodes) -> None:
    """Gives a layer the weights of another of as many images; finer grids that the other lacks keep theirs."""
    for name in ("codes", "points", "offsets", "classes", "tokens"):
        getattr(new, name).assign(getattr(old, name))
    grids = len(old.fine)
    olds, news = [*old.fine_codes, *old.fine_tokens], [*new.fine_codes[:grids], *new.fine_tokens[:grids]]
    for variable, other in zip(news, olds, strict=True):
        variable.assign(other)

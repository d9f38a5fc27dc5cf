"""What of a model is exported: its functions, with examples of what they must give. Every format is written from it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.specs import ModelSpec


@dataclasses.dataclass(frozen=True)
class ServedFunction:
    """One function of an exported model.

    Args:
        compute: function of named tensors -> {name of an output: tensor}.
        inputs: tuple of `tf.TensorSpec`, one for each parameter of `compute`, of its name: with an open batch axis, or
            scalars.
        examples: {input: ndarray}, on which the exported function is called; four rows where there is a batch axis.
        expected: {output: ndarray}, what the model itself gives for them; see `parity.check_outputs`.
        tolerance: the pixel levels by which images may differ.
        chooses: whether it chooses between codes: two that are nearly as good may then change places, which changes all
            that follows; see `parity.check_outputs`.

    Example:
        >>> latents = tf.TensorSpec((None, 2), tf.float32, name="latents")
        >>> zeros = np.zeros((4, 2), np.float32)
        >>> double = ServedFunction(lambda latents: {"x": 2 * latents}, (latents,), {"latents": zeros}, {"x": zeros})
        >>> double.traced()(tf.constant([[1.0, 2.0]]))["x"].numpy().tolist()
        [[2.0, 4.0]]
    """

    compute: Callable
    inputs: tuple
    examples: dict
    expected: dict
    tolerance: float = 1.0
    chooses: bool = False

    @property
    def is_of_scalars(self) -> bool:
        """Whether it takes numbers instead of a batch (bool)."""
        return all(spec.shape.rank == 0 for spec in self.inputs)

    def traced(self, batch_size: int | None = None) -> Any:
        """The `tf.function` to be saved, for a fixed batch size where one is given."""
        specs = [
            tf.TensorSpec((batch_size, *spec.shape[1:]), spec.dtype, name=spec.name) if spec.shape.rank else spec
            for spec in self.inputs
        ]
        return tf.function(self.compute, input_signature=specs, autograph=False)


@dataclasses.dataclass(frozen=True)
class Servable:
    """A model that can be exported, in float32.

    Args:
        spec: its `ModelSpec`.
        functions: {name: `ServedFunction`}; "serve" is the one that draws images.
        variables: the `keras.Variable`s that the functions use.
        parts: {name of a part: name of its function}, of which a TFLite file holds one; "sampler" draws images.
        networks: {name: `keras.Model` or layer}, whose weights the functions use.
        extras: {path in a SavedModel's folder: bytes}, what is kept beside the functions.
    """

    spec: ModelSpec
    functions: dict
    variables: list
    parts: dict = dataclasses.field(default_factory=lambda: {"sampler": "serve"})
    networks: dict = dataclasses.field(default_factory=dict)
    extras: dict = dataclasses.field(default_factory=dict)

    def function_of_part(self, part: str) -> str:
        """The name of a part's function, or a `UserError` where the model has no such part."""
        step = "Models of other families have other parts. Set it with part= or --part."
        return self.parts[checks.check_choice("part", part, self.parts, step)]


def as_uint8(function: ServedFunction) -> ServedFunction:
    """The same function with its images as uint8 0..255.

    Args:
        function: `ServedFunction` with the output "images" alone, float32 in [-1, 1].
    """

    @functools.wraps(function.compute)  # the parameters' names are those that callers use
    def compute(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": pixels.to_uint8(function.compute(*tensors)["images"])}

    expected = {"images": np.asarray(pixels.to_uint8(function.expected["images"]))}
    return dataclasses.replace(function, compute=compute, expected=expected)

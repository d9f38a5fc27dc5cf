"""A generator as a `Servable`: one function, latents (labels, truncation) to images, against a float32 copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.export.float32_copy import LOW_PRECISION_TOLERANCE, float32_copy, has_low_precision
from keras_transfer_gen.export.numbered_images import add_numbered_images
from keras_transfer_gen.export.parity import check_parity, probe_inputs
from keras_transfer_gen.export.servable import Servable, ServedFunction, as_uint8
from keras_transfer_gen.export.style_functions import PARTS as STYLE_PARTS
from keras_transfer_gen.export.style_functions import style_functions
from keras_transfer_gen.network_inputs import TRUNCATION, input_names

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


def generator_servable(generator: keras.Model, spec: ModelSpec) -> Servable:
    """What is exported of a generator, in float32.

    - "serve": `latents` float32 `[N, latent_dim]`, which follow the spec's distribution, and `labels` int32 `[N]`
      where the spec has classes, and `truncation` float32 `[N]` in (0, 1] where the generator takes it -> `images`
      float32 `[N, S, S, C]` in [-1, 1].
    - "uint8": the same -> `images` uint8 0..255.
    - "generate" and "generate_png": see `add_numbered_images`.
    - "map" and "synthesize" of a generator with styles: see `style_functions`.

    Args:
        generator: functional `keras.Model`, latents `[batch, latent_dim]`, or a dict of latents, labels and truncation,
            -> images `[batch, S, S, C]` in [-1, 1], in any precision, mirrored or not; it is not changed.
        spec: its `ModelSpec`.

    Returns:
        `Servable`.

    Raises:
        UserError: where the generator is not of the spec's shape, or inside a strategy's scope.
        ExportError: where the float32 copy gives other images than the generator.
    """
    check_shapes(generator, spec)
    copy, inputs = float32_copy(generator), probe_inputs(spec)
    if TRUNCATION in (input_names(generator) or ()):
        inputs[TRUNCATION] = np.linspace(0.25, 1.0, len(inputs["latents"]), dtype=np.float32)
    original, copied = (_images(network, inputs) for network in (generator, copy))
    is_low = has_low_precision(generator)
    tolerance = LOW_PRECISION_TOLERANCE if is_low else noise_tolerance(generator, inputs)
    check_parity(original, copied, tolerance, "The float32 copy")
    bind = _SERVE[tuple(inputs)[1:]]
    serve = ServedFunction(
        compute=bind(copy),
        inputs=tuple(
            tf.TensorSpec((None, *value.shape[1:]), tf.as_dtype(value.dtype), name=name)
            for name, value in inputs.items()
        ),
        examples=inputs,
        expected={"images": copied if is_low else original},
        tolerance=noise_tolerance(copy, inputs),
    )
    functions = add_numbered_images({"serve": serve, "uint8": as_uint8(serve)}, spec)
    styles = style_functions(copy, spec, serve, bind)
    parts = {"sampler": "serve", **(STYLE_PARTS if styles else {})}
    return Servable(spec, {**functions, **styles}, copy.variables, parts, networks={"generator": copy})


def check_shapes(generator: keras.Model, spec: ModelSpec) -> None:
    """Raises a `UserError` where a generator's shapes are not those of its spec."""
    latents = (None, spec.latent_dim)
    more = {"labels": (None,)} if spec.num_classes else {}
    if TRUNCATION in (input_names(generator) or ()):
        more[TRUNCATION] = (None,)
    entry = {"latents": latents, **more} if more else latents
    expected = entry, (None, spec.image_size, spec.image_size, spec.channels)
    received = keras.tree.map_structure(lambda entry: tuple(entry.shape), generator.input), generator.output_shape
    if received != expected:
        raise checks.user_error("generator", f"a model from {expected[0]} to {expected[1]}, as its spec says", received)


def noise_tolerance(generator: keras.Model, inputs: dict[str, Any]) -> float:
    """The pixel levels by which an export may differ: 1, or more where two calls of the generator differ themselves.

    A generator that draws noise of its own gives other images at each call. Its export is then right where it stays
    within a few times that difference; wrong weights are further off.

    Args:
        generator: `keras.Model`.
        inputs: what `probe_inputs` returned.
    """
    first, second = (_images(generator, inputs) for _ in range(2))
    return max(1.0, 4.0 * pixels.LEVELS * float(abs(first - second).max()))


def _serve_latents(network: keras.Model) -> Callable[..., Any]:
    def serve(latents: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(network(latents, training=False), tf.float32)}

    return serve


def _serve_labels(network: keras.Model) -> Callable[..., Any]:
    def serve(latents: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(network({"latents": latents, "labels": labels}, training=False), tf.float32)}

    return serve


def _serve_truncation(network: keras.Model) -> Callable[..., Any]:
    def serve(latents: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        images = network({"latents": latents, TRUNCATION: truncation}, training=False)
        return {"images": tf.cast(images, tf.float32)}

    return serve


def _serve_labels_and_truncation(network: keras.Model) -> Callable[..., Any]:
    def serve(latents: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        images = network({"latents": latents, "labels": labels, TRUNCATION: truncation}, training=False)
        return {"images": tf.cast(images, tf.float32)}

    return serve


# Names of the inputs after the latents -> function of a network. The parameters' names are those that callers use.
_SERVE = {
    (): _serve_latents, ("labels",): _serve_labels, (TRUNCATION,): _serve_truncation,
    ("labels", TRUNCATION): _serve_labels_and_truncation,
}  # fmt: skip


def _images(network: keras.Model, inputs: dict[str, Any]) -> np.ndarray:
    images = network(inputs if len(inputs) > 1 else inputs["latents"], training=False)
    return keras.ops.convert_to_numpy(keras.ops.cast(images, "float32"))

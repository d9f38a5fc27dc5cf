"""`generate` and `generate_png` of a served model: the images that `ktg generate` gives for a seed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.export.guards import most_images
from keras_transfer_gen.export.numpy_draws import bounded_integers, standard_normals
from keras_transfer_gen.export.servable import ServedFunction
from keras_transfer_gen.latent_distributions import transform_normals
from keras_transfer_gen.network_inputs import TRUNCATION

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


GENERATE, GENERATE_PNG = "generate", "generate_png"
PNG_BYTES = "png_bytes"  # the REST interface of TF Serving encodes outputs as base64 whose names end in _bytes
ANY_LABEL = -1  # draws a class for each image
EXAMPLE_SEED = 1
SCALARS = {"num": tf.int32, "seed": tf.int32, "truncation": tf.float32, "label": tf.int32}


def add_numbered_images(functions: dict[str, ServedFunction], spec: ModelSpec) -> dict[str, ServedFunction]:
    """The functions of a model, with `generate` and `generate_png`.

    They take scalars: `num` int32, how many images; `seed` int32, from 0 on; `truncation` float32, the factor on the
    latents in (0, 1]; and where the model has classes `label` int32, the class of all images, or -1 to draw a class for
    each. Image i depends on the seed, on its number and on `label` alone, and is the one that `ktg generate --seed`
    writes. "generate" gives `images` uint8 `[num, S, S, C]`, "generate_png" gives `png_bytes`, a string tensor `[num]`.

    Args:
        functions: {name: `ServedFunction`}; "serve" takes latents, and labels where the spec has classes.
        spec: `ModelSpec` of the model.

    Returns:
        {name: `ServedFunction`}.
    """
    serve = functions["serve"]
    compute = _with_label(serve, spec) if spec.num_classes else _without_label(serve, spec)
    names = list(SCALARS) if spec.num_classes else list(SCALARS)[:-1]
    examples = _examples(spec)
    drawn = _numpy_inputs(spec, examples, has_truncation(serve))
    images = np.asarray(pixels.to_uint8(serve.compute(*map(tf.constant, drawn))["images"]))
    generate = ServedFunction(
        compute=compute,
        inputs=tuple(tf.TensorSpec((), SCALARS[name], name=name) for name in names),
        examples={name: examples[name] for name in names},
        expected={"images": images},
        tolerance=serve.tolerance,
    )
    return {**functions, GENERATE: generate, GENERATE_PNG: _as_png(generate, spec)}


def numbered_inputs(spec: ModelSpec) -> Callable[..., Any]:
    """What "serve" takes for numbered images, as a function that is traced once however often it is used.

    Args:
        spec: `ModelSpec`.

    Returns:
        `tf.function` of num, seed, truncation, and label where there are classes -> [latents] or [latents, labels].
    """
    return _traced_inputs(spec.latent_dim, spec.distribution, spec.num_classes, most_images(spec))


@functools.lru_cache(maxsize=16)
def _traced_inputs(latent_dim: int, distribution: str, num_classes: int, most: int) -> Callable[..., Any]:
    scalars = {name: tf.TensorSpec((), dtype, name=name) for name, dtype in SCALARS.items()}
    drawn = [name for name in scalars if name != "label" or num_classes]

    @tf.function(input_signature=[scalars[name] for name in drawn], autograph=False)
    def draw(num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor, label: tf.Tensor | None = None) -> list[tf.Tensor]:
        num = tf.clip_by_value(num, 0, most)  # guards refuse larger ones
        numbers, seeds = tf.range(num), tf.fill([num], tf.maximum(seed, 0))
        with tf.device("CPU:0"):  # where every operator on unsigned integers exists
            latents = truncation * transform_normals(distribution, standard_normals([seeds, numbers], latent_dim))
            if label is None:
                return [latents]
            classes = bounded_integers([seeds, numbers, 1], num_classes)
        return [latents, tf.where(label == ANY_LABEL, classes, label)]

    return draw


def has_truncation(serve: ServedFunction) -> bool:
    """Whether a `ServedFunction` takes the truncation itself, so that latents keep their length."""
    return any(spec.name == TRUNCATION for spec in serve.inputs)


def _inputs_function(serve: ServedFunction, spec: ModelSpec) -> Callable[..., Any]:
    """As `numbered_inputs`, with the truncation as the last input where the function takes it."""
    draw = numbered_inputs(spec)
    if not has_truncation(serve):
        return draw

    def draw_and_truncation(
        num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor, *label: tf.Tensor
    ) -> list[tf.Tensor]:
        drawn = draw(num, seed, tf.ones_like(truncation), *label)
        return [*drawn, tf.fill(tf.shape(drawn[0])[:1], truncation)]

    return draw_and_truncation


def _without_label(serve: ServedFunction, spec: ModelSpec) -> Callable[..., Any]:
    draw = _inputs_function(serve, spec)

    def generate(num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": pixels.to_uint8(serve.compute(*draw(num, seed, truncation))["images"])}

    return generate


def _with_label(serve: ServedFunction, spec: ModelSpec) -> Callable[..., Any]:
    draw = _inputs_function(serve, spec)

    def generate(num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": pixels.to_uint8(serve.compute(*draw(num, seed, truncation, label))["images"])}

    return generate


def _as_png(generate: ServedFunction, spec: ModelSpec) -> ServedFunction:
    """The same function with its images as PNG files."""

    def encode(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {PNG_BYTES: tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)}

    def generate_png(num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        return encode(generate.compute(num, seed, truncation)["images"])

    def generate_png_with_label(
        num: tf.Tensor, seed: tf.Tensor, truncation: tf.Tensor, label: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        return encode(generate.compute(num, seed, truncation, label)["images"])

    return ServedFunction(
        compute=generate_png_with_label if spec.num_classes else generate_png,
        inputs=generate.inputs,
        examples=generate.examples,
        expected={PNG_BYTES: generate.expected["images"]},
        tolerance=generate.tolerance,
    )


def _examples(spec: ModelSpec) -> dict[str, Any]:
    """Arguments on which an export is compared; with classes, they are drawn."""
    return {
        "num": np.int32(3), "seed": np.int32(EXAMPLE_SEED),
        "truncation": np.float32(spec.truncation), "label": np.int32(ANY_LABEL),
    }  # fmt: skip


def _numpy_inputs(spec: ModelSpec, examples: Any, takes_truncation: bool) -> list[np.ndarray]:
    """What the operators must draw for the examples: NumPy's own numbers."""
    streams = [np.random.default_rng((EXAMPLE_SEED, number)) for number in range(examples["num"])]
    rows = np.stack([stream.standard_normal(spec.latent_dim, np.float32) for stream in streams])
    factor = np.float32(1) if takes_truncation else examples["truncation"]
    inputs = [factor * transform_normals(spec.distribution, rows)]
    if spec.num_classes:
        streams = [np.random.default_rng((EXAMPLE_SEED, number, 1)) for number in range(examples["num"])]
        inputs.append(np.array([stream.integers(spec.num_classes) for stream in streams], np.int32))
    return [*inputs, np.full(len(rows), examples["truncation"])] if takes_truncation else inputs

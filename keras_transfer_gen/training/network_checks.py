"""What a `GAN` asks of its networks: shapes that fit each other and the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from keras_transfer_gen import checks, tables
from keras_transfer_gen.network_inputs import IMAGES, LABELS, LATENTS, NetworkInputs, input_names
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import functional_form

if TYPE_CHECKING:
    import tensorflow as tf


def functional_pair(
    generator: keras.Model, discriminator: keras.Model, spec: ModelSpec | None = None
) -> tuple[keras.Model, keras.Model]:
    """Both networks as functional models; see `functional_form.as_functional`.

    Args:
        generator: `keras.Model`: functional, sequential or subclassed.
        discriminator: the same.
        spec: `ModelSpec`, or None where the generator's shapes are to tell.

    Raises:
        UserError: where one is no model, or its shapes can't be found.
    """
    latents = None if spec is None else functional_form.latent_input(spec)
    generator = functional_form.as_functional(generator, "generator", latents)
    images = functional_form.image_input(generator.output_shape[1:])
    return generator, functional_form.as_functional(discriminator, "discriminator", images)


def spec_of(generator: keras.Model) -> ModelSpec:
    """The `ModelSpec` that a generator's input and output shapes tell."""
    _, height, _, channels = generator.output_shape
    names = input_names(generator)
    if names is not None and set(names) != {LATENTS}:
        hint = "Such as GAN(generator, discriminator, spec=ModelSpec(..., num_classes=10))."
        raise checks.user_error("spec", "given for a generator that takes labels", None, hint)
    latents = generator.input if names is None else generator.input[LATENTS]
    return ModelSpec(image_size=height, channels=channels, latent_dim=latents.shape[-1])


def check_shapes(generator: keras.Model, discriminator: keras.Model) -> None:
    """Raises a `UserError` where one network does not take what the other makes."""
    names = input_names(discriminator)
    if names is not None and IMAGES not in names:
        raise checks.user_error("discriminator", f"a model with the input {IMAGES}", list(names))
    takes = discriminator.input_shape if names is None else discriminator.input[IMAGES].shape
    makes, takes = tuple(generator.output_shape[1:]), tuple(takes[1:])
    if makes != takes:
        raise checks.user_error(
            "discriminator", f"a model of images {makes}, as the generator makes them", takes,
            "Build both with the same image_size= and channels=.",
        )  # fmt: skip


def check_inputs(generator: keras.Model, discriminator: keras.Model, spec: ModelSpec) -> NetworkInputs:
    """What two networks are called with: `NetworkInputs`.

    Raises:
        UserError: where a network does not take or make what the spec says.
    """
    entry = tables.architecture_of(spec)
    names = input_names(generator)
    received = keras.tree.map_structure(lambda tensor: tuple(tensor.shape), generator.input)
    if names and LABELS in names and not spec.num_classes:
        step = "Such as spec=ModelSpec(..., num_classes=10)."
        raise checks.user_error("generator", f"a model of {(None, spec.latent_dim)}, as its spec says", received, step)
    inputs = NetworkInputs.of(spec, names, input_names(discriminator), entry.inputs if entry else ())
    shapes = {part.name: (None, *part.shape) for part in inputs.drawn}
    takes = tuple(names) if names else (LATENTS, LABELS) if spec.num_classes else None
    expected = {name: shapes[name] for name in takes} if takes else shapes[LATENTS]
    if received != expected or (spec.num_classes and LABELS not in expected):
        raise checks.user_error("generator", f"a model of {expected}, as its spec says", received)
    expected, makes = (spec.image_size, spec.image_size, spec.channels), tuple(generator.output_shape[1:])
    if makes != expected:
        raise checks.user_error("generator", f"a model that makes images {expected}, as its spec says", makes)
    return inputs


def check_images(element: tf.TensorSpec | tuple[tf.TensorSpec, ...], output_shape: tuple[None, int, int, int]) -> None:
    """Raises a `UserError` where a dataset's `element` spec is not numbers of the shape of a generator's images."""
    images = element[0] if isinstance(element, (tuple, list)) else element
    expected = tuple(output_shape[1:])
    numbers = images.dtype.is_floating or images.dtype.is_integer
    if not numbers or images.shape.rank != 4 or not images.shape[1:].is_compatible_with(expected):
        raise checks.user_error(
            "x", f"uint8 images [batch, {', '.join(map(str, expected))}]", f"{images.dtype.name} {images.shape}",
            f"load_images(..., image_size={expected[0]}, channels={expected[2]}) makes such images.",
        )  # fmt: skip

"""A third-party Keras model that makes images, as a generator, whatever its inputs and its pixel range."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.paths import Nameless
from keras_transfer_gen.transfer.saved_model.files import load_saved_model
from keras_transfer_gen.transfer.saved_model.generator import (
    MODEL_RANGE,
    generator_inputs,
    to_model_range,
    with_new_keys,
)
from keras_transfer_gen.transfer.saved_model.image_output import ImageOutput
from keras_transfer_gen.transfer.saved_model.input_roles import fill, named_leaves
from keras_transfer_gen.transfer.saved_model.measure import measure_generator
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


@keras.saving.register_keras_serializable(PACKAGE)
class KerasGenerator(Nameless):
    """A Keras model that is called with latents and labels alone, whatever its inputs and outputs.

    Args:
        model: functional or sequential `keras.Model`.
        roles: what each of `model.inputs` is, in their order, as `roles_of` returns it.
        image: the fields of the `ImageOutput`, a dict.
        classes: number of classes; 0 where it takes no labels.

    Call arguments:
        inputs: float32 `[batch, latent_dim]`; or {"latents": that, "labels": integers `[batch]`}.
        training: bool.

    Returns:
        float32 `[batch, side, side, channels]`, NHWC, in the model's own range, alpha included.

    Example:
        >>> z = keras.Input((1, 1, 12))
        >>> model = keras.Model(z, keras.layers.Reshape((2, 2, 3))(z))
        >>> layer = KerasGenerator(model, roles=["latents"], image={"name": "", "size": 2, "channels": 3})
        >>> layer(tf.zeros((5, 12))).shape
        TensorShape([5, 2, 2, 3])
    """

    def __init__(
        self, model: keras.Model, *, roles: list[str], image: dict[str, Any], classes: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.model = _functional(model)
        self.roles = list(roles)
        self.image = ImageOutput(**image)
        self.classes = classes
        self.built = True

    def call(self, inputs: dict[str, tf.Tensor] | tf.Tensor, training: bool | None = None) -> tf.Tensor:
        latents, labels = (inputs["latents"], inputs["labels"]) if isinstance(inputs, dict) else (inputs, None)
        names = [str(index) for index in range(len(self.roles))]
        specs = [tf.TensorSpec(entry.shape, entry.dtype) for entry in self.model.inputs]
        roles = dict(zip(names, self.roles, strict=True))
        values = fill(dict(zip(names, specs, strict=True)), roles, latents, labels, classes=self.classes)
        inputs = keras.tree.pack_sequence_as(self.model.input, [values[name] for name in names])
        return self.image.raw(self.model(inputs, training=training))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        latents = input_shape["latents"] if isinstance(input_shape, dict) else input_shape
        return (latents[0], self.image.size, self.image.size, self.image.channels)

    def get_config(self) -> dict[str, Any]:
        model = keras.saving.serialize_keras_object(self.model)
        image = dataclasses.asdict(self.image)
        return {
            **super().get_config(), "model": model, "roles": list(self.roles), "image": image,
            "classes": self.classes,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: Config) -> Self:
        model = keras.saving.deserialize_keras_object(config["model"])
        return cls(**{**with_new_keys(config), "model": model})


def measure_keras_model(
    model: keras.Model, source: str, latents: Callable[..., Any], overrides: SpecOverrides | None = None
) -> MeasuredFunction:
    """Measures a Keras model that makes images.

    Args:
        model: functional or sequential `keras.Model`.
        source: what the user calls it.
        latents: function `(count, latent_dim)` -> float32 ndarray `[count, latent_dim]` from N(0, 1).
        overrides: `SpecOverrides`, facts that are stated instead of measured, or None.

    Returns:
        `MeasuredFunction`.

    Raises:
        UserError: where it is no generator, see `measure_generator`, or a model that Keras can't save.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        hint = f"It holds a {type(model).__name__}."
        if isinstance(model, keras.Sequential):
            hint += (
                " It is not built: begin it with keras.Input((latent_dim,)), or call it on latents, and save it again."
            )
        raise checks.user_error("source", "a GAN or a functional or sequential generator", str(source), hint)
    model = _functional(model)
    with tempfile.TemporaryDirectory() as folder:  # as a SavedModel, so that there is one way to measure
        tf.saved_model.save(_callable(model), folder, signatures={})
        return measure_generator(load_saved_model(folder), source, latents, overrides)


def _callable(model: keras.Model) -> Any:
    """A module that calls a model with its inputs in one structure, in which any key is allowed, `class` as well."""
    module = tf.Module()
    module.model = model
    specs = [tf.TensorSpec(entry.shape, entry.dtype, name=entry.name) for entry in model.inputs]
    signature = keras.tree.pack_sequence_as(model.input, specs)
    module.serve = tf.function(lambda inputs: model(inputs, training=False), [signature], autograph=False)
    return module


def _functional(model: keras.Model) -> keras.Model:
    """The model itself, or of a `keras.Sequential` one of its layers: it has no `input`, and may have a fixed batch."""
    if not isinstance(model, keras.Sequential):
        return model
    entry = keras.Input(model.inputs[0].shape[1:], dtype=model.inputs[0].dtype, name=model.inputs[0].name)
    x = entry
    for layer in model.layers:
        x = layer(x)
    return keras.Model(entry, x, name=model.name)


def wrap_keras_model(model: keras.Model, measured: MeasuredFunction) -> tuple[keras.Model, ModelSpec]:
    """A Keras model that makes images as a generator.

    Args:
        model: functional or sequential `keras.Model`.
        measured: what `measure_keras_model` returned.

    Returns:
        (generator, spec), as `wrap_saved_model` returns them. The layers keep their paths where the model takes only
        latents.
    """
    spec = dataclasses.replace(measured.spec, arch="keras")
    model = _functional(model)
    entries = model.inputs
    plain = len(entries) == 1 and len(entries[0].shape) == 2 and len(model.outputs) == 1
    if plain and not measured.image.channels_first and not spec.num_classes:
        images = to_model_range(model.outputs[0], spec.pixel_range, measured.image.has_alpha)
        generator = keras.Model(entries[0], images, name="generator")
    else:
        layer = KerasGenerator(
            model, roles=_in_order(measured, model), image=dataclasses.asdict(measured.image),
            classes=spec.num_classes, name="source",
        )  # fmt: skip
        entry = generator_inputs(spec)
        images = to_model_range(layer(entry), spec.pixel_range, measured.image.has_alpha)
        generator = keras.Model(entry, images, name="generator")
    return generator, dataclasses.replace(spec, pixel_range=MODEL_RANGE)


def _in_order(measured: MeasuredFunction, model: keras.Model) -> list[str]:
    """The roles in the order of `model.inputs`: by key where its inputs are a dict, else by position."""
    names = [name for name, _ in named_leaves(measured.form.inputs)]
    if not isinstance(model.input, dict):
        return [measured.roles[name] for name in names]
    by_key = {name.rsplit("/", 1)[-1]: measured.roles[name] for name in names}
    return keras.tree.flatten({key: by_key[key] for key in model.input})

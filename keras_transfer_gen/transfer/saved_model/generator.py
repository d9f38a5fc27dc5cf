"""A third-party SavedModel as a generator in Keras: latents, and labels where it takes some, in; images out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import FixedDtype
from keras_transfer_gen.transfer.paths import Nameless
from keras_transfer_gen.transfer.saved_model.graph import read_graph
from keras_transfer_gen.transfer.saved_model.image_output import ImageOutput
from keras_transfer_gen.transfer.saved_model.input_roles import LATENTS, fill, named_leaves
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, PathLike, Shape
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.graph import Form
    from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction


MODEL_RANGE = (-1.0, 1.0)


@keras.saving.register_keras_serializable(PACKAGE)
class SavedModelGenerator(SavedModelLayer, Nameless):
    """A `SavedModelLayer` that is called with latents and labels alone, whatever other inputs the SavedModel has.

    Class numbers become one-hot where the SavedModel takes them so, truncation is 1, a switch is off; of several
    outputs the images are returned. A SavedModel with a fixed batch is run part by part. Inside a model the paths of
    its variables are their original names: `generator/conv_1/kernel`.

    Args:
        source: as in `SavedModelLayer`.
        roles: {name of an input: what it is}, as `roles_of` returns them.
        image: the fields of the `ImageOutput`, a dict.
        classes: number of classes; 0 where it takes no labels.
        signature, trainable, name, training_signature, frozen: as in `SavedModelLayer`.

    Call arguments:
        inputs: float32 `[batch, latent_dim]`; or {"latents": that, "labels": integers `[batch]`}.
        training: bool.

    Returns:
        float32 `[batch, side, side, channels]`, NHWC, in the SavedModel's own range, alpha included.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> signature = [tf.TensorSpec((None, 12), tf.float32, name="z")]
        >>> module = tf.Module()
        >>> module.serve = tf.function(lambda z: tf.tanh(tf.reshape(z, (-1, 2, 2, 3))), input_signature=signature)
        >>> tf.saved_model.save(module, folder)
        >>> image = {"name": "", "size": 2, "channels": 3}
        >>> layer = SavedModelGenerator(folder, roles={"z": "latents"}, image=image, trainable=False)
        >>> layer(tf.zeros((5, 12))).shape
        TensorShape([5, 2, 2, 3])
    """

    def __init__(
        self,
        source: Path | str,
        *,
        roles: dict[str, str],
        image: dict[str, Any],
        classes: int = 0,
        signature: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        training_signature: str | None = None,
        frozen: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dtype", "float32")  # the images' type, whatever the policy
        super().__init__(
            source, signature, trainable, name, training_signature=training_signature, frozen=frozen, **kwargs
        )
        self.roles = dict(roles)
        self.image = ImageOutput(**image)
        self.classes = classes

    def call(self, inputs: dict[str, tf.Tensor] | tf.Tensor, training: bool | None = None) -> tf.Tensor:
        latents, labels = (inputs["latents"], inputs["labels"]) if isinstance(inputs, dict) else (inputs, None)
        latents = tf.convert_to_tensor(latents)
        labels = tf.zeros(tf.shape(latents)[:1], tf.int32) if labels is None else tf.convert_to_tensor(labels)
        training = bool(training) and self._may_run_training_mode()
        form = self._form(training)
        size = self._batch(form)
        if size is None or latents.shape[0] == size:
            images = self._render(form, latents, labels, training)
        else:
            images = self._render_in_parts(size, form, latents, labels, training)
        images.set_shape((None, *self._shape))
        return images

    def get_config(self) -> dict[str, Any]:
        own = {"roles": self.roles, "image": dataclasses.asdict(self.image), "classes": self.classes}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: Config) -> SavedModelGenerator:
        return super().from_config(with_new_keys(config))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        latents = input_shape["latents"] if isinstance(input_shape, dict) else input_shape
        return (latents[0], *self._shape)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return (self.image.size, self.image.size, self.image.channels)

    def _form(self, training: bool) -> Form:
        """The traced form that is called: the first of this mode with as many inputs as there are roles."""
        graph = self._inside.graph
        forms = [form for form in (graph.training if training else graph.inference).forms if form.serves(training)]
        as_long = [form for form in forms if len(named_leaves(form.inputs)) == len(self.roles)]
        named = [form for form in as_long if {name for name, _ in named_leaves(form.inputs)} == set(self.roles)]
        if not as_long:
            step = "Measure it again with load_generator(...)."
            raise checks.user_error("roles", f"what the SavedModel's inputs are ({forms[0].inputs})", self.roles, step)
        return [*named, *as_long][0]

    def _batch(self, form: Form) -> int | None:
        """Images that one call makes where the SavedModel fixes their number, else None."""
        roles = self._roles(form)
        shape = next(spec.shape for name, spec in named_leaves(form.inputs) if roles[name] == LATENTS)
        return None if shape.rank is None else shape[0]

    def _roles(self, form: Form) -> dict[str, str]:
        """The roles by the names of a form's inputs; by position where the training mode has other names."""
        names = [name for name, _ in named_leaves(form.inputs)]
        return self.roles if set(names) == set(self.roles) else dict(zip(names, self.roles.values(), strict=True))

    def _render(self, form: Form, latents: tf.Tensor, labels: tf.Tensor, training: bool) -> tf.Tensor:
        inputs = fill(form.inputs, self._roles(form), latents, labels, classes=self.classes)
        return self.image.raw(SavedModelLayer.call(self, inputs, training))  # AutoGraph breaks super()

    def _render_in_parts(
        self, size: int, form: Form, latents: tf.Tensor, labels: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """The same for any batch where the SavedModel takes `size` at a time; the last part is filled up."""
        count = tf.shape(latents)[0]
        missing = -count % size
        latents = tf.reshape(tf.pad(latents, [[0, missing], [0, 0]]), (-1, size, latents.shape[1]))
        labels = tf.reshape(tf.pad(labels, [[0, missing]]), (-1, size))
        signature = tf.TensorSpec((size, *self._shape), tf.float32)
        images = tf.map_fn(
            lambda part: self._render(form, part[0], part[1], training),
            (latents, labels),
            fn_output_signature=signature,
        )
        return tf.reshape(images, (-1, *self._shape))[:count]


FixedDtype.register(SavedModelGenerator)


def wrap_saved_model(
    folder: PathLike, source: PathLike, measured: MeasuredFunction, loaded: Any
) -> tuple[keras.Model, ModelSpec]:
    """A third-party SavedModel as a Keras model.

    Args:
        folder: of the SavedModel.
        source: what the user calls it.
        measured: its `MeasuredFunction`.
        loaded: the loaded object that was measured.

    Returns:
        (generator, spec): functional `keras.Model` named "generator", float32 latents `[batch, latent_dim]`, or
        {"latents": those, "labels": int `[batch]`}, -> float32 `[batch, side, side, channels]` in [-1, 1]; and its
        `ModelSpec`, with that pixel range.
    """
    name = measured.endpoint.name
    try:
        name = None if name == read_graph(loaded).inference.name else name
    except checks.UserError:  # it has no default
        pass
    spec = measured.spec
    layer = SavedModelGenerator(
        str(source), roles=measured.roles, image=dataclasses.asdict(measured.image), classes=spec.num_classes,
        signature=name, name="source", folder=str(folder),
    )  # fmt: skip
    if layer.trainable_kind == "nothing":
        layer.trainable = False
    inputs = generator_inputs(spec)
    images = to_model_range(layer(inputs), spec.pixel_range, measured.image.has_alpha)
    return keras.Model(inputs, images, name="generator"), dataclasses.replace(spec, pixel_range=MODEL_RANGE)


def generator_inputs(spec: ModelSpec) -> dict[str, tf.Tensor] | tf.Tensor:
    """Symbolic inputs of a generator: latents, or a dict of latents and labels where the spec has classes."""
    latents = keras.Input((spec.latent_dim,), name="latents")
    if not spec.num_classes:
        return latents
    return {"latents": latents, "labels": keras.Input((), dtype="int32", name="labels")}


def to_model_range(images: tf.Tensor, pixel_range: Any, alpha: bool = False) -> tf.Tensor:
    """Images brought from a pixel range to [-1, 1], by a layer named "to_model_range" where that changes anything."""
    if tuple(pixel_range) == MODEL_RANGE and not alpha:
        return images
    return ToModelRange(pixel_range, alpha, name="to_model_range", dtype="float32")(images)


@keras.saving.register_keras_serializable(PACKAGE)
class ToModelRange(keras.layers.Layer):
    """Brings images of a pixel range to [-1, 1]; transparent ones are laid on white.

    Args:
        pixel_range: (lowest, highest) value that comes in.
        alpha: whether the last channel is alpha, how opaque a pixel is.

    Example:
        >>> ToModelRange((0.0, 255.0))(tf.constant([[[[0.0, 127.5, 255.0]]]])).numpy().tolist()
        [[[[-1.0, 0.0, 1.0]]]]
    """

    def __init__(self, pixel_range: Sequence[float], alpha: bool = False, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)  # images are not rounded, whatever the precision
        self.pixel_range = tuple(pixel_range)
        self.alpha = alpha

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return ImageOutput("", images.shape[1], images.shape[3]).to_model_range(images, self.pixel_range)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (*input_shape[:-1], input_shape[-1] - self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pixel_range": list(self.pixel_range), "alpha": self.alpha}


FixedDtype.register(ToModelRange)


def with_new_keys(config: Config) -> dict[str, Any]:
    """A layer's configuration with the keys of this version: version 0.1 wrote "picture" for "image"."""
    return {"image" if key == "picture" else key: value for key, value in config.items()}


def saved_model_layers(model: keras.Model) -> list[SavedModelGenerator]:
    """Every `SavedModelLayer` in a Keras model, in order."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, SavedModelLayer)]

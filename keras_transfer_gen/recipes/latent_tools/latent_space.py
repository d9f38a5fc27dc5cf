"""The latents that a tool works with: those that a generator takes, or the styles inside of a style-based one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels, tables
from keras_transfer_gen.network_inputs import LATENTS, NetworkInputs, input_names, wrap_input
from keras_transfer_gen.recipes.models.load import load_generator
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.training.latents import numbered_inputs
from keras_transfer_gen.training.vae import VAE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Latents, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


SPACES = ("w", "z")
STYLES = "w"  # what an architecture calls its styles among its intermediates


@dataclasses.dataclass(frozen=True)
class LatentSpace:
    """A space of latents and the function from them to images.

    Args:
        name: "z", what the generator takes, or "w", the styles of a style-based generator, one a layer.
        spec: `ModelSpec` of the model.
        shape: of one latent: (latent_dim,) of "z", (layers, w_dim) of "w".
        render: function float32 `[N, *shape]` -> float32 images `[N, H, W, C]`; gradients flow.
        draw: function (numbers, seed, truncation) -> float32 ndarray `[N, *shape]`, of the images that `generate` gives
            for these numbers.
        network: `keras.Model`, the generator or decoder.
        encode: function uint8 `[N, H, W, C]` -> float32 ndarray `[N, *shape]`; None where there is no encoder.
    """

    name: str
    spec: ModelSpec
    shape: tuple[int, ...]
    render: Callable[[tf.Tensor], tf.Tensor]
    draw: Callable[..., np.ndarray]
    network: keras.Model
    encode: Callable[[np.ndarray], np.ndarray] | None = None

    def images(self, latents: Latents) -> np.ndarray:
        """uint8 ndarray `[N, H, W, C]` of float32 latents `[N, *shape]`, in batches of one size."""
        latents = np.asarray(latents, np.float32)
        flat = latents.reshape(len(latents), -1)
        return pixels.render(lambda part: self.render(tf.reshape(part, (-1, *self.shape))), flat)

    def check(self, latents: Any, name: str = "latents") -> np.ndarray:
        """Returns latents as float32 `[N, *shape]`, or raises a `UserError`.

        A style `[N, w_dim]` stands for the same style in each layer.
        """
        latents = np.asarray(latents, np.float32)
        if self.name == STYLES and latents.shape[1:] == self.shape[1:]:
            latents = np.repeat(latents[:, None], self.shape[0], axis=1)
        if latents.shape[1:] != self.shape or not len(latents):
            hint = f"They are latents of another model, or of another space than {self.name}."
            raise checks.user_error(name, f"numbers [N, {', '.join(map(str, self.shape))}]", latents.shape, hint)
        return latents


def open_space(
    model: PathLike | ModelRef | keras.Model,
    space: str | None = None,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    label: int | str | None = None,
) -> LatentSpace:
    """The latents of a model.

    Args:
        model: what `load_gan` or `load_vae` takes, or a `VAE`.
        space: "w" or "z"; None takes "w" where the generator has styles.
        trust: whether you vouch for a model from the web.
        overrides: `SpecOverrides` of a third-party model, or None.
        label: class of all images, its name or number, where the model takes classes; 0 by default.

    Returns:
        `LatentSpace`.

    Raises:
        UserError, UserFileError: for a space that the model does not have, and as `load_gan`.
    """
    if space is not None:
        checks.check_choice("space", space, SPACES, "Set it with --space.")
    with checks.named(source="model"):
        if isinstance(model, VAE):
            return _decoder_space(model, space, label)
        ref = resolve_model(model, trust)
        if ref.family in _OPENERS:
            return _OPENERS[ref.family](load_vae(ref), space, label)
        generator, spec = load_generator(ref, overrides=overrides)
    return generator_space(generator, spec, space, label)


def generator_space(
    generator: keras.Model, spec: ModelSpec, space: str | None = None, label: int | str | None = None
) -> LatentSpace:
    """The latents of a generator; arguments and errors as in `open_space`.

    Args:
        generator: `keras.Model`.
        spec: its `ModelSpec`.
        space: see `open_space`.
        label: see `open_space`.
    """
    label = spec.class_number(label)
    entry = tables.architecture_of(spec)
    names = input_names(generator)
    inputs = NetworkInputs.of(spec, generator=names, added=entry.inputs if entry else ())
    styles = entry.intermediates.get(STYLES) if entry else None
    if space == STYLES and styles is None:
        hint = "Styles (w) are what style-based generators have, such as stylegan2."
        raise checks.user_error("space", "z, the only one of this model", space, hint)

    def values(numbers: Sequence[int], seed: int = 0, truncation: float = 1.0) -> dict[str, np.ndarray]:
        return numbered_inputs(numbers, inputs, seed, truncation, label if label is not None else _first_class(spec))

    fixed = {name: tf.constant(value) for name, value in values([0]).items() if name != LATENTS}

    def render(latents: tf.Tensor) -> tf.Tensor:
        count = tf.shape(latents)[0]
        rest = {name: tf.repeat(value, count, axis=0) for name, value in fixed.items()}
        return tf.cast(generator(inputs.for_generator({LATENTS: latents, **rest}), training=False), tf.float32)

    if styles is None or space == "z":

        def draw(numbers: Iterable[int], seed: int = 0, truncation: float = 1.0) -> np.ndarray:
            return values(list(numbers), seed, truncation)[LATENTS]

        return LatentSpace("z", spec, (spec.latent_dim,), render, draw, generator)

    layer = generator.get_layer(styles).output
    mapping, synthesis = keras.Model(generator.input, layer), keras.Model(layer, generator.output)

    def draw_styles(numbers: Iterable[int], seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        drawn = values(list(numbers), seed, truncation)
        return np.asarray(mapping(inputs.for_generator(drawn), training=False), np.float32)

    def render_styles(latents: tf.Tensor) -> tf.Tensor:
        return tf.cast(synthesis(latents, training=False), tf.float32)

    return LatentSpace(STYLES, spec, tuple(layer.shape[1:]), render_styles, draw_styles, generator)


def _first_class(spec: ModelSpec) -> int | None:
    """All images of a tool have one class, so that they differ by their latents alone."""
    return 0 if spec.num_classes else None


def _decoder_space(vae: VAE, space: str | None, label: int | str | None) -> LatentSpace:
    vae.spec.class_number(label)  # refuses one that it does not have
    if space == STYLES:
        hint = "Styles (w) are what style-based generators have, such as stylegan2."
        raise checks.user_error("space", "z, the only one of a VAE", space, hint)

    def draw(numbers: Iterable[int], seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        drawn = numbered_inputs(list(numbers), NetworkInputs.of(vae.spec), seed, truncation)
        return np.asarray(vae.prior(drawn[LATENTS]), np.float32)

    def render(latents: tf.Tensor) -> tf.Tensor:
        images = vae.decoder(wrap_input(vae.decoder, latents), training=False)
        return tf.cast(images[0] if isinstance(images, (list, tuple)) else images, tf.float32)

    def encode(images: np.ndarray) -> np.ndarray:
        return vae.encode(images)[0]

    return LatentSpace("z", vae.spec, (vae.spec.latent_dim,), render, draw, vae.decoder, encode)


_OPENERS = {"vae": _decoder_space}


def spread(space: LatentSpace, samples: int = 1000, seed: int = 0) -> tuple[np.ndarray, float]:
    """How latents of a space are spread: what tools measure strengths by.

    Args:
        space: `LatentSpace`.
        samples: latents to draw.
        seed: of them.

    Returns:
        (mean latent float32 `[*shape]`, deviation float: the root of the mean squared distance from it).
    """
    latents = space.draw(range(samples), seed)
    mean = latents.mean(axis=0)
    distances = ((latents - mean) ** 2).reshape(len(latents), -1).sum(axis=1)
    if space.name == STYLES:  # all layers have the same style here: the distance of one
        distances = distances / space.shape[0]
    return mean, math.sqrt(float(distances.mean()))

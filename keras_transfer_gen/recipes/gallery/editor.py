"""Edits of one model's images for the gallery: along directions, towards another image, with its styles in some layers.

The latent tools do the work; here is what the gallery needs around them: one thread, and the latents of uploads.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.network_inputs import LABELS, NetworkInputs
from keras_transfer_gen.recipes.latent_tools.between import latents_between
from keras_transfer_gen.recipes.latent_tools.directions import NUM, move, scaled_directions
from keras_transfer_gen.recipes.latent_tools.edit import check_strength
from keras_transfer_gen.recipes.latent_tools.latent_files import NOISE
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES, generator_space
from keras_transfer_gen.recipes.latent_tools.mix import check_layers, copy_layers
from keras_transfer_gen.recipes.latent_tools.projected import noise_maps, set_noise
from keras_transfer_gen.training.latents import numbered_inputs

if TYPE_CHECKING:
    from concurrent.futures import Future

    from keras_transfer_gen.recipes.gallery.served_model import ImageKey
    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace


@dataclasses.dataclass(frozen=True)
class UploadLatents:
    """The latents of an uploaded image.

    Args:
        latents: float32 `[*shape]` of the model's space.
        noise: dict of path -> noise map, as in `Projection`.
        label: class number, or None.
    """

    latents: np.ndarray
    noise: dict[str, np.ndarray]
    label: int | None


@dataclasses.dataclass(frozen=True)
class Edit:
    """What is done to an image.

    Args:
        start: `ImageKey` or `UploadLatents`.
        end: the same, or None.
        share: of the way to `end`, from 0 to 1.
        layers: text such as "0-3": layers whose styles are those of `end`; None for none. Not beside `share`.
        moves: list of (number of a direction, strength).
    """

    start: ImageKey | UploadLatents
    end: ImageKey | UploadLatents | None = None
    share: float = 0.0
    layers: str | None = None
    moves: tuple[tuple[int, float], ...] = ()


class Editor:
    """A model's latents, opened when they are first needed; all work is done by a thread of its own.

    Args:
        open_latents: function without arguments -> `LatentSpace`.
    """

    def __init__(self, open_latents: Callable[[], LatentSpace]) -> None:
        self._open = open_latents
        self._worker = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="edits")
        self._space: LatentSpace | None = None
        self._directions: np.ndarray | None = None
        self._noise: dict[str, np.ndarray] = {}
        self.closed = False  # tells a projection to end

    def close(self) -> None:
        """Has a projection that is at work end; nothing is begun any more."""
        self.closed = True
        self._worker.shutdown(wait=False)

    def describe(self) -> dict[str, Any]:
        """What can be done with the model, ready for JSON.

        Returns:
            dict: "space" ("w" or "z"), "layers" (their number, 0 without styles), "directions" (their number),
            "encodes" (whether there is an encoder).

        Raises:
            UserError, UserFileError: for a model whose latents can't be worked with.
        """
        return self.submit(self._describe).result()

    def png(self, edit: Edit) -> bytes:
        """The image of an `Edit` as a PNG file, bytes; a `UserError` for one that can't be done."""
        return self.submit(self._png, edit).result()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Has the thread call a function; returns the `Future`."""
        return self._worker.submit(function, *arguments)

    def space_of(self, label: int | None = None) -> LatentSpace:
        """The `LatentSpace` of a class; for the editor's own thread alone."""
        if self._space is None:
            self._space = self._open()
            self._noise = {path: variable.numpy() for path, variable in noise_maps(self._space).items()}
        if label is None or not self._space.spec.num_classes:
            return self._space
        return generator_space(self._space.network, self._space.spec, None, label)

    def show_noise(self, noise: dict[str, np.ndarray]) -> None:
        """Sets the noise maps to the model's own, and those of a dict (path -> values) to others."""
        set_noise(self._space, {NOISE + path: value for path, value in {**self._noise, **noise}.items()})

    def _describe(self) -> dict[str, Any]:
        space = self.space_of()
        layers = space.shape[0] if space.name == STYLES else 0
        number, encodes = len(self._known_directions()), space.encode is not None
        return {"space": space.name, "layers": layers, "directions": number, "encodes": encodes}

    def _known_directions(self) -> np.ndarray:
        if self._directions is None:
            space = self.space_of()
            self._directions = scaled_directions(space, min(NUM, space.shape[-1]))[0]
        return self._directions

    def _png(self, edit: Edit) -> bytes:
        space = self.space_of(self._label(edit.start))
        latents = self._latents(edit.start, space)
        if edit.end is not None:
            end = self._latents(edit.end, space)
            if edit.layers is not None:
                latents = copy_layers(latents, end, self._layers(edit.layers, space))
            else:
                latents = latents_between(space, latents, end, edit.share)
        for number, strength in edit.moves:
            latents = move(space, latents[None], self._direction(number), check_strength(strength))[0]
        self.show_noise(edit.start.noise if isinstance(edit.start, UploadLatents) else {})
        image = space.render(tf.constant(latents[None]))
        return pixels.to_png(pixels.to_uint8(image).numpy()[0])

    def _direction(self, number: Any) -> np.ndarray:
        known = self._known_directions()
        return known[checks.check_integer("direction", number, least=0, most=len(known) - 1)]

    def _latents(self, start: ImageKey | UploadLatents, space: LatentSpace) -> np.ndarray:
        if isinstance(start, UploadLatents):
            return start.latents
        return space.draw([start.number], start.seed, start.truncation)[0]

    def _label(self, start: ImageKey | UploadLatents) -> int | None:
        """The class of an image: the one that was asked for, or the one that is drawn for its number."""
        spec = self.space_of().spec
        if isinstance(start, UploadLatents) or start.label is not None or not spec.num_classes:
            return start.label
        return int(numbered_inputs([start.number], NetworkInputs.of(spec), start.seed)[LABELS][0])

    @staticmethod
    def _layers(text: str, space: LatentSpace) -> list[int]:
        if space.name != STYLES:
            hint = "This model has no styles. Use `share` for images between two others."
            raise checks.user_error("layers", "left out for this model", text, hint)
        return check_layers(text, space)

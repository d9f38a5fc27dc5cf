"""A function of a SavedModel that makes images, with what was measured of it: `MeasuredFunction`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.saved_model.graph import Endpoint, Form
from keras_transfer_gen.transfer.saved_model.image_output import ImageOutput
from keras_transfer_gen.transfer.saved_model.input_roles import LABEL_ROLES, LATENTS, fill, named_leaves

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class MeasuredFunction:
    """A function of a SavedModel that makes images, and what was measured of it.

    Args:
        endpoint: the `Endpoint` that is called.
        form: the `Form` of it whose inputs are filled.
        roles: {name of an input: what it is}, such as {"z": "latents", "y": "one-hot classes"}.
        latent_dim: length of a latent vector.
        image: `ImageOutput`, the output with the images.
        spec: `ModelSpec`; `num_classes` is 0 where no labels are taken.
        reasons: {field of the spec: how it is known}, in words.
    """

    endpoint: Endpoint
    form: Form
    roles: dict
    latent_dim: int
    image: ImageOutput | None = None
    spec: ModelSpec | None = None
    reasons: dict = dataclasses.field(default_factory=dict)

    @property
    def batch(self) -> int | None:
        """Images that one call makes where the SavedModel fixes their number, else None."""
        shape = next(spec.shape for name, spec in named_leaves(self.form.inputs) if self.roles[name] == LATENTS)
        return None if shape.rank is None else shape[0]

    @property
    def output(self) -> str:
        """Name of the output with the images; "" where there is one output."""
        return self.image.name

    @property
    def takes_labels(self) -> bool:
        """Whether there is an input for classes."""
        return any(role in LABEL_ROLES for role in self.roles.values())

    def __call__(self, latents: np.ndarray, labels: np.ndarray | None = None, truncation: float = 1.0) -> np.ndarray:
        """Makes images.

        Args:
            latents: float32 ndarray `[N, latent_dim]`.
            labels: class numbers, integers `[N]`; 0 where left out.
            truncation: for an input of that name, in (0, 1]; the latents are not scaled.

        Returns:
            float32 ndarray `[N, S, S, C]` in [-1, 1], or a little outside where the network has no last activation;
            transparent pixels are laid on white.
        """
        raw = self.raw(latents, labels, truncation)
        return np.asarray(self.image.to_model_range(raw, self.spec.pixel_range))

    def raw(self, latents: np.ndarray, labels: np.ndarray | None = None, truncation: float = 1.0) -> np.ndarray:
        """The same in the SavedModel's own range, float32, alpha included."""
        labels = np.zeros(len(latents), np.int64) if labels is None else np.asarray(labels)
        size = self.batch or len(latents)
        batches = []
        for first in range(0, len(latents), size):
            z, y = latents[first : first + size], labels[first : first + size]
            missing = size - len(z)
            z, y = np.pad(z, ((0, missing), (0, 0))), np.pad(y, (0, missing))
            batches.append(self.image.raw(self.outputs(z, y, truncation)).numpy()[: size - missing])
        return np.concatenate(batches)

    def inputs(self, latents: np.ndarray, labels: np.ndarray, truncation: float = 1.0) -> dict[str, Any]:
        """What the function takes, in its structure and types; works in a graph.

        Args:
            latents: float `[N, latent_dim]`, tensor or array.
            labels: class numbers, integers `[N]`; not used where there is no input for them.
            truncation: for an input of that name.
        """
        classes = self.spec.num_classes if self.spec else 0
        return fill(self.form.inputs, self.roles, latents, labels, truncation, classes)

    def images(self, outputs: tf.Tensor) -> tf.Tensor:
        """The images among the function's outputs: float32 tensor `[N, S, S, C]` in [-1, 1]; works in a graph."""
        return self.image.to_model_range(self.image.raw(outputs), self.spec.pixel_range)

    def outputs(
        self, latents: np.ndarray, labels: np.ndarray, truncation: float = 1.0
    ) -> dict[str, tf.Tensor] | tf.Tensor:
        """All that the function returns for one batch."""
        return self.endpoint.call(self.inputs(latents, labels, truncation))

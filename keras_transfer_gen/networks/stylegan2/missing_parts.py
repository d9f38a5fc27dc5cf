"""What some files of networks lack: the average style is measured on many latents, noise maps are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.networks.stylegan2.official import GENERATOR, official_name
from keras_transfer_gen.networks.stylegan2.stylegan2 import STYLES

if TYPE_CHECKING:
    import keras


COUNT = 10_000
BATCH = 1000


def measure_average(generator: keras.Model, seed: int = 0, count: int = COUNT) -> Any:
    """Sets the average style to the mean over latents that follow from a seed, with all labels equally often.

    Args:
        generator: what `build_stylegan2_generator` made.
        seed: non-negative integer.
        count: of latents.

    Returns:
        float32 ndarray `[w_dim]`.
    """
    mapping = generator.get_layer("mapping")
    rng = np.random.default_rng(seed)
    total = 0.0
    for first in range(0, count, BATCH):
        rows = min(BATCH, count - first)
        latents = rng.standard_normal((rows, generator.input["latents"].shape[-1]), np.float32)
        labels = np.arange(first, first + rows, dtype=np.int32) % max(mapping.num_classes, 1)
        w = mapping([latents, labels] if mapping.num_classes else latents)
        total = total + np.asarray(w, np.float64).sum(axis=0)
    average = np.float32(total / count)
    generator.get_layer(STYLES).w_avg.assign(average)
    return average


def draw_noise(generator: keras.Model, names: list[str], seed: int = 0) -> None:
    """Draws the noise maps that a file lacks, N(0, 1); they follow from a seed.

    Args:
        generator: what `build_stylegan2_generator` made.
        names: official names of what is missing; those of noise maps are drawn.
        seed: non-negative integer.
    """
    rng = np.random.default_rng(seed)
    for variable in generator.variables:
        if official_name(GENERATOR, variable.path) in names and variable.path.endswith("noise_const"):
            variable.assign(rng.standard_normal(variable.shape, np.float32))

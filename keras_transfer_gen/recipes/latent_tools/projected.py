"""The noise maps of a style-based generator: read, set and regularised where a projection changes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_files import NOISE

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace


LEAST = 8  # pixels: the smallest side at which a noise map is compared with itself


def noise_maps(space: LatentSpace) -> dict[str, keras.Variable]:
    """The variables of a generator that are added as fixed noise: dict of path -> `keras.Variable`."""
    return {v.path: v for v in space.network.variables if v.path.endswith("/noise_const")}


def set_noise(space: LatentSpace, arrays: dict[str, np.ndarray]) -> None:
    """Sets the noise maps that a file of `project` holds; a file without any changes nothing.

    Args:
        space: `LatentSpace`.
        arrays: dict of the file's arrays.

    Raises:
        UserError: for a map that the generator does not have.
    """
    maps = noise_maps(space)
    for name, value in arrays.items():
        if name.startswith(NOISE):
            variable = maps.get(name.removeprefix(NOISE))
            if variable is None or tuple(variable.shape) != value.shape:
                raise checks.user_error("latents", "noise maps of this model", name, "Project with the same model.")
            variable.assign(value)


def noise_correlation(maps: Sequence[tf.Tensor]) -> tf.Tensor:
    """How much neighbours in noise maps are alike, at all scales: float32 scalar, 0 for white noise.

    Args:
        maps: list of float32 `[side, side]`.

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), appendix D.
    """
    total = 0.0
    for noise in maps:
        while True:
            for axis in (0, 1):
                total += tf.reduce_mean(noise * tf.roll(noise, 1, axis)) ** 2
            if noise.shape[0] <= LEAST:
                break
            noise = tf.nn.avg_pool2d(noise[None, :, :, None], 2, 2, "VALID")[0, :, :, 0]
    return total


def standardized(noise: np.ndarray) -> np.ndarray:
    """A noise map with mean 0 and mean square 1, as an ndarray."""
    noise = np.asarray(noise) - np.mean(noise)
    return noise / np.sqrt(np.mean(noise**2) + 1e-12)

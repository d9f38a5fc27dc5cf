"""What a VAE needs beside its networks, in the folder of its SavedModel: prior, likelihood, spec."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.saved_model import is_exported, read_spec
from keras_transfer_gen.saved_model_layout import SPEC_FILE
from keras_transfer_gen.specs import ModelSpec

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.protocols import Likelihood, Prior


CONFIG_FILE = "assets.extra/distributions.json"  # prior and likelihood, as Keras configurations
WEIGHTS_FILE = "assets.extra/distributions.npz"  # and their weights
OLD_FILES = {CONFIG_FILE: "assets.extra/laws.json", WEIGHTS_FILE: "assets.extra/laws.npz"}  # of version 0.1


@dataclasses.dataclass(frozen=True)
class VAEParts:
    """What a `VAE` needs beside the two networks of a SavedModel.

    Args:
        shape: (image_size, channels, latent_dim).
        spec: `ModelSpec`, or None where the SavedModel holds none.
        prior: `protocols.Prior`, or None for the standard normal distribution.
        likelihood: `protocols.Likelihood` or the name of the default one.
    """

    shape: tuple[int, int, int]
    spec: ModelSpec | None
    prior: Prior | None
    likelihood: Likelihood | str


def read_vae_parts(path: PathLike, source: Any) -> VAEParts:
    """What stands beside the networks in a SavedModel with signatures `encode` and `decode`.

    Args:
        path: its folder.
        source: what the user called it.

    Returns:
        `VAEParts`.

    Raises:
        UserError: where there are no such signatures or their images and latents don't fit.
    """
    path = Path(path)
    signatures = tf.saved_model.load(str(path)).signatures
    if not {"encode", "decode"} <= set(signatures):
        hint = f"Its signatures: {', '.join(signatures) or 'none'}. `ktg models inspect` shows more."
        raise checks.user_error("source", "a SavedModel with signatures encode and decode", str(source), hint)
    shape = _shape(signatures["encode"], signatures["decode"], source)
    if not is_exported(path) or not _find(path, CONFIG_FILE).is_file():
        return VAEParts(shape, None, None, "gaussian_optimal_sigma")
    prior, likelihood = _read_distributions(path)
    return VAEParts(shape, read_spec(path / SPEC_FILE), prior, likelihood)


def distribution_files(vae: keras.Model) -> dict[str, bytes]:
    """Prior and likelihood of a `VAE` as files for the folder of a SavedModel: {path: bytes}."""
    layers = {"prior": vae.prior, "likelihood": vae.likelihood}
    configs = {name: keras.saving.serialize_keras_object(layer) for name, layer in layers.items()}
    arrays = {f"{name}/{i}": np.array(w) for name, layer in layers.items() for i, w in enumerate(layer.get_weights())}
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return {CONFIG_FILE: json.dumps(configs, indent=2).encode("utf-8"), WEIGHTS_FILE: stream.getvalue()}


def _read_distributions(folder: Path) -> list[Any]:
    """(prior, likelihood) of the SavedModel in a folder."""
    configs = files.read_json(_find(folder, CONFIG_FILE))
    layers = []
    with np.load(_find(folder, WEIGHTS_FILE), allow_pickle=False) as arrays:
        for name in ("prior", "likelihood"):
            layer = keras.saving.deserialize_keras_object(configs[name])
            layer.set_weights([arrays[f"{name}/{i}"] for i in range(len(layer.weights))])
            layers.append(layer)
    return layers


def _find(folder: Path, name: str) -> Path:
    """The file of this version, or that of version 0.1 where it is there instead."""
    old = folder / OLD_FILES[name]
    return old if old.is_file() else folder / name


def _shape(encode: Any, decode: Any, source: Any) -> tuple[int, int, int]:
    """(image_size, channels, latent_dim) that two signatures have in common."""
    images = encode.structured_input_signature[1].get("images")
    latents = decode.structured_input_signature[1].get("latents")
    outputs = encode.structured_outputs
    fits = (
        images is not None and latents is not None and {"z_mean", "z_log_var"} <= set(outputs)
        and images.shape.rank == 4 and images.dtype == tf.float32 and images.shape[1] == images.shape[2]
        and latents.shape.rank == 2 and latents.shape[1] == outputs["z_mean"].shape[1]
    )  # fmt: skip
    if not fits:
        hint = "encode: images float32 [N, S, S, C] -> z_mean, z_log_var; decode: latents [N, D] -> images."
        raise checks.user_error("source", "a SavedModel of a VAE", str(source), hint)
    return images.shape[1], images.shape[3], latents.shape[1]

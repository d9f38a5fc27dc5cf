"""Whether an exported generator still makes the same images, in pixel levels; and how to run a TFLite file."""

import dataclasses
import importlib.util
import warnings
from pathlib import Path

import numpy as np

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.latent_distributions import transform_normals


class ExportError(RuntimeError):
    """An exported file is not what it should be; nothing was written."""


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two sets of images are apart, in pixel levels (0..255): at most, and on average."""

    max_levels: float
    mean_levels: float


def check_parity(expected, actual, tolerance=1.0, what="SavedModel"):
    """Measures how far exported images are from those they should be.

    Args:
        expected: `[N, H, W, C]`, float in [-1, 1] or uint8, from the Keras model.
        actual: the same from the exported file.
        tolerance: the most that any value may differ, in pixel levels.
        what: name of the exported form, for the error.

    Returns:
        `Parity`.

    Raises:
        ExportError: where shapes or types differ, a value is not finite, or the difference is above `tolerance`.

    Example:
        >>> black = np.full((1, 2, 2, 3), -1.0, np.float32)
        >>> check_parity(black, black)
        Parity(max_levels=0.0, mean_levels=0.0)
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    whole = [array.dtype == np.uint8 for array in (expected, actual)]
    if expected.shape != actual.shape or whole[0] != whole[1]:
        raise ExportError(
            f"{what} makes images {actual.dtype} {actual.shape}, the Keras model {expected.dtype} {expected.shape}."
        )
    scale = 1.0 if whole[0] else pixels.LEVELS
    if not (np.isfinite(expected).all() and np.isfinite(actual).all()):
        raise ExportError(f"{what} or the Keras model makes images with values that are not finite numbers.")
    difference = np.abs(expected.astype(np.float64) - actual.astype(np.float64)) * scale
    parity = Parity(float(difference.max()), float(difference.mean()))
    if parity.max_levels > tolerance:
        raise ExportError(
            f"{what} differs from the Keras model by up to {parity.max_levels:.3g} pixel levels "
            f"(mean {parity.mean_levels:.3g}); at most {tolerance:g} is allowed."
        )
    return parity


def probe_latents(latent_dim, count=4):
    """The latents on which exports are compared: float32 `[count, latent_dim]` from N(0, 1), always the same."""
    return np.random.default_rng(0).standard_normal((count, latent_dim)).astype(np.float32)


def probe_inputs(spec, count=4):
    """What a generator is called with where exports are compared: `{"latents": ..., "labels": int32 [count]}`.

    Args:
        spec: its `ModelSpec`; without classes there are no labels.
        count: number of images.
    """
    found = {"latents": transform_normals(spec.distribution, probe_latents(spec.latent_dim, count))}
    if spec.num_classes:
        found["labels"] = np.arange(count, dtype=np.int32) % spec.num_classes
    return found


def call_generator(network, inputs):
    """Calls a Keras generator with what `probe_inputs` gave: the dict, or the latents where they are alone."""
    return network(inputs if "labels" in inputs else inputs["latents"], training=False)


def run_tflite(path, latents, labels=None):
    """Runs a generator that `write_tflite` wrote.

    Args:
        path: the .tflite file; it may have any fixed batch size.
        latents: float32 `[N, latent_dim]`, N at least 1.
        labels: class numbers, integers `[N]`, for a file that takes them.

    Returns:
        float32 ndarray `[N, H, W, C]` in [-1, 1].

    Raises:
        UserFileError: where there is no readable TFLite file at `path`.
        UserError: where the latents or labels don't fit the file.
    """
    if not Path(path).is_file():
        raise checks.file_error("path", "an existing TFLite file", path)
    with silent_stderr():
        try:
            interpreter = _interpreter()(model_path=str(path))
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            step = f"The interpreter says: {error}"
            raise checks.file_error("path", "a TFLite file with builtin operators", path, step) from error
        sources = {len(source["shape"]): source for source in interpreter.get_input_details()}
        (target,) = interpreter.get_output_details()
        batch, latent_dim = (int(size) for size in sources[2]["shape"])
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != latent_dim or len(latents) == 0:
            raise checks.user_error("latents", f"an array [N, {latent_dim}]", latents.shape)
        if (labels is not None) != (1 in sources):
            expected = "integers [N]" if 1 in sources else "left out: the file takes none"
            raise checks.user_error("labels", expected, labels)
        given = {2: latents} if labels is None else {2: latents, 1: np.asarray(labels, np.int32)}
        made = []
        for first in range(0, len(latents), batch):
            for rank, values in given.items():
                part = values[first : first + batch]
                padding = np.zeros((batch - len(part), *part.shape[1:]), part.dtype)
                interpreter.set_tensor(sources[rank]["index"], np.concatenate([part, padding]))
            interpreter.invoke()
            made.append(interpreter.get_tensor(target["index"])[: len(latents) - first])
    return np.concatenate(made)


def _interpreter():
    """LiteRT's interpreter where that package is installed, else TensorFlow's own without its notice of deletion."""
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter
    import tensorflow as tf

    def make(**arguments):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*tf.lite.Interpreter is deprecated", UserWarning)
            return tf.lite.Interpreter(**arguments)

    return make

"""Which way of training is fastest for a network on this machine: answers of `ktg tune`, kept in the cache folder."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks, files
from keras_transfer_gen.version import __version__

KEYS = {"precision", "jit_compile", "steps_per_execution", "trials", "machine", "date"}


def machine() -> str:
    """What the speed of a training depends on beside the network, as text on one line."""
    gpus = [tf.config.experimental.get_device_details(d).get("device_name", "GPU") for d in _gpus()]
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    processor = _processor()
    return f"{processor}, {os.cpu_count()} cores, {threads or 'all'} threads, {', '.join(gpus) or 'no GPU'}"


def _gpus() -> list[Any]:
    return tf.config.list_physical_devices("GPU")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def answer_path(network: keras.Model, batch_size: int) -> Path:
    """`pathlib.Path` of the answer for a network, a batch size, this machine and these versions; need not exist.

    Args:
        network: `keras.Model`, the generator of a GAN or the decoder of a VAE.
        batch_size: images in a step on one device.
    """
    layers = [type(layer).__name__ for layer in network._flatten_layers()]  # a name may have a number of its own
    weights = [(weight.path.split("/", 1)[-1], tuple(weight.shape), weight.trainable) for weight in network.weights]
    versions = (tf.__version__, keras.__version__, __version__)
    parts = (machine(), layers, weights, batch_size, versions)
    return files.cache_folder("tuned") / f"{files.sha256(repr(parts).encode())[:32]}.json"


def read_answer(network: keras.Model, batch_size: int) -> dict[str, Any] | None:
    """The answer as `write_answer` was given it, or None where there is none that can be read."""
    path = answer_path(network, batch_size)
    try:
        answer = files.read_json(path)
    except checks.UserFileError:
        return None
    return answer if isinstance(answer, dict) and set(answer) >= KEYS else None


def write_answer(network: keras.Model, batch_size: int, answer: dict[str, Any]) -> None:
    """Keeps an answer, a JSON-ready dict with `KEYS`."""
    files.write_json(answer_path(network, batch_size), answer)

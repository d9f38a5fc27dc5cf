"""Which devices TensorFlow can use, whether each of them computes, and which precision is the faster one here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from keras_transfer_gen.recipes.machine.finding import FAULT, NOTE, OK, WARNING, Finding

AREA = "devices"
DRIVER = Path("/proc/driver/nvidia/version")
PROBE_SIDE, PROBE_CHANNELS, PROBE_BATCH = 32, 64, 8  # of the network that is timed


def check_tensorflow() -> list[Finding]:
    """`Finding`s: whether TensorFlow and Keras can be imported at all, and what they compute on."""
    try:
        import keras
        import tensorflow as tf
    except Exception as error:  # whatever a damaged installation raises
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        fix = "Install TensorFlow again: `pip install --force-reinstall 'tensorflow>=2.21,<2.22' 'keras>=3.15,<4'`."
        return [Finding(AREA, "tensorflow", FAULT, f"can't be imported: {reason}", fix)]
    facts = {"tensorflow": tf.__version__, "keras": keras.__version__, "backend": keras.backend.backend()}
    text = f"TensorFlow {tf.__version__}, Keras {keras.__version__} on {keras.backend.backend()}"
    devices = [_check_device(device.name) for device in tf.config.list_logical_devices() if device.device_type != "CPU"]
    cores = os.cpu_count()
    cpu = Finding(AREA, "cpu", OK, f"{cores} cores", facts={"cores": cores})
    return [Finding(AREA, "tensorflow", OK, text, facts=facts), cpu, *(devices or [_no_gpu()])]


def _check_device(name: str) -> Finding:
    """Multiplies two matrices on a device: a driver that does not fit fails here, not in a training."""
    import tensorflow as tf

    short = name.removeprefix("/device:").lower()
    try:
        details = _details(short)
        with tf.device(name):
            ones = tf.ones((256, 256))
            value = float(tf.reduce_mean(tf.matmul(ones, ones)))
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        fix = "Update the driver, or train on the CPU with --devices cpu:0."
        return Finding(AREA, short, FAULT, f"fails: {reason}", fix)
    if value != 256.0:
        fix = "The device computes wrong numbers. Train on another one with --devices."
        return Finding(AREA, short, FAULT, "a product of matrices is wrong", fix)
    words = str(details.get("device_name", "computes"))
    return Finding(AREA, short, OK, words, facts={key: str(item) for key, item in details.items()})


def _details(short: str) -> dict[str, Any]:
    """What TensorFlow knows of a GPU, such as its name; empty for other devices."""
    import tensorflow as tf

    kind, _, number = short.partition(":")
    physical = tf.config.list_physical_devices(kind.upper())
    return tf.config.experimental.get_device_details(physical[int(number)]) if int(number) < len(physical) else {}


def _no_gpu() -> Finding:
    if DRIVER.is_file() or shutil.which("nvidia-smi"):
        fix = (
            "Run `pip install 'tensorflow[and-cuda]'`, unset CUDA_VISIBLE_DEVICES, and check that `nvidia-smi` lists "
            "the GPU."
        )
        return Finding(AREA, "gpu", WARNING, "this machine has an NVIDIA driver, but TensorFlow sees no GPU", fix)
    return Finding(AREA, "gpu", NOTE, "none: trainings run on the CPU, at 64 px in minutes to hours")


def check_precision() -> list[Finding]:
    """One `Finding` in a list: the seconds of a small convolutional network in float32 and in bfloat16."""
    import keras

    from keras_transfer_gen.training.precision import choose_precision

    image = keras.Input((PROBE_SIDE, PROBE_SIDE, 3))
    x = image
    for _ in range(3):
        x = keras.layers.Conv2D(PROBE_CHANNELS, 3, padding="same", activation="relu")(x)
    network = keras.Model(image, keras.layers.Conv2D(3, 3, padding="same")(x))
    faster, seconds = choose_precision("auto", network, PROBE_BATCH)
    slow, quick = max(seconds.values()), min(seconds.values())
    text = f"{faster} is the faster one, by {slow / quick:.1f} times; --precision auto measures it for each run"
    return [Finding(AREA, "precision", OK, text, facts={"faster": faster, "seconds": seconds})]

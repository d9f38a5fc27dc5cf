"""Feature networks by name; EfficientNet-Lite0, the one of every score, turns images into 1,280 features each."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from keras_transfer_gen import checks, tables
from keras_transfer_gen.efficientnet_lite import LITE0, MEAN, SCALE, KerasLayers, stage_outputs
from keras_transfer_gen.metrics import network_file
from keras_transfer_gen.metrics.resize import ResizeBilinear
from keras_transfer_gen.shipped_weights import read_shipped_weights

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.efficientnet_lite import Variant


FEATURE_NETWORK = LITE0.name
INPUT_SIZE = 224  # the side in pixels that the network was trained at
FEATURES = 1280


def build_efficientnet_lite0(side: int = INPUT_SIZE) -> keras.Model:
    """The feature network, its weights zero; `load_feature_network` loads the trained ones.

    It computes in float32 under any global policy: scores that were rounded differently can't be compared.

    Args:
        side: images are resized to this height and width (pixels) inside the network; at least 32.

    Returns:
        A frozen functional `keras.Model`: RGB `[batch, H, W, 3]`, 0..255, uint8 or float, any size -> float32
        `[batch, 1280]`.

    Raises:
        UserError: where `side` is not an integer of at least 32.

    Example:
        >>> build_efficientnet_lite0(side=32).output_shape
        (None, 1280)
    """
    return build_network(LITE0, side, MEAN, SCALE)


def build_network(variant: Variant, side: int, middle: float, scale: float) -> keras.Model:
    """A feature network of inverted residual blocks: its stages, a convolution to 1,280 channels, their means.

    Args:
        variant: `Variant`; the model is named after it and the side.
        side: images are resized to this height and width (pixels); at least 32.
        middle: pixel level that the network sees as 0.
        scale: the network sees (level - middle) / scale.

    Returns:
        A frozen functional `keras.Model`, its weights zero.

    Raises:
        UserError: where `side` is not an integer of at least 32.
    """
    checks.check_backend()
    side = checks.check_integer("side", side, least=32)
    compute = KerasLayers()
    image = keras.Input((None, None, 3), dtype="float32", name="image")
    x = ResizeBilinear(side, dtype="float32", name="resize")(image)
    x = layers.Rescaling(1 / scale, -middle / scale, dtype="float32", name="normalise")(x)
    x = compute.convolve(stage_outputs(x, variant, compute)[-1], "head", FEATURES)
    pooled = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
    model = keras.Model(image, pooled, name=f"{variant.name}_{side}")
    model.trainable = False
    return model


def load_efficientnet_lite0(side: int = INPUT_SIZE) -> keras.Model:
    """EfficientNet-Lite0 with its trained weights; see `build_efficientnet_lite0`."""
    model = build_efficientnet_lite0(side)
    load_weights(model, read_shipped_weights(FEATURE_NETWORK))
    return model


def load_feature_network(name: PathLike = FEATURE_NETWORK, side: int | None = None) -> keras.Model:
    """A feature network by its name or its file; a second call returns the same object.

    Args:
        name: a name of `tables.FEATURE_NETWORKS` ("efficientnet_lite0", "movenet_lightning", or what was added with
            `register_feature_network`), or the path of a `.keras` file or a SavedModel, see `network_file`.
        side: the side that a shipped network resizes images to (pixels); by default the one that it was trained at.
            Scores at different sides can't be compared.

    Returns:
        `keras.Model`, RGB `[batch, H, W, 3]` in 0..255 -> float32 `[batch, D]`; shipped ones are named `NAME_SIDE`.

    Raises:
        UserError: for an unknown name, a bad side, or a network of another kind.
        UserFileError: where the weights are missing or broken.

    Example:
        >>> load_feature_network().name
        'efficientnet_lite0_224'
    """
    name = tables.check_feature_network(name)
    if name in tables.FEATURE_NETWORKS:
        return _load_row(tables.FEATURE_NETWORKS[name].target, side)
    return network_file.load_network_file(name)


@functools.lru_cache(maxsize=8)
def _load_row(target: Any, side: int | None) -> keras.Model:
    """The network of a row of `tables.FEATURE_NETWORKS`: a model, or a function that returns one."""
    entry = tables.load(target)
    arguments = {} if side is None else {"side": side}
    network = entry if isinstance(entry, keras.Model) else entry(**arguments)
    return network_file.check_network(network)


def load_weights(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Assigns `arrays` ("LAYER/kernel", "LAYER/bias") to the model's variables; names and shapes must be the same.

    Raises:
        UserFileError: where names or shapes differ.
    """
    variables = {}
    for layer in model.layers:
        for variable in layer.weights:
            variables[f"{layer.name}/{variable.name}"] = variable
    missing, unexpected = sorted(variables.keys() - arrays.keys()), sorted(arrays.keys() - variables.keys())
    reshaped = [key for key in variables.keys() & arrays.keys() if tuple(variables[key].shape) != arrays[key].shape]
    if missing or unexpected or reshaped:
        differences = f"missing {missing[:3]}, unexpected {unexpected[:3]}, other shapes {sorted(reshaped)[:3]}"
        hint = "Install keras_transfer_gen again."
        raise checks.file_error("weights", f"those of {model.name}", differences, hint)
    for key, variable in variables.items():
        variable.assign(arrays[key])

"""A float32 copy of a network, to be exported while the trained one stays as it is."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks

LOW_PRECISION = ("bfloat16", "float16", "mixed_bfloat16", "mixed_float16")
# A float32 copy rounds otherwise than a bfloat16 original (a few levels); wrong weights are further off than this.
LOW_PRECISION_TOLERANCE = 64.0


def float32_copy(network: keras.Model) -> keras.Model:
    """A copy of a functional model that computes in float32, with the same weights and everything trainable.

    Nothing of `network` changes, and the copy shares nothing with it.

    Args:
        network: functional `keras.Model`, in any precision, mirrored or not.

    Raises:
        UserError: inside a strategy's scope.
    """
    if tf.distribute.has_strategy():
        step = "Call it after the `with strategy.scope():` block; a generator made in one is fine."
        raise checks.user_error("strategy", "left before exporting", tf.distribute.get_strategy(), step)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # for composite layers that leave their sublayers' type to the default
    try:
        copy = keras.models.clone_model(network, clone_function=_float32_layer, recursive=True)
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(network.get_weights())
    copy.trainable = False  # Keras passes a flag on to the layers only where it changes
    copy.trainable = True
    return copy


def has_low_precision(network: keras.Model) -> bool:
    """Whether a layer of a network computes in less than float32 (bool)."""
    return any(layer.dtype_policy.name in LOW_PRECISION for layer in network.layers)


def _float32_layer(layer: Any) -> keras.layers.Layer:
    return type(layer).from_config(_float32_config(layer.get_config()))


def _float32_config(config: Any) -> Any:
    """A layer's config with every type of low precision, wrapped layers included, set to float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in LOW_PRECISION:
            return {**config, "config": {**config["config"], "name": "float32"}}
        return {
            key: "float32" if key == "dtype" and value in LOW_PRECISION else _float32_config(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_float32_config(item) for item in config)
    return config

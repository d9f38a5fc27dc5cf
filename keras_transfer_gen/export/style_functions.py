"""`map` and `synthesize` of a generator with styles: latents to styles, and styles to images."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import tables
from keras_transfer_gen.export.servable import ServedFunction

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


MAP, SYNTHESIZE, STYLES = "map", "synthesize", "w"
PARTS = {"mapping": MAP, "synthesis": SYNTHESIZE}  # part of a TFLite file -> function


def styles_layer(network: keras.Model, spec: ModelSpec) -> Any:
    """The layer of a generator that gives its styles, as its architecture names it; None where it has none.

    Args:
        network: functional `keras.Model`.
        spec: its `ModelSpec`.
    """
    entry = tables.architecture_of(spec)
    name = (entry.intermediates if entry else {}).get(STYLES)
    return next((layer for layer in network.layers if layer.name == name), None)


def style_functions(
    network: keras.Model, spec: ModelSpec, serve: ServedFunction | None, bind: Callable[..., Any] | None
) -> dict[str, ServedFunction]:
    """Both functions, or none where the generator has no styles.

    "map" takes what "serve" does and gives `w` float32 `[N, count, w_dim]`; "synthesize" takes `w` and gives `images`.

    Args:
        network: functional `keras.Model` in float32.
        spec: its `ModelSpec`.
        serve: its `ServedFunction`.
        bind: function of a model -> a function like `serve.compute` that calls this model.

    Returns:
        {name: `ServedFunction`}.
    """
    layer = styles_layer(network, spec)
    if layer is None:
        return {}
    mapping = keras.Model(network.input, layer.output)
    synthesis = keras.Model(layer.output, network.output)
    compute = bind(mapping)
    w = np.asarray(compute(*map(tf.constant, serve.examples.values()))["images"])

    @functools.wraps(compute)  # the parameters' names are those that callers use
    def map_latents(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return {STYLES: compute(*tensors)["images"]}

    def synthesize(w: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(synthesis(w, training=False), tf.float32)}

    entry = tf.TensorSpec((None, *w.shape[1:]), tf.float32, name=STYLES)
    return {
        MAP: ServedFunction(map_latents, serve.inputs, serve.examples, {STYLES: w}, serve.tolerance),
        SYNTHESIZE: ServedFunction(synthesize, (entry,), {STYLES: w}, serve.expected, serve.tolerance),
    }

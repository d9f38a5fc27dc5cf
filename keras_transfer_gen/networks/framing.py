"""How large things stand in the picture: a layer that enlarges what a generator draws, or makes it smaller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.resampling import zoom_matrix
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape

NAME = "framing"
MOST_BEHIND = 1.3  # the largest zoom of finished images: beyond, they look blurred


@keras.saving.register_keras_serializable(PACKAGE)
class Framing(layers.Layer):
    """Enlarges images about their centre, or makes them smaller.

    A generator whose things stand smaller in the picture than those of the images to learn can't be trained to enlarge
    all of them: its last blocks see a few pixels each. This layer does it, and training is left with the rest. It has
    no weights and computes in float32, always.

    Args:
        zoom: how many times as large things become, above 0.
        features: whether it enlarges features inside a generator, of any range. The layers that follow draw sharp
            edges then.
        ground: the colour beyond the edges, for each channel in [-1, 1]; None: each edge is continued.

    Call arguments:
        inputs: images in [-1, 1], or features, `[batch, H, W, C]`.

    Example:
        >>> Framing(1.1)(ops.ones((2, 8, 8, 3))).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self, zoom: float, features: bool = False, ground: Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.zoom = checks.check_number("zoom", zoom, above=True)
        self.features = features
        self.ground = None if ground is None else tuple(float(level) for level in ground)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = inputs.shape
        rows, columns = (zoom_matrix(size, self.zoom, continued=self.ground is None) for size in (height, width))
        x = inputs if self.ground is None else inputs - np.array(self.ground, np.float32)
        # Two products of matrices, with a batch of unknown size first: what TFLite has.
        x = ops.matmul(rows, ops.reshape(x, (-1, height, width * channels)))
        x = ops.transpose(ops.reshape(x, (-1, height, width, channels)), (0, 2, 1, 3))
        x = ops.matmul(columns, ops.reshape(x, (-1, width, height * channels)))
        x = ops.transpose(ops.reshape(x, (-1, width, height, channels)), (0, 2, 1, 3))
        if self.ground is not None:
            x += np.array(self.ground, np.float32)
        if self.features:
            return x
        return ops.clip(x, -1.0, 1.0)  # Lanczos weights overshoot beside sharp edges

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zoom": self.zoom, "features": self.features, "ground": self.ground}


def framing_layer(generator: keras.Model) -> Framing | None:
    """The `Framing` of a functional generator, or None."""
    return next((layer for layer in generator.layers if isinstance(layer, Framing)), None)


def with_framing(generator: keras.Model, zoom: float, ground: Sequence[float] | None = None) -> keras.Model:
    """A generator whose images are enlarged, beside what its own `Framing` does already.

    Up to 1.3 times the finished images are enlarged. Beyond, it is the features of half their side, where there are
    such that all of the image is drawn from.

    Args:
        generator: functional `keras.Model` -> images in [-1, 1].
        zoom: how many times as large things become, above 0.
        ground: the colour beyond the edges of images that end smaller, for each channel in [-1, 1]; None: that of its
            own `Framing`, or else each edge is continued.

    Returns:
        `keras.Model` of the same name and inputs that shares the layers of `generator`; without a `Framing` where the
        images end as large as they were.
    """
    framed = framing_layer(generator)
    ground = framed.ground if ground is None and framed is not None else ground
    plain, own = without_framing(generator)
    zoom *= own
    if zoom == 1:
        return plain
    last = _half_size_layer(plain) if zoom > MOST_BEHIND else None
    if last is None:
        images = Framing(zoom, ground=ground if zoom < 1 else None, name=NAME)(plain.output)
    else:
        images = _drawn_from(last.output, plain, Framing(zoom, features=True, name=NAME)(last.output))
    return keras.Model(plain.input, images, name=plain.name)


def without_framing(generator: keras.Model) -> tuple[keras.Model, float]:
    """(a generator without its `Framing`, which shares its layers; the zoom that it had, 1.0 where there was none)."""
    own = framing_layer(generator)
    if own is None:
        return generator, 1.0
    return keras.Model(generator.input, _drawn_from(own.output, generator, own.input), name=generator.name), own.zoom


def _drawn_from(features: keras.KerasTensor, generator: keras.Model, others: keras.KerasTensor) -> keras.KerasTensor:
    """The images that the layers of a generator draw from other features in place of some of its own."""
    return others if features is generator.output else keras.Model(features, generator.output).call(others)


def _half_size_layer(generator: keras.Model) -> layers.Layer | None:
    """The last layer with features of half the side of the images that all of the image is drawn from, or None."""
    _, height, width, _ = generator.output.shape
    for layer in reversed(generator.layers):
        shape = getattr(layer.output, "shape", ())
        half = len(shape) == 4 and tuple(shape[1:3]) == (height // 2, width // 2)
        if half and not _reaches_inputs(generator, layer):
            return layer
    return None


def _reaches_inputs(generator: keras.Model, without: layers.Layer) -> bool:
    """Whether some of the image is drawn from the inputs by a way that does not lead through a layer."""
    waiting, seen = [generator.output], set()
    while waiting:
        operation, node, _ = waiting.pop()._keras_history
        if operation is without or id(operation) in seen:
            continue
        if isinstance(operation, layers.InputLayer):
            return True
        seen.add(id(operation))
        waiting += operation._inbound_nodes[node].input_tensors
    return False

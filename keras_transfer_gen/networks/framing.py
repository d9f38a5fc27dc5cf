"""How large things stand in the picture: a last layer that enlarges a generator's images, or makes them smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.resampling import zoom_matrix
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape

NAME = "framing"


@keras.saving.register_keras_serializable(PACKAGE)
class Framing(layers.Layer):
    """Enlarges images about their centre, or makes them smaller; beyond an edge is the colour at the edge.

    A generator whose things stand smaller in the picture than those of the images to learn can't be trained to enlarge
    all of them: its last blocks see a few pixels each. This layer does it, and training is left with the rest. It has
    no weights and computes in float32, always.

    Args:
        zoom: how many times as large things become, above 0.

    Call arguments:
        inputs: images in [-1, 1], `[batch, H, W, C]`.

    Example:
        >>> Framing(1.1)(ops.ones((2, 8, 8, 3))).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(self, zoom: float, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.zoom = checks.check_number("zoom", zoom, above=True)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = inputs.shape
        # Two products of matrices, with a batch of unknown size first: what TFLite has.
        x = ops.matmul(zoom_matrix(height, self.zoom), ops.reshape(inputs, (-1, height, width * channels)))
        x = ops.transpose(ops.reshape(x, (-1, height, width, channels)), (0, 2, 1, 3))
        x = ops.matmul(zoom_matrix(width, self.zoom), ops.reshape(x, (-1, width, height * channels)))
        x = ops.transpose(ops.reshape(x, (-1, width, height, channels)), (0, 2, 1, 3))
        return ops.clip(x, -1.0, 1.0)  # Lanczos weights overshoot beside sharp edges

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zoom": self.zoom}


def framing_layer(generator: keras.Model) -> Framing | None:
    """The `Framing` at the end of a functional generator, or None."""
    last = generator.layers[-1]
    return last if isinstance(last, Framing) else None


def with_framing(generator: keras.Model, zoom: float) -> keras.Model:
    """A generator whose images are enlarged, beside what its own `Framing` does already.

    Args:
        generator: functional `keras.Model` -> images in [-1, 1].
        zoom: how many times as large things become, above 0.

    Returns:
        `keras.Model` of the same name and inputs that shares the layers of `generator`; without a `Framing` where the
        images end as large as they were.
    """
    plain, own = without_framing(generator)
    if zoom * own == 1:
        return plain
    return keras.Model(generator.input, Framing(zoom * own, name=NAME)(plain.output), name=generator.name)


def without_framing(generator: keras.Model) -> tuple[keras.Model, float]:
    """(a generator without its `Framing`, which shares its layers; the zoom that it had, 1.0 where there was none)."""
    own = framing_layer(generator)
    if own is None:
        return generator, 1.0
    return keras.Model(generator.input, own.input, name=generator.name), own.zoom

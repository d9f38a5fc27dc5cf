"""Heads of a discriminator that judge what a trained network sees in an image, beside the head that judges pixels.

A discriminator that sees a hundred images must learn from them what edges, surfaces and shapes are. A network that was
trained on a million photographs has learnt that already; it is frozen, and only the small heads behind it are trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf
from keras import layers, ops

from keras_transfer_gen import checks, efficientnet_lite
from keras_transfer_gen.convolution import shrink
from keras_transfer_gen.network_inputs import IMAGES, input_names
from keras_transfer_gen.protocols import FixedDtype, LipschitzBounded
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, Shape


LEAST_SIDE = 96  # pixels: smaller images are enlarged before the trained network sees them
FEATURE_WEIGHT = 0.05  # about as much for each head as for the discriminator's own: their gradients are steeper
WIDTH = 64
LARGEST_MAP = 8  # maps are halved to at most this side before they are judged
SLOPE = 0.2  # of the leaky ReLU
FEATURES, HEAD = "trained_features", "feature_head"  # names of layers


@keras.saving.register_keras_serializable(PACKAGE)
class TrainedFeatures(layers.Layer, FixedDtype):
    """Images -> maps of EfficientNet-Lite1 at four depths; it has no weights to train or to save.

    It computes in float32, whatever the precision of training: its depthwise convolutions are slow in bfloat16.

    Args:
        side: height and width, in pixels, that images are resized to (bilinear).
        weight: what the gradient to the images is multiplied by, above 0: how much the heads' judgement counts for
            the generator beside that of the pixels. What the heads themselves learn does not depend on it.

    Call arguments:
        images: `[batch, H, W, C]` in [-1, 1] with C 1 or 3; grey is shown as RGB.
    """

    def __init__(self, side: int = LEAST_SIDE, weight: float = FEATURE_WEIGHT, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.side = side
        self.weight = weight

    def call(self, images: tf.Tensor) -> list[tf.Tensor]:
        images = tf.cast(images, tf.float32)
        images = self.weight * images + tf.stop_gradient((1.0 - self.weight) * images)
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        if images.shape[1] != self.side:
            images = tf.image.resize(images, (self.side, self.side), method="bilinear")
        return efficientnet_lite.feature_maps(images)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        sides = [-(-self.side // stride) for stride in efficientnet_lite.TAP_STRIDES]
        return [(input_shape[0], n, n, c) for n, c in zip(sides, efficientnet_lite.TAP_CHANNELS, strict=True)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "side": self.side, "weight": self.weight}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        names = {"influence": "weight"}  # in files of version 0.1
        return cls(**{names.get(name, name): value for name, value in config.items()})


@keras.saving.register_keras_serializable(PACKAGE)
class LipschitzConv2D(layers.Layer):
    """A convolution whose kernel is divided by a bound on its largest singular value; it keeps no vector for that.

    The kernel is read as a matrix `[size * size * in, filters]` and the bound is its Schatten 16-norm, never below the
    largest singular value and at most filters^(1/16) times it (1.3 times for 64).

    Args:
        filters: channels of the output.
        size: height and width of the kernel.
        stride: of the output's places, in both directions; borders are padded ("same").

    Reference:
        Miyato et al., Spectral Normalization, 2018 (arXiv:1802.05957), with the singular value itself.
    """

    def __init__(self, filters: int, size: int = 3, stride: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.size = size
        self.stride = stride

    def build(self, input_shape: Shape) -> None:
        shape = (self.size, self.size, input_shape[-1], self.filters)
        self.kernel = self.add_weight(shape=shape, name="kernel", initializer="glorot_uniform")
        self.bias = self.add_weight(shape=(self.filters,), name="bias", initializer="zeros")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return shrink(inputs, self.kernel / spectral_bound(self.kernel), self.stride) + self.bias

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape
        return (batch, -(-height // self.stride), -(-width // self.stride), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "size": self.size, "stride": self.stride}


# Keras stores the weights of layers in a list under the class's name; files of version 0.1 have this one.
LipschitzConv2D.__name__ = "BoundedConv2D"


def spectral_bound(kernel: keras.Variable | tf.Tensor) -> tf.Tensor:
    """The Schatten 16-norm of a kernel `[..., out]` read as a matrix of `out` columns: a scalar, above 0."""
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    gram = ops.matmul(ops.transpose(matrix), matrix)
    total = ops.trace(gram) + 1e-12  # makes the eigenvalues at most 1, so that no power overflows
    second = ops.matmul(gram / total, gram / total)
    fourth = ops.matmul(second, second)
    return ops.sqrt(total * (ops.sum(ops.square(fourth)) + 1e-30) ** 0.125)


@keras.saving.register_keras_serializable(PACKAGE)
class FeatureHead(layers.Layer, FixedDtype, LipschitzBounded):
    """A map of features -> logits of its places: bounded convolutions and leaky ReLUs, in float32.

    Args:
        width: channels of the convolutions.

    Call arguments:
        inputs: float32 `[batch, H, W, C]`; halved by 4 x 4 convolutions until its side is at most `LARGEST_MAP`.
    """

    def __init__(self, width: int = WIDTH, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.width = width

    def build(self, input_shape: Shape) -> None:
        own = {"dtype": self.dtype_policy}
        self.convs, side = [], input_shape[1]
        while side > LARGEST_MAP:
            self.convs.append(LipschitzConv2D(self.width, 4, 2, name=f"down_{len(self.convs)}", **own))
            side = -(-side // 2)
        self.convs.append(LipschitzConv2D(self.width, 3, name="mix", **own))
        self.logits = LipschitzConv2D(1, 3, name="logits", **own)
        for conv in self.convs:
            conv.build(input_shape)
            input_shape = conv.compute_output_shape(input_shape)
        self.logits.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        x = inputs
        for conv in self.convs:
            x = ops.leaky_relu(conv(x), SLOPE)
        return ops.reshape(self.logits(x), (ops.shape(x)[0], -1))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        side = input_shape[1]
        while side > LARGEST_MAP:
            side = -(-side // 2)
        return (input_shape[0], side * side)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


def build_feature_heads(discriminator: keras.Model, weight: float = FEATURE_WEIGHT, width: int = WIDTH) -> keras.Model:
    """A discriminator with heads that judge what a trained network sees, added to its own.

    Args:
        discriminator: functional model of images `[batch, S, S, C]`, C 1 or 3, or of a dict with "images", without
            such heads; its layers are shared, not copied.
        weight: see `TrainedFeatures`.
        width: channels of the heads.

    Returns:
        `keras.Model` named "discriminator" -> list of logits: those of `discriminator`, then one `[batch, places]` for
        each of four depths.

    Raises:
        UserError: for another discriminator, and for a `weight` of 0 or less or a `width` below 1.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
        >>> [logits.shape for logits in build_feature_heads(build_dcgan_discriminator(32, max_channels=32)).outputs]
        [(None, 1), (None, 36), (None, 36), (None, 36), (None, 36)]

    Reference:
        Kumari et al., Ensembling Off-the-shelf Models for GAN Training, 2022 (arXiv:2112.09130), for a trained network
        beside a discriminator; Sauer et al., Projected GANs, 2021 (arXiv:2111.01007), for heads at several depths.
    """
    weight = check_feature_weight(weight)
    width = checks.check_integer("width", width)
    if not can_have_feature_heads(discriminator):
        expected = "a functional model of square images with 1 or 3 channels that has no feature heads"
        shapes = [tuple(images.shape) for images in getattr(discriminator, "inputs", None) or []]
        received = f"a {type(discriminator).__name__} of inputs {shapes}"
        raise checks.user_error("discriminator", expected, received, f"None of its layers may be named {HEAD}_*.")
    images = _images_of(discriminator)
    side = max(LEAST_SIDE, images.shape[1])
    maps = TrainedFeatures(side, weight, name=FEATURES)(images)
    heads = [FeatureHead(width, name=f"{HEAD}_{number}")(map_) for number, map_ in enumerate(maps)]
    return keras.Model(_inputs_of(discriminator), [*discriminator.outputs, *heads], name="discriminator")


def _inputs_of(discriminator: keras.Model) -> dict[str, tf.Tensor] | tf.Tensor:
    """What a discriminator's inputs are made of: a dict, or the images alone."""
    return _images_of(discriminator) if input_names(discriminator) is None else discriminator.input


def _images_of(discriminator: keras.Model) -> tf.Tensor | None:
    """The symbolic images of a functional discriminator; None where it has none or several inputs without names."""
    if input_names(discriminator) is not None:
        return discriminator.input.get(IMAGES)
    inputs = getattr(discriminator, "inputs", None) or []
    return inputs[0] if len(inputs) == 1 else None


def check_feature_weight(weight: float) -> float:
    """Returns a number above 0, or raises a `UserError`."""
    return checks.check_number("weight", weight, above=True, next_step="Such as weight=0.05.")


def feature_weight_of(discriminator: keras.Model) -> float:
    """The weight of a discriminator's feature heads; 0 where it has none."""
    return discriminator.get_layer(FEATURES).weight if has_feature_heads(discriminator) else 0.0


def with_feature_weight(discriminator: keras.Model, weight: float) -> keras.Model:
    """A discriminator with feature heads, of the same layers, whose heads have this weight; see `TrainedFeatures`."""
    features = discriminator.get_layer(FEATURES)
    if features.weight == weight:
        return discriminator
    maps = TrainedFeatures(features.side, check_feature_weight(weight), name=FEATURES)(_images_of(discriminator))
    own = [head for head in discriminator.outputs if not isinstance(head._keras_history.operation, FeatureHead)]
    heads = [discriminator.get_layer(f"{HEAD}_{number}")(map_) for number, map_ in enumerate(maps)]
    return keras.Model(_inputs_of(discriminator), [*own, *heads], name=discriminator.name)


def has_feature_heads(discriminator: keras.Model) -> bool:
    """Whether a discriminator has heads of `build_feature_heads`."""
    return any(isinstance(layer, FeatureHead) for layer in discriminator.layers)


def heads_learn(discriminator: keras.Model) -> bool:
    """Whether any of its feature heads may move."""
    heads = [layer for layer in discriminator.layers if isinstance(layer, FeatureHead)]
    return any(head.trainable_variables for head in heads)


def can_have_feature_heads(discriminator: keras.Model) -> bool:
    """Whether `build_feature_heads` takes a discriminator."""
    images = _images_of(discriminator)
    if images is None or len(images.shape) != 4 or has_feature_heads(discriminator):
        return False
    if any(layer.name == FEATURES or layer.name.startswith(HEAD) for layer in discriminator.layers):
        return False
    _, height, width, channels = images.shape
    return height is not None and height == width and channels in (1, 3)

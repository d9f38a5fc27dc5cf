"""A generator that draws between images: latents choose a few neighbours of a class and blend their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.pretrained_discriminator import copy_layer
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.aliases import Array, Shape


MOST_CODES = 2**15  # numbers of codes are kept as int16
LEAST_SHARE = 1e-30  # of an image that is none of a class: its logarithm is far below every score


@keras.saving.register_keras_serializable(PACKAGE)
class BlendedCodes(layers.Layer):
    """Grids of vectors between those of a few known images, which latents and a class choose.

    It knows images by their tokens (numbers of codes) and by a point for each in the space of latents. The score of an
    image is the product of latents and its point, plus an offset, which makes all images of a class as likely. The
    images with the highest scores are blended: their grids are averaged with softmax(sharpness * score - separation *
    squared distance of the points from that of the best image), and finer grids with the softmax of fine_sharpness
    times that. So only images that are alike are blended, near latents give near grids, and a path between latents runs
    from image to image. Codes can be trained; points, offsets, tokens and classes can't. It always computes in float32.

    Args:
        num_images: number of known images.
        num_classes: number of classes.
        grid: (levels of codes, rows, columns) of an image's tokens.
        num_codes: number of codes, of all levels together, at most 32,768.
        code_dim: length of a code.
        neighbours: images that are blended.
        sharpness: factor on the scores: the higher, the more like its best image is a blend.
        separation: factor on the squared distances: the higher, the fewer unlike images are blended.
        fine: (number of codes, rows, columns, length of a code) of a finer grid of one level, or a sequence of such;
            None: there is none.
        fine_sharpness: factor on the logarithms of the weights of the finer grids: the higher, the more a blend has the
            details of its best image alone, so that an eye is not the average of four.

    Call arguments:
        inputs: [latents `[batch, latent_dim]`, labels int `[batch]`].

    Returns:
        float `[batch, rows, columns, code_dim]`; with `fine` a list of such grids.

    Example:
        >>> layer = BlendedCodes(num_images=9, num_classes=2, grid=(1, 8, 8), num_codes=16, code_dim=4)
        >>> layer([tf.ones((3, 5)), tf.zeros(3, tf.int32)]).shape
        TensorShape([3, 8, 8, 4])

    Reference:
        An et al., AE-OT: A New Generative Model Based on Extended Semi-discrete Optimal Transport, 2020 (ICLR); An et
        al., AE-OT-GAN, 2020 (arXiv:2001.03698). Here the blend is smooth, and its codes are discrete ones.
    """

    def __init__(
        self, num_images: int, num_classes: int, grid: tuple[int, int, int], num_codes: int, code_dim: int,
        neighbours: int = 8, sharpness: float = 3.0, separation: float = 2.0,
        fine: Sequence[Any] | None = None, fine_sharpness: float = 1.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.num_images = checks.check_integer("num_images", num_images)
        self.num_classes = checks.check_integer("num_classes", num_classes)
        self.num_codes = checks.check_integer("num_codes", num_codes, most=MOST_CODES)
        self.grid, self.code_dim = tuple(grid), code_dim
        self.neighbours = checks.check_integer("neighbours", neighbours)
        self.sharpness = checks.check_number("sharpness", sharpness, above=True)
        self.separation = checks.check_number("separation", separation)
        self.fine_sharpness = checks.check_number("fine_sharpness", fine_sharpness, above=True)
        grids = [fine] if fine and isinstance(fine[0], int) else fine or []
        self.fine = tuple(tuple(grid) for grid in grids)
        for number, *_ in self.fine:
            checks.check_integer("fine", number, most=MOST_CODES)

    def build(self, input_shape: Any) -> None:
        (_, latent_dim), _ = input_shape
        self.codes = self.add_weight(
            shape=(self.num_codes, self.code_dim), name="codes", initializer="random_normal", autocast=False
        )
        half = {"trainable": False, "autocast": False, "dtype": "float16"}  # half the size: most of a file are these
        self.points = self.add_weight(shape=(self.num_images, latent_dim), name="points", initializer="zeros", **half)
        self.offsets = self.add_weight(shape=(self.num_images,), name="offsets", initializer="zeros", **half)
        self.classes = self.add_weight(
            shape=(self.num_classes, self.num_images), name="classes", initializer="ones", **half
        )
        places = int(np.prod(self.grid))
        whole = {**half, "dtype": "int16"}
        self.tokens = self.add_weight(shape=(self.num_images, places), name="tokens", initializer="zeros", **whole)
        self.fine_codes, self.fine_tokens = [], []
        for number, (num_codes, rows, columns, code_dim) in enumerate(self.fine):
            end = f"_{number}" if number else ""
            codes = self.add_weight(
                shape=(num_codes, code_dim), name=f"fine_codes{end}", initializer="random_normal", autocast=False
            )
            shape = (self.num_images, rows * columns)
            self.fine_codes.append(codes)
            self.fine_tokens.append(
                self.add_weight(shape=shape, name=f"fine_tokens{end}", initializer="zeros", **whole)
            )

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor | list[tf.Tensor]:
        latents, labels = inputs
        # TensorFlow's own: those of keras.ops need operators that TFLite doesn't have.
        points, offsets, classes = (tf.cast(part, tf.float32) for part in (self.points, self.offsets, self.classes))
        shares = tf.gather(classes, labels)
        scores = tf.matmul(tf.cast(latents, tf.float32), points, transpose_b=True)
        scores = scores + offsets + tf.math.log(tf.maximum(shares, LEAST_SHARE))
        highest, chosen = tf.math.top_k(scores, min(self.neighbours, self.num_images))
        places = tf.gather(points, chosen)
        distances = tf.reduce_sum(tf.math.squared_difference(places, places[:, :1]), axis=-1)
        return self._grids(chosen, self.sharpness * highest - self.separation * distances)

    def grids_of(self, numbers: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        """int `[batch]`, numbers of known images -> their own grids, as `call` gives those of blends."""
        return self._grids(numbers[:, tf.newaxis], tf.ones((1, 1)))

    def _grids(self, chosen: tf.Tensor, logits: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        """Numbers of images int `[batch, n]`, their logits float `[batch, n]` or `[1, n]` -> the blended grids."""
        blended = _blend(self.codes, self.tokens, chosen, tf.nn.softmax(logits, axis=-1))
        levels = tf.reshape(blended, (-1, *self.grid, self.code_dim))
        grid = tf.cast(tf.reduce_sum(levels, axis=1), self.compute_dtype)
        if not self.fine:
            return grid
        weights = tf.nn.softmax(self.fine_sharpness * logits, axis=-1)
        parts = zip(self.fine_codes, self.fine_tokens, self.fine, strict=True)
        fine = [tf.reshape(_blend(codes, tokens, chosen, weights), (-1, *part[1:])) for codes, tokens, part in parts]
        return [grid, *(tf.cast(part, self.compute_dtype) for part in fine)]

    def compute_output_shape(self, input_shape: Any) -> Shape | list[Shape]:
        grid = (input_shape[0][0], *self.grid[1:], self.code_dim)
        return [grid, *((grid[0], *part[1:]) for part in self.fine)] if self.fine else grid

    def get_config(self) -> dict[str, Any]:
        names = (
            "num_images", "num_classes", "grid", "num_codes", "code_dim", "neighbours", "sharpness", "separation",
            "fine_sharpness",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "fine": self.fine or None}


def _blend(codes: Any, tokens: Any, chosen: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Codes of images, weighted and summed: float32 `[batch, places, code_dim]`.

    Args:
        codes: variable float `[num_codes, code_dim]`.
        tokens: variable int `[num_images, places]`.
        chosen: int `[batch, n]`.
        weights: float `[batch, n]` or `[1, n]`.
    """
    numbers = tf.cast(tf.gather(tf.convert_to_tensor(tokens), chosen), tf.int32)
    vectors = tf.gather(tf.convert_to_tensor(codes), numbers)
    return tf.reduce_sum(vectors * weights[:, :, tf.newaxis, tf.newaxis], axis=1)


def build_blended_generator(
    decoder: keras.Model, codes: Array, tokens: Array, points: Array, offsets: Array, labels: Array,
    neighbours: int = 8, sharpness: float = 3.0, separation: float = 2.0,
) -> keras.Model:  # fmt: skip
    """A generator of `BlendedCodes` and the layers of a trained decoder of tokens.

    Args:
        decoder: float32 `[batch, rows, columns, code_dim]` -> images in [-1, 1], a chain of layers.
        codes: float32 `[num_codes, code_dim]`, those of all levels.
        tokens: int `[n, levels, rows, columns]` of the known images, numbers of these codes.
        points: float32 `[n, latent_dim]`, where the images lie among the latents.
        offsets: float32 `[n]`.
        labels: int `[n]`, their classes, counted from 0; each class has an image.
        neighbours: see `BlendedCodes`.
        sharpness: the same.
        separation: the same.

    Returns:
        `keras.Model` named "generator", {"latents": float32 `[batch, latent_dim]`, "labels": int32 `[batch]`} -> images
        as of the decoder; its layers are copies with their own weights.
    """
    tokens, labels = np.asarray(tokens), np.asarray(labels)
    count, grid = len(tokens), tokens.shape[1:]
    classes = np.equal.outer(np.arange(labels.max() + 1), labels).astype(np.float32)
    latents = keras.Input((points.shape[1],), name="latents")
    chosen = keras.Input((), dtype="int32", name="labels")
    options: dict[str, Any] = {"neighbours": neighbours, "sharpness": sharpness, "separation": separation}
    values = {
        "codes": codes, "points": points, "offsets": offsets, "classes": classes, "tokens": tokens.reshape(count, -1),
    }  # fmt: skip
    num_codes, code_dim = codes.shape
    blend = BlendedCodes(count, len(classes), grid, num_codes, code_dim, **options, name="blend")
    x = blend([latents, chosen])
    for name, value in values.items():
        getattr(blend, name).assign(value)
    for layer in decoder.layers:
        if not isinstance(layer, layers.InputLayer):
            x = copy_layer(layer, x)
    return keras.Model({"latents": latents, "labels": chosen}, x, name="generator")

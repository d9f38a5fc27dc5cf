"""The images among the outputs of a third-party generator: which output it is, its layout, and its pixel range."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import tensorflow as tf

from keras_transfer_gen.transfer.saved_model.input_roles import named_leaves

IMAGE_WORDS = {"image", "images", "picture", "pictures"}
BELOW_ZERO, ABOVE_ONE = -0.2, 4.0  # an unclipped network leaves its range by some tenths, never by whole units
MUCH_BELOW = 0.2  # of `share_below_zero`; an unclipped network of [0, 1] has 0.1 at most, for black images with noise
ROUNDING = 2.0  # pixel levels between whole numbers and the floats that were rounded to them
COLOURS = {1: "grey", 3: "RGB"}
WITH_ALPHA = {2: "grey with alpha", 4: "RGBA"}


@dataclasses.dataclass(frozen=True)
class ImageOutput:
    """The output of a generator that holds the images.

    Args:
        name: of the output; "" where there is one output.
        size: side of the square images, in pixels.
        channels: 1 to 4 as the output has them; of 2 and 4 the last is alpha.
        channels_first: whether the output is NCHW.
        whole_numbers: whether its values are integers, through which no gradient passes.
    """

    name: str
    size: int
    channels: int
    channels_first: bool = False
    whole_numbers: bool = False

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha: how opaque a pixel is."""
        return self.channels in WITH_ALPHA

    @property
    def colours(self) -> int:
        """Channels without alpha, 1 or 3."""
        return self.channels - self.has_alpha

    @property
    def words(self) -> str:
        """The layout in words, such as "NCHW, RGBA"."""
        return f"{'NCHW' if self.channels_first else 'NHWC'}, {(COLOURS | WITH_ALPHA)[self.channels]}"

    def raw(self, outputs: dict[str, tf.Tensor] | tf.Tensor) -> tf.Tensor:
        """The images among a generator's outputs: float32 `[N, S, S, channels]`, NHWC, in its own range."""
        images = tf.cast(dict(named_leaves(outputs))[self.name], tf.float32)
        return tf.transpose(images, (0, 2, 3, 1)) if self.channels_first else images

    def to_model_range(self, raw: np.ndarray | tf.Tensor, bounds: tuple[float, ...]) -> np.ndarray | tf.Tensor:
        """float32 `[N, S, S, colours]` in [-1, 1]; transparent pixels are laid on white.

        Args:
            raw: what `raw` returned, a tensor or an ndarray.
            bounds: (lowest, highest) value of the range.
        """
        low, high = bounds
        images = (raw - low) * np.float32(2 / (high - low)) - 1
        if not self.has_alpha:
            return images
        opaque = tf.clip_by_value((images[..., -1:] + 1) / 2, 0.0, 1.0)
        return images[..., :-1] * opaque + 1 - opaque


def find_image_output(outputs: dict[str, list[tf.Tensor] | tf.Tensor] | tf.Tensor) -> tuple[ImageOutput | None, str]:
    """Finds the images among the outputs of one call.

    Args:
        outputs: tensors in dicts, lists and tuples.

    Returns:
        (`ImageOutput` or None, why there is none). An output with "image" in its name comes first, then one without
        alpha, then the largest; NHWC where both layouts are possible. Where it holds integers, through which no
        gradient passes, and another output holds the same images as floats, that one is returned.
    """
    candidates, why = [], ""
    for name, output in named_leaves(outputs):
        if not hasattr(output, "dtype") or len(output.shape) != 4:
            continue
        if not (output.dtype.is_floating or output.dtype == tf.uint8):
            continue
        _, first, second, last = output.shape
        is_named = bool(IMAGE_WORDS & set(re.findall("[a-z]+", name.lower())))
        if first == second and last in COLOURS | WITH_ALPHA:
            image = ImageOutput(name, first, last, False, output.dtype.is_integer)
        elif second == last and first in COLOURS | WITH_ALPHA:
            image = ImageOutput(name, last, first, True, output.dtype.is_integer)
        else:
            why = why or _refusal(name, output.shape)
            continue
        candidates.append((is_named, not image.has_alpha, image.size, name, image))
    if not candidates:
        return None, why
    ordered = [image for *_, image in sorted(candidates, key=lambda candidate: candidate[:4], reverse=True)]
    floats = (image for image in ordered if ordered[0].whole_numbers and _same_images(ordered[0], image, outputs))
    return next(floats, ordered[0]), ""


def _same_images(whole: ImageOutput, other: ImageOutput, outputs: dict[str, tf.Tensor] | tf.Tensor) -> bool:
    """Whether another output holds the images of a uint8 output as floats, in any of the pixel ranges."""
    if other.whole_numbers or (other.size, other.channels) != (whole.size, whole.channels):
        return False
    levels, floats = whole.raw(outputs).numpy(), other.raw(outputs).numpy()
    scaled = ((floats + 1) * 127.5, floats * 255, floats)
    return any(np.abs(candidate.clip(0, 255) - levels).max() <= ROUNDING for candidate in scaled)


def _refusal(name: str, shape: tf.TensorShape) -> str:
    """Why an output of rank 4 is refused: not square, or of too many channels."""
    _, first, second, last = shape
    label = f"The output {name!r}" if name else "The only output"
    if last in COLOURS | WITH_ALPHA:
        return f"{label} makes images of {second} x {first} pixels, and only square ones can be used."
    if first in COLOURS | WITH_ALPHA:
        return f"{label} makes images of {last} x {second} pixels, and only square ones can be used."
    return f"{label} has the shape {tuple(shape)}: no axis of it holds 1 to 4 channels."


def share_below_zero(samples: np.ndarray) -> float:
    """The share of negative samples in the sum of all absolute values, 0 to 1: about a half where they lie around 0.

    Args:
        samples: float ndarray.
    """
    below, total = -samples.clip(max=0).sum(dtype=np.float64), np.abs(samples).sum(dtype=np.float64)
    return float(below / total) if 0 < total < np.inf else 0.0


def pixel_range(low: float, high: float, below: float = 0.0) -> tuple[float, ...] | None:
    """The range that samples come from: (-1.0, 1.0), (0.0, 1.0) or (0.0, 255.0); None where none fits.

    Args:
        low: the samples' least value.
        high: their greatest value.
        below: what `share_below_zero` returned. It distinguishes images of low contrast around 0, the grey of [-1, 1],
            from those of [0, 1], which the extremes can't.

    Example:
        >>> pixel_range(0.02, 0.97), pixel_range(-0.99, 1.03), pixel_range(0.0, 251.0), pixel_range(-0.1, 0.1, 0.5)
        ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-1.0, 1.0))
    """
    if not np.isfinite([low, high]).all() or low < -64:
        return None
    if high > ABOVE_ONE:
        return (0.0, 255.0)
    if low < -ABOVE_ONE:
        return None
    return (-1.0, 1.0) if low < BELOW_ZERO or below > MUCH_BELOW else (0.0, 1.0)


def contradicts(bounds: tuple[float, ...], low: float, high: float) -> bool:
    """Whether samples from `low` to `high` can't come from a generator of the range `bounds` (bool).

    They may leave it somewhat, as an unclipped network does, and need not fill it.

    Example:
        >>> contradicts((0.0, 255.0), 0.0, 1.0), contradicts((-1.0, 1.0), 0.1, 0.9)
        (True, False)
    """
    least, most = bounds
    room = most - least
    outside = not np.isfinite([low, high]).all() or low < least - 1.5 * room or high > most + 1.5 * room
    negative = least == 0 and low < BELOW_ZERO * room
    return bool(outside or negative or (most > ABOVE_ONE >= high))

"""The pictures among what a generator of others returns: which output they are, their layout, and their pixel range."""

import dataclasses
import re

import numpy as np
import tensorflow as tf

from keras_transfer_gen.transfer.generator_inputs import named_leaves

PICTURE_WORDS = {"image", "images", "picture", "pictures"}
BELOW_ZERO, ABOVE_ONE = -0.2, 4.0  # an unclipped network leaves its range by some tenths, never by whole units
COLOURS = {1: "grey", 3: "RGB"}
WITH_ALPHA = {2: "grey with alpha", 4: "RGBA"}


@dataclasses.dataclass(frozen=True)
class Picture:
    """The output with the pictures.

    Args:
        name: of the output; "" for an only one.
        size: side of the square pictures, in pixels.
        channels: 1 to 4 as the output has them; of 2 and 4 the last is alpha.
        channels_first: whether the output is NCHW.
        whole_numbers: whether its values are, through which no gradient passes.
    """

    name: str
    size: int
    channels: int
    channels_first: bool = False
    whole_numbers: bool = False

    @property
    def has_alpha(self):
        """Whether the last channel says how opaque a pixel is."""
        return self.channels in WITH_ALPHA

    @property
    def colours(self):
        """Channels without alpha, 1 or 3."""
        return self.channels - self.has_alpha

    @property
    def words(self):
        """The layout in words, such as "NCHW, RGBA"."""
        return f"{'NCHW' if self.channels_first else 'NHWC'}, {(COLOURS | WITH_ALPHA)[self.channels]}"

    def raw(self, outputs):
        """float32 `[N, S, S, channels]`, NHWC, in the generator's own range, of all that it returned."""
        images = tf.cast(dict(named_leaves(outputs))[self.name], tf.float32)
        return tf.transpose(images, (0, 2, 3, 1)) if self.channels_first else images

    def to_model_range(self, raw, bounds):
        """float32 `[N, S, S, colours]` in [-1, 1]; what is transparent is laid on white.

        Args:
            raw: what `raw` gave, a tensor or an ndarray.
            bounds: (lowest, highest) value of the range.
        """
        low, high = bounds
        images = (raw - low) * np.float32(2 / (high - low)) - 1
        if not self.has_alpha:
            return images
        opaque = tf.clip_by_value((images[..., -1:] + 1) / 2, 0.0, 1.0)
        return images[..., :-1] * opaque + 1 - opaque


def find_picture(outputs):
    """Finds the pictures among the outputs of one call.

    Args:
        outputs: tensors in dicts, lists and tuples.

    Returns:
        (`Picture` or None, why there is none). Taken is an output that is called a picture, then one without alpha,
        then the largest; NHWC where both layouts could be meant.
    """
    found, why = [], ""
    for name, output in named_leaves(outputs):
        if not hasattr(output, "dtype") or len(output.shape) != 4:
            continue
        if not (output.dtype.is_floating or output.dtype == tf.uint8):
            continue
        _, first, second, last = output.shape
        called = bool(PICTURE_WORDS & set(re.findall("[a-z]+", name.lower())))
        if first == second and last in COLOURS | WITH_ALPHA:
            picture = Picture(name, first, last, False, output.dtype.is_integer)
        elif second == last and first in COLOURS | WITH_ALPHA:
            picture = Picture(name, last, first, True, output.dtype.is_integer)
        else:
            why = why or _refusal(name, output.shape)
            continue
        found.append((called, not picture.has_alpha, picture.size, name, picture))
    return (max(found, key=lambda one: one[:4])[4], "") if found else (None, why)


def _refusal(name, shape):
    """Why an output of rank 4 is refused: not square, or of too many channels."""
    _, first, second, last = shape
    label = f"The output {name!r}" if name else "The only output"
    if last in COLOURS | WITH_ALPHA:
        return f"{label} makes pictures of {second} x {first} pixels, and only square ones can be used."
    if first in COLOURS | WITH_ALPHA:
        return f"{label} makes pictures of {last} x {second} pixels, and only square ones can be used."
    return f"{label} has the shape {tuple(shape)}: no axis of it holds 1 to 4 channels."


def pixel_range(low, high):
    """The range that samples come from: (-1.0, 1.0), (0.0, 1.0) or (0.0, 255.0); None where none fits.

    Args:
        low: the samples' least value.
        high: their greatest value.

    Example:
        >>> pixel_range(0.02, 0.97), pixel_range(-0.99, 1.03), pixel_range(0.0, 251.0)
        ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
    """
    if not np.isfinite([low, high]).all() or low < -64:
        return None
    if high > ABOVE_ONE:
        return (0.0, 255.0)
    if low < -ABOVE_ONE:
        return None
    return (-1.0, 1.0) if low < BELOW_ZERO else (0.0, 1.0)


def contradicts(bounds, low, high):
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

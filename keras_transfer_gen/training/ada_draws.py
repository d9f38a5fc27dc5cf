"""What ADA changes in each image: random amounts of every transformation, neutral where it is not carried out."""

from __future__ import annotations

import math

import tensorflow as tf

# Each transformation's place is part of its seed: new ones go to the end, and earlier runs continue as they were.
BLIT = ("flip", "turns", "shift")
GEOMETRIC = ("scale", "rotation_before", "aspect", "rotation_after", "fraction")
COLOR = ("brightness", "contrast", "luma_flip", "hue", "saturation")
GROUPS = {"b": BLIT, "g": GEOMETRIC, "c": COLOR}
NAMES = (*BLIT, *GEOMETRIC, *COLOR)
PAIRS = ("shift", "fraction")  # these have an amount for x and one for y

SHIFT = 0.125  # largest whole-pixel shift, and deviation of the fractional one, as a share of the side
SCALE_DEVIATION = 0.2  # of the binary logarithm of both scalings, and of the brightness, in units of [-1, 1]
CONTRAST_DEVIATION, SATURATION_DEVIATION = 0.5, 1.0  # of the factors' binary logarithms


def draw_amounts(
    batch: int | tf.Tensor, probability: tf.Tensor, seed: int | tf.Tensor, groups: str = "bgc"
) -> dict[str, tf.Tensor]:
    """Random amounts of the transformations of some groups, drawn for each image.

    Each transformation is carried out with the given probability. A rotation before and one after the change of
    aspect have a lower one each, so that an image is rotated at all with that probability.

    Args:
        batch: number of images.
        probability: float32 scalar in [0, 1].
        seed: int32 `[2]`.
        groups: letters of `GROUPS`; the others' amounts are neutral.

    Returns:
        dict of the names of `NAMES` -> float32 `[batch]`, or `[batch, 2]` (x, y) of "shift" and "fraction":
        "flip" and "luma_flip" are 0 or 1; "turns" is 0 to 3 quarter turns; "shift" and "fraction" are shares of the
        side; rotations and "hue" are angles in radians; "scale", "aspect", "contrast" and "saturation" are factors;
        "brightness" is added.
    """
    on_seed, uniform_seed, normal_seed = tf.unstack(tf.random.split(seed, 3))
    # One row for each number that is drawn, two of a pair. Rows at the end change none before them.
    turns = tf.random.stateless_uniform((len(NAMES), batch), on_seed)
    uniform = tf.random.stateless_uniform((len(NAMES) + len(PAIRS), batch), uniform_seed)
    normal = tf.random.stateless_normal((len(NAMES) + len(PAIRS), batch), normal_seed)
    rotation = 1.0 - tf.sqrt(1.0 - tf.minimum(probability, 1.0))
    amounts = neutral_amounts(batch)
    for group in groups:
        for name in GROUPS[group]:
            row = NAMES.index(name)
            on = turns[row] < (rotation if name.startswith("rotation") else probability)
            value = amount_of(name, _numbers(uniform, name), _numbers(normal, name))
            amounts[name] = tf.where(on[:, None] if name in PAIRS else on, value, amounts[name])
    return amounts


def neutral_amounts(batch: int | tf.Tensor) -> dict[str, tf.Tensor]:
    """The amounts of `draw_amounts` that change nothing."""
    factors = ("scale", "aspect", "contrast", "saturation")
    return {name: tf.fill((batch, 2) if name in PAIRS else (batch,), 1.0 if name in factors else 0.0) for name in NAMES}


def amount_of(name: str, uniform: tf.Tensor, normal: tf.Tensor) -> tf.Tensor:
    """The amount of a transformation that random numbers stand for.

    Args:
        name: one of `NAMES`.
        uniform: float32 `[batch]` or `[batch, 2]` in [0, 1).
        normal: standard normal float32 of the same shape. Each transformation takes one of the two.
    """
    return {
        "flip": lambda: tf.floor(uniform * 2.0),
        "turns": lambda: tf.floor(uniform * 4.0),
        "shift": lambda: (2.0 * uniform - 1.0) * SHIFT,
        "scale": lambda: tf.pow(2.0, normal * SCALE_DEVIATION),
        "rotation_before": lambda: (2.0 * uniform - 1.0) * math.pi,
        "aspect": lambda: tf.pow(2.0, normal * SCALE_DEVIATION),
        "rotation_after": lambda: (2.0 * uniform - 1.0) * math.pi,
        "fraction": lambda: normal * SHIFT,
        "brightness": lambda: normal * SCALE_DEVIATION,
        "contrast": lambda: tf.pow(2.0, normal * CONTRAST_DEVIATION),
        "luma_flip": lambda: tf.floor(uniform * 2.0),
        "hue": lambda: (2.0 * uniform - 1.0) * math.pi,
        "saturation": lambda: tf.pow(2.0, normal * SATURATION_DEVIATION),
    }[name]()


def _numbers(rows: tf.Tensor, name: str) -> tf.Tensor:
    """The drawn numbers of a transformation: `[batch]`, or `[batch, 2]` of a pair."""
    row = NAMES.index(name)
    if name not in PAIRS:
        return rows[row]
    return tf.stack([rows[row], rows[len(NAMES) + PAIRS.index(name)]], axis=1)

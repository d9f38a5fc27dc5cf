"""What `generate` of every model asks of its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.specs import check_truncation

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.specs import ModelSpec


def check_generate(
    num: int, seed: int | tf.Tensor, start: int, truncation: float | None, spec: ModelSpec
) -> tuple[range, int, float]:
    """The arguments of `generate` as they are used.

    Args:
        num: how many images.
        seed: non-negative integer.
        start: number of the first image.
        truncation: factor on the latents in (0, 1], or None for the spec's own.
        spec: the model's `ModelSpec`.

    Returns:
        (range of the images' numbers, seed as int, truncation as float).

    Raises:
        UserError: for a count below 1, a negative seed or start, or a truncation outside (0, 1].
    """
    num = checks.check_integer("num", num, next_step="Ask for at least one image with num= or --num.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with seed= or --seed.")
    start = checks.check_integer("start", start, least=0)
    truncation = check_truncation(spec.truncation if truncation is None else truncation)
    return range(start, start + num), seed, truncation

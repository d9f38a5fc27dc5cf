"""NumPy's random numbers as TensorFlow operators, bit for bit, so that an exported graph draws what NumPy draws.

`ktg generate` draws image i by `numpy.random.default_rng((seed, i))`. A graph that must give the same images computes
the same three steps: the seed sequence, the PCG64 generator, and the ziggurat method for normal numbers. All of it is
in unsigned integers, so that it is exact on every processor.

Reference:
    O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation,
    2014. Marsaglia and Tsang, The Ziggurat Method for Generating Random Variables, 2000.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import tensorflow as tf

LOW = 0xFFFFFFFF  # the lowest 32 bits
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = 0xCA01F9DD, 0x4973F715
_POOL = 4  # words of 32 bits in the pool of a seed sequence
_PCG_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_EDGE = 3.6541528853610088  # where the ziggurat's tail begins
_LEVELS = 256
_MANTISSA = 2**23  # of float32
_TAIL_TRIES = 16  # pairs of numbers that a draw from the tail may need; more have a probability below 1e-20


def standard_normals(entropy: list[tf.Tensor], count: int) -> tf.Tensor:
    """What `np.random.default_rng(words).standard_normal(count, np.float32)` gives for each row of words.

    Args:
        entropy: list of at most four tensors `[N]` or numbers, integers from 0 to 2**32 - 1: the words of the seeds.
        count: how many numbers each seed gives.

    Returns:
        float32 `[N, count]`.

    Example:
        >>> drawn = standard_normals([tf.constant([7]), 1], 3)
        >>> bool((drawn[0] == np.random.default_rng((7, 1)).standard_normal(3, np.float32)).numpy().all())
        True
    """
    # One word in 80 is refused. The spare words are some 15 standard deviations more than are needed.
    words = random_words(entropy, count + count // 8 + 64)
    values, lengths = _ziggurat(words)
    return _follow(values, lengths, count)


def bounded_integers(entropy: list[int | tf.Tensor], bound: int) -> tf.Tensor:
    """What `np.random.default_rng(words).integers(bound)` gives for each row of words.

    Args:
        entropy: as in `standard_normals`.
        bound: from 1 to 2**32 - 1; the numbers are from 0 to `bound` - 1.

    Returns:
        int32 `[N]`.
    """
    words = random_words(entropy, 16)  # each is refused with a probability below bound / 2**32
    products = words * _u64(bound)
    accepted = (products & _u64(LOW)) >= _u64((2**32 - bound) % bound)
    first = tf.argmax(tf.cast(accepted, tf.int32), axis=1)
    chosen = tf.gather(products, first, batch_dims=1)
    # With one class NumPy draws nothing; the product is then below 2**32 and gives 0 as well.
    return tf.cast(tf.bitwise.right_shift(chosen, _u64(32)), tf.int32)


def random_words(entropy: list[int | tf.Tensor], count: int) -> tf.Tensor:
    """The first words of 32 bits that PCG64 gives for each row of seed words.

    Args:
        entropy: as in `standard_normals`.
        count: how many words.

    Returns:
        uint64 `[N, count]`, each below 2**32.
    """
    state = _seed_state([_u64(word) for word in entropy])
    begin = [state[:, word] for word in (2, 3, 0, 1)]  # NumPy puts the high half first, and in each the low word
    sequence = [state[:, word] for word in (6, 7, 4, 5)]
    increment = [_low(_left(sequence[0], 1) | _u64(1))]
    for below, word in zip(sequence, sequence[1:], strict=False):
        increment.append(_low(_left(word, 1) | _right(below, 31)))
    start = _carried([a + b for a, b in zip(begin, increment, strict=True)])
    steps = (count + 1) // 2  # of 64 bits each
    # state after a step = factor * start + other factor * increment: both products at once, on the first axis
    pairs = [tf.stack(pair)[:, :, None] for pair in zip(start, increment, strict=True)]
    states = _carried([limb[0] + limb[1] for limb in _product(_jump_limbs(steps), pairs)])
    high = _left(states[3], 32) | states[2]
    low = _left(states[1], 32) | states[0]
    mixed, turn = high ^ low, _right(high, 58)
    back = tf.bitwise.bitwise_and(_u64(64) - turn, _u64(63))
    mixed = tf.bitwise.right_shift(mixed, turn) | tf.bitwise.left_shift(mixed, back)
    halves = tf.stack([_low(mixed), _right(mixed, 32)], axis=-1)
    return tf.reshape(halves, (-1, 2 * steps))[:, :count]


def _u64(value: int | tf.Tensor) -> tf.Tensor:
    return tf.cast(value, tf.uint64) if tf.is_tensor(value) else tf.constant(value, tf.uint64)


def _left(x: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.left_shift(x, _u64(bits))


def _right(x: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.right_shift(x, _u64(bits))


def _low(x: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.bitwise_and(x, _u64(LOW))


def _folded(x: tf.Tensor) -> tf.Tensor:
    return x ^ _right(x, 16)


def _constants(begin: int, multiplier: int, count: int) -> np.ndarray:
    """`count` + 1 constants of a seed sequence: each hash of a word uses two that follow each other."""
    constants = [begin]
    for _ in range(count):
        constants.append(constants[-1] * multiplier & LOW)
    return np.array(constants, np.uint64)


def _hashed(words: Any, constants: np.ndarray) -> tf.Tensor:
    """Hashes of words, uint64 `[N, k]`, by k + 1 constants."""
    return _folded(_low((words ^ constants[:-1]) * constants[1:]))


def _seed_state(words: Any) -> tf.Tensor:
    """Eight words of 32 bits, uint64 `[N, 8]`, from at most four: NumPy's `SeedSequence`."""
    constants = _constants(_INIT_A, _MULT_A, _POOL**2)
    rows = tf.zeros_like(next(word for word in words if word.shape.rank == 1))
    pool = tf.stack([word + rows for word in [*words, *[_u64(0)] * (_POOL - len(words))]], axis=1)
    pool = _hashed(pool, constants[: _POOL + 1])
    for source in range(_POOL):
        first = _POOL + source * (_POOL - 1)
        own = pool[:, source : source + 1]
        others = tf.concat([pool[:, :source], pool[:, source + 1 :]], axis=1)
        hashed = _hashed(own, constants[first : first + _POOL])
        others = _folded(_low(others * _u64(_MIX_LEFT) - hashed * _u64(_MIX_RIGHT)))
        pool = tf.concat([others[:, :source], own, others[:, source:]], axis=1)
    return _hashed(tf.concat([pool, pool], axis=1), _constants(_INIT_B, _MULT_B, 2 * _POOL))


@functools.lru_cache(maxsize=8)
def _jump_limbs(steps: int) -> list[np.ndarray]:
    """Factors of start and of increment after 2, 3, ... steps of the generator.

    Two steps come before the first number: one in seeding, one in drawing.

    Returns:
        list of the four limbs, low first, each uint64 `[2, 1, steps]`.
    """
    power, total, factors = 1, 0, []
    for step in range(steps + 2):
        if step >= 2:
            factors.append((power, total))
        total = (total + power) % 2**128
        power = power * _PCG_MULTIPLIER % 2**128
    limbs = [[[value >> 32 * limb & LOW for value in pair] for pair in factors] for limb in range(4)]
    return [np.array(limb, np.uint64).T[:, None, :] for limb in limbs]


def _product(left: list[np.ndarray], right: list[tf.Tensor]) -> list[tf.Tensor]:
    """Products modulo 2**128, limbs of 32 bits, low first; the sums of a limb are not carried yet."""
    sums = [_u64(0)] * 4
    for i, a in enumerate(left):
        for j, b in enumerate(right[: 4 - i]):
            product = a * b
            sums[i + j] = sums[i + j] + _low(product)
            if i + j < 3:
                sums[i + j + 1] = sums[i + j + 1] + _right(product, 32)
    return sums


def _carried(sums: list[tf.Tensor]) -> list[tf.Tensor]:
    """Limbs below 2**32 of sums that are larger; what is above 2**128 is dropped."""
    limbs, carry = [], _u64(0)
    for limb in sums:
        limb = limb + carry
        limbs.append(_low(limb))
        carry = _right(limb, 32)
    return limbs


@functools.lru_cache(maxsize=1)
def ziggurat_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(widths float32, limits uint64, heights float32), `[256]` each, of the ziggurat under exp(-x**2 / 2)."""
    area = _EDGE * math.exp(-0.5 * _EDGE**2) + math.sqrt(math.pi / 2) * math.erfc(_EDGE / math.sqrt(2))
    base = area / math.exp(-0.5 * _EDGE**2)
    x = [0.0] * _LEVELS
    x[-1] = _EDGE
    for level in range(_LEVELS - 2, 0, -1):
        x[level] = math.sqrt(-2 * math.log(area / x[level + 1] + math.exp(-0.5 * x[level + 1] ** 2)))
    widths = np.array([base, *x[1:]]) / _MANTISSA
    limits = [_EDGE / base * _MANTISSA, *(below / at * _MANTISSA for below, at in zip(x, x[1:], strict=False))]
    heights = np.exp(-0.5 * np.square(x))
    return widths.astype(np.float32), np.rint(limits).astype(np.uint64), heights.astype(np.float32)


def _uniforms(words: Any) -> tf.Tensor:
    """Words -> float32 in [0, 1), in steps of 2**-24."""
    return tf.cast(_right(words, 8), tf.float32) * np.float32(2.0**-24)


def _shifted(x: tf.Tensor, places: int, fill: int) -> tf.Tensor:
    """Row values `places` further on; `fill` where there are none."""
    return tf.concat([x[:, places:], tf.fill(tf.stack([tf.shape(x)[0], places]), tf.cast(fill, x.dtype))], axis=1)


def _ziggurat(words: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """What a draw that begins at each word gives, and how many words it takes.

    Args:
        words: uint64 `[N, M]`.

    Returns:
        (values, lengths): float32 `[N, M]`, NaN where the draw is refused and the next one begins after it; int32
        `[N, M]`.
    """
    widths, limits, heights = ziggurat_tables()
    level = tf.cast(tf.bitwise.bitwise_and(words, _u64(_LEVELS - 1)), tf.int32)
    is_negative = tf.cast(tf.bitwise.bitwise_and(_right(words, 8), _u64(1)), tf.bool)
    mantissa = tf.bitwise.bitwise_and(_right(words, 9), _u64(_MANTISSA - 1))
    x = tf.cast(mantissa, tf.float32) * tf.gather(widths, level)
    x = tf.where(is_negative, -x, x)
    is_inside = mantissa < tf.gather(limits, level)

    uniform = _uniforms(words)
    height, above = tf.gather(heights, level), tf.gather(heights, tf.maximum(level - 1, 0))
    chance = (above - height) * _shifted(uniform, 1, 0) + height
    is_below = tf.cast(chance, tf.float64) < tf.exp(-0.5 * tf.square(tf.cast(x, tf.float64)))

    tail, tries = _tail(uniform)
    is_tail_negative = tf.cast(tf.bitwise.bitwise_and(_right(mantissa, 8), _u64(1)), tf.bool)
    tail = tf.where(is_tail_negative, -(np.float32(_EDGE) + tail), np.float32(_EDGE) + tail)

    in_tail = level == 0
    refused = tf.constant(np.nan, tf.float32)
    values = tf.where(is_inside, x, tf.where(in_tail, tail, tf.where(is_below, x, refused)))
    return values, tf.where(is_inside, 1, tf.where(in_tail, 1 + 2 * tries, 2))


def _tail(uniform: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(distance beyond the edge, pairs that it takes) of a draw from the tail that begins at each word."""
    distance = -np.float32(1 / _EDGE) * tf.math.log1p(-_shifted(uniform, 1, 0))
    other = -tf.math.log1p(-_shifted(uniform, 2, 0))
    accepted, tries = other + other > tf.square(distance), tf.ones_like(distance, tf.int32)
    span = 1
    while span < _TAIL_TRIES:  # doubles the number of pairs that are looked at
        tries = tf.where(accepted, tries, span + _shifted(tries, 2 * span, 0))
        distance = tf.where(accepted, distance, _shifted(distance, 2 * span, 0))
        accepted = accepted | _shifted(accepted, 2 * span, False)
        span *= 2
    return distance, tries


def _follow(values: tf.Tensor, lengths: tf.Tensor, count: int) -> tf.Tensor:
    """The first `count` values of the draws that follow each other from the first word on."""
    size = values.shape[1]
    jump = tf.minimum(tf.range(size) + lengths, size - 1)
    visited = tf.zeros((tf.shape(values)[0], 1), tf.int32)
    for _ in range(math.ceil(math.log2(size))):  # doubles the number of draws that are known
        visited = tf.concat([visited, tf.gather(jump, visited, batch_dims=1)], axis=1)
        jump = tf.gather(jump, jump, batch_dims=1)
    drawn = tf.gather(values, visited, batch_dims=1)
    order = tf.range(tf.shape(drawn)[1])
    accepted = tf.sort(tf.where(tf.math.is_nan(drawn), tf.shape(drawn)[1], order), axis=1)[:, :count]
    return tf.gather(drawn, accepted, batch_dims=1)

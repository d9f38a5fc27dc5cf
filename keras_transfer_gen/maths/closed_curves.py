"""Smooth closed curves through given points."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks


def closed_curve(points: np.ndarray, frames: int) -> np.ndarray:
    """Points on a smooth closed curve: a periodic cubic spline through the given ones, back to the first.

    Args:
        points: float `[N, ...]`, N at least 2.
        frames: points from one given point to the next.

    Returns:
        float32 `[N * frames, ...]`; number `n * frames` is given point n. The first follows the last.

    Raises:
        UserError: where there are fewer than two points.

    Example:
        >>> closed_curve(np.float32([[0], [1]]), 2)[:, 0].tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    points = np.asarray(points, np.float64)
    if len(points) < 2:
        raise checks.user_error("points", "at least 2", len(points), "A walk needs two different seeds.")
    flat = points.reshape(len(points), -1)
    before, after = np.roll(flat, 1, axis=0), np.roll(flat, -1, axis=0)
    # Second derivatives m of a spline: m[i-1] + 4 m[i] + m[i+1] = 6 (p[i-1] - 2 p[i] + p[i+1])
    number = np.arange(len(flat))
    system = 4.0 * np.eye(len(flat))
    np.add.at(system, (number, (number + 1) % len(flat)), 1.0)
    np.add.at(system, (number, (number - 1) % len(flat)), 1.0)
    bends = np.linalg.solve(system, 6.0 * (before - 2.0 * flat + after))
    t = np.arange(frames)[None, :, None] / frames
    start, end = flat[:, None], after[:, None]
    bend, next_bend = bends[:, None], np.roll(bends, -1, axis=0)[:, None]
    curve = (1 - t) * start + t * end + (((1 - t) ** 3 - (1 - t)) * bend + (t**3 - t) * next_bend) / 6.0
    return curve.reshape(len(flat) * frames, *points.shape[1:]).astype(np.float32)

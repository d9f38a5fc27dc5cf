"""Tokens drawn one position after the other from a network's log-odds: each a function of one uniform number."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks

SAMPLING_BATCH = 32  # always the same: the rounding of an image must not depend on how many others there are
DISTRIBUTION = "uniform"  # of the latents that tokens are drawn by, one for each position


def uniforms_of(latents: tf.Tensor) -> tf.Tensor:
    """Latents of the distribution "uniform", in [-1, 1], -> the uniform numbers in [0, 1] that tokens are drawn by."""
    return (latents + 1.0) / 2.0


def check_kept(known: Any, keep: Any, num: int, grid: tuple[int, int], num_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of which some are kept while the others are drawn, and where.

    Args:
        known: int `[num, rows, columns]`, or None where `keep` is; further rows, of later levels, are left out.
        keep: bool of the same shape or `[rows, columns]`, or None.
        num: grids to draw.
        grid: (rows, columns).
        num_codes: tokens are below this.

    Returns:
        (int32, bool), each `[num, rows * columns]`.

    Raises:
        UserError: for one of the two alone, and for other shapes or numbers.

    Example:
        >>> check_kept(None, None, 1, (1, 2), 8)[1].tolist()
        [[False, False]]
    """
    rows, columns = grid
    if known is None and keep is None:
        return np.zeros((num, rows * columns), np.int32), np.zeros((num, rows * columns), bool)
    if known is None or keep is None:
        name, words = ("known", "the tokens") if known is None else ("keep", "where tokens stay")
        raise checks.user_error(name, f"{words}, as known= and keep= belong together", None)
    known, keep = np.asarray(known), np.asarray(keep)
    shape = (num, rows, columns)
    if known.ndim != 3 or known[:, :rows].shape != shape or known.dtype.kind not in "iu":
        received = f"{known.dtype.name} {known.shape}"
        raise checks.user_error("known", f"integers {list(shape)}", received, "vq.encode(images) makes them.")
    known = known[:, :rows]
    if known.min() < 0 or known.max() >= num_codes:
        received = f"numbers from {known.min()} to {known.max()}"
        raise checks.user_error("known", f"numbers from 0 to {num_codes - 1}", received)
    if keep.shape not in (shape, (1, *grid), grid) or keep.dtype != bool:
        expected = f"bool {list(grid)} or {list(shape)}"
        raise checks.user_error("keep", expected, f"{keep.dtype.name} {keep.shape}")
    known, keep = known.reshape(num, -1).astype(np.int32), np.broadcast_to(keep, shape).reshape(num, -1)
    return known, keep


def choose_tokens(logits: tf.Tensor, uniforms: tf.Tensor, temperature: float = 1.0, top_k: int = 0) -> tf.Tensor:
    """The tokens at which the cumulative probability passes a uniform number.

    Args:
        logits: float32 `[batch, num_codes]`.
        uniforms: float32 `[batch]` in [0, 1).
        temperature: divides the logits; less is safer and less varied.
        top_k: only the k most likely tokens are drawn; 0, and a number above that of all, allows all.

    Returns:
        int32 `[batch]`.

    Example:
        >>> choose_tokens(tf.math.log([[0.5, 0.25, 0.25]]), tf.constant([0.6])).numpy().tolist()
        [1]
    """
    if 0 < top_k < logits.shape[-1]:
        least = tf.math.top_k(logits, top_k).values[:, -1:]
        logits = tf.where(logits < least, logits.dtype.min, logits)
    bounds = tf.cumsum(tf.nn.softmax(logits / temperature), axis=1)
    # Sums of float32 end a little beside 1; a number beyond the last bound means the last token that has a chance.
    number = tf.minimum(uniforms[:, None], bounds[:, -1:] * (1.0 - 1e-6))
    return tf.reduce_sum(tf.cast(bounds <= number, tf.int32), axis=1)


def guided(logits: tf.Tensor, free_logits: tf.Tensor, guidance: float) -> tf.Tensor:
    """Classifier-free guidance: `free + guidance (logits - free)`; 1 gives the logits as they are.

    Reference:
        Ho and Salimans, Classifier-Free Diffusion Guidance, 2022 (arXiv:2207.12598).
    """
    return free_logits + guidance * (logits - free_logits)


def draw_tokens(
    network: Any,
    uniforms: tf.Tensor,
    labels: tf.Tensor,
    known: tf.Tensor | None = None,
    keep: tf.Tensor | None = None,
    temperature: float = 1.0,
    top_k: int = 0,
    guidance: float = 1.0,
) -> tf.Tensor:
    """Whole grids of tokens, position after position.

    Args:
        network: with `step`, `empty_caches`, `num_codes` and `num_classes` as `TokenTransformer` has them.
        uniforms: float32 `[batch, positions]` in [0, 1).
        labels: int32 `[batch]`; `num_classes` means "no class".
        known: int32 `[batch, positions]`, tokens to keep, or None.
        keep: bool `[batch, positions]`, where they are kept, or None.
        temperature: see `choose_tokens`.
        top_k: see `choose_tokens`.
        guidance: Python float, see `guided`; other values than 1 double the computation where there are classes.

    Returns:
        int32 `[batch, positions]`.
    """
    batch, positions = tf.shape(uniforms)[0], uniforms.shape[1]
    rows, guides = batch, guidance != 1.0 and network.num_classes > 0
    if guides:
        labels, rows = tf.concat([labels, tf.fill((batch,), network.num_classes)], 0), 2 * batch
    state = (tf.constant(0), tf.zeros((batch, positions), tf.int32), network.empty_caches(rows))
    here = tf.range(positions)

    def one_position(
        position: int | tf.Tensor, tokens: tf.Tensor, caches: list[Any]
    ) -> tuple[tf.Tensor, tf.Tensor, list[Any]]:
        before = tf.gather(tokens, tf.maximum(position - 1, 0), axis=1)
        doubled = tf.concat([before, before], 0) if guides else before
        logits, caches = network.step(doubled, labels, position, caches)
        if guides:
            own, free = tf.split(logits, 2)  # slices would lose a batch that is fixed
            logits = guided(own, free, guidance)
        chosen = choose_tokens(logits, tf.gather(uniforms, position, axis=1), temperature, top_k)
        if keep is not None:
            kept = tf.gather(keep, position, axis=1)
            chosen = tf.where(kept, tf.gather(known, position, axis=1), chosen)
        # No TensorArray: TFLite has no builtin operator for it where the batch is not fixed.
        return position + 1, tf.where(here == position, chosen[:, None], tokens), caches

    def unfinished(position: int | tf.Tensor, *_: Any) -> tf.Tensor:
        return position < positions

    _, tokens, _ = tf.while_loop(unfinished, one_position, state, maximum_iterations=positions)
    return tokens

"""A filter that makes one picture follow another one's edges: the guided filter."""

import numpy as np
from scipy import ndimage

EPSILON = 0.01  # squared, of the guide's range 0..1: contrast below a tenth of it is taken for texture


def guided_filter(guide, values, radius, epsilon=EPSILON):
    """Values that are, in each window, as near to the given ones as a linear function of the guide's colours can be.

    Noise and misplaced edges of the values go, edges of the guide come in. A window as wide as the picture leaves one
    map of colours for the whole of it.

    Args:
        guide: `[N, H, W, C]`, numbers 0..255.
        values: `[N, H, W, K]`, numbers of the same scale.
        radius: of the windows, in pixels; they are 2 radius + 1 wide, mirrored at the frame.
        epsilon: ridge on the guide's colours, of a range of 0..1.

    Returns:
        float64 `[N, H, W, K]`.

    Example:
        >>> guide = np.tile(np.arange(0, 256, 8.0), (32, 1))[None, :, :, None]
        >>> bool(np.abs(guided_filter(guide, 2 * guide + 1, 8, 1e-9) - (2 * guide + 1)).max() < 1e-3)
        True

    Reference:
        He, Sun and Tang, Guided Image Filtering, 2013 (IEEE TPAMI 35), section 3.5: the form for colour guides.
    """
    guide, values = np.asarray(guide, np.float64) / 255.0, np.asarray(values, np.float64) / 255.0
    size = guide.shape[-1]
    mean, mean_values = _mean(guide, radius), _mean(values, radius)
    spread = _mean(guide[..., :, None] * guide[..., None, :], radius) - mean[..., :, None] * mean[..., None, :]
    shared = _mean(guide[..., :, None] * values[..., None, :], radius) - mean[..., :, None] * mean_values[..., None, :]
    slope = np.linalg.solve(spread + epsilon * np.eye(size), shared)  # [N, H, W, C, K]
    offset = mean_values - np.einsum("...c,...ck->...k", mean, slope)
    return 255.0 * (np.einsum("...c,...ck->...k", guide, _mean(slope, radius)) + _mean(offset, radius))


def _mean(values, radius):
    """Mean over each window of `[N, H, W, ...]`."""
    window = (1, 2 * radius + 1, 2 * radius + 1, *[1] * (values.ndim - 3))
    return ndimage.uniform_filter(values, window, mode="reflect")

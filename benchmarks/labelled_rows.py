"""A picture that compares sets of images: a labelled row of each."""

import numpy as np

from keras_transfer_gen import pixels
from keras_transfer_gen.recipes.report.sheets import labelled


def labelled_rows(rows):
    """uint8 `[H, W, 3]` of (label, uint8 images `[N, S, S, C]`) pairs, a row each, padded with white to one width."""
    strips = [labelled([(label, pixels.to_grid(images, len(images)))]) for label, images in rows]
    width = max(strip.shape[1] for strip in strips)
    return np.concatenate([
        np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255) for strip in strips
    ])  # fmt: skip


def evenly_chosen(images, count):
    """So many of some images, or all where there are fewer, at equal distances from the first to the last."""
    return images[np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)]

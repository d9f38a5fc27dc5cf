"""A sheet of what a discriminator sees of some images: each as it is read, and beside it with augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels, tables

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Images


ROWS, VERSIONS = 8, 5  # images on the sheet, and how many augmented versions stand beside each


def preview_sheet(images: Images, augment: str = "diffaugment", seed: int = 0) -> np.ndarray:
    """The sheet: one row an image, the first column without augmentation.

    Args:
        images: uint8 `[N, S, S, C]`, N at least 1; 8 of them are shown, evenly from the first to the last.
        augment: as the setting `augment` has it; "none" shows the images alone.
        seed: of the augmentation.

    Returns:
        uint8 `[H, W, C]`.

    Raises:
        UserError: for an unknown augmentation.
    """
    augmentation = tables.resolve("augment", augment, tables.AUGMENTS)
    numbers = np.linspace(0, len(images) - 1, min(len(images), ROWS)).round().astype(int)
    shown = np.asarray(images)[numbers]
    columns = [shown]
    if augmentation is not None:
        real = pixels.to_model_range(tf.constant(shown))
        for version in range(VERSIONS):
            changed = augmentation(real, seed=tf.constant([seed, version], tf.int32))
            columns.append(np.asarray(pixels.to_uint8(changed)))
    return pixels.to_grid(np.stack(columns, axis=1).reshape(-1, *shown.shape[1:]), columns=len(columns))

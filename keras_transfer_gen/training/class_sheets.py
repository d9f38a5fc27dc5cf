"""Contact sheets of a model: one row a class where it has classes, with the names beside the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_transfer_gen import pixels

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from keras_transfer_gen.specs import ModelSpec


MIN_COLUMNS = 4  # images of a class
MOST_ROWS = 24  # classes on a sheet; of more, so many are shown, evenly spread
GAP = 4  # pixels beside a name
MOST_WIDTH = 120  # pixels of a name


def draw_sheet(model: keras.Model, num: int, seed: int | tf.Tensor = 0) -> np.ndarray:
    """A contact sheet of the first images that a model generates; one row a class where it has classes.

    Args:
        model: anything with `spec` and `generate(num, seed=)`, with `label=` where it has classes.
        num: images on the sheet; rows of classes are filled up to whole ones of at least 4.
        seed: of the latents, the same ones in every row.

    Returns:
        uint8 `[H, W, C]`.
    """
    spec = model.spec
    if not spec.num_classes:
        return pixels.to_grid(model.generate(num, seed=seed))
    classes = shown_classes(spec.num_classes)
    columns = max(MIN_COLUMNS, -(-num // len(classes)))
    images = [model.generate(columns, seed=seed, label=int(number)) for number in classes]
    return name_rows(images, [spec.class_name(number) for number in classes])


def draw_class_rows(images: Any, labels: np.ndarray, spec: ModelSpec, columns: int) -> np.ndarray:
    """A contact sheet of images that are there: one row a class.

    Args:
        images: uint8 `[N, H, W, C]`.
        labels: integers `[N]`.
        spec: `ModelSpec` with the classes.
        columns: images of a class; the first ones are shown, and fewer where there are not so many.

    Returns:
        uint8 `[H, W, C]`.
    """
    images, classes = np.asarray(images), shown_classes(spec.num_classes)
    rows = [images[np.flatnonzero(labels == number)[:columns]] for number in classes]
    white = np.full((1, *images.shape[1:]), 255, np.uint8)
    filled = [np.concatenate([row, np.repeat(white, columns - len(row), axis=0)]) for row in rows]
    return name_rows(filled, [spec.class_name(number) for number in classes])


def shown_classes(num_classes: int) -> np.ndarray:
    """Numbers of the classes that a sheet shows (int array): all, or `MOST_ROWS` of them, evenly spread."""
    return np.unique(np.linspace(0, num_classes - 1, min(num_classes, MOST_ROWS)).round().astype(int))


def name_rows(rows: list[np.ndarray], names: list[str]) -> np.ndarray:
    """A sheet with a name to the left of each row.

    Args:
        rows: list of uint8 `[columns, H, W, C]`.
        names: list of str; what is too long is cut.

    Returns:
        uint8 `[rows * H, margin + columns * W, C]`.
    """
    sheet = pixels.to_grid(np.concatenate(rows), len(rows[0]))
    font, height = ImageFont.load_default(), rows[0].shape[1]
    margin = min(MOST_WIDTH, max(int(font.getlength(name)) for name in names)) + 2 * GAP
    canvas = Image.new("L", (margin, sheet.shape[0]), 255)
    for number, name in enumerate(names):
        cell = Image.new("L", (margin, height), 255)
        ImageDraw.Draw(cell).text((GAP, height // 2), name, fill=0, font=font, anchor="lm")
        canvas.paste(cell, (0, number * height))
    column = np.repeat(np.asarray(canvas)[..., None], sheet.shape[-1], axis=-1)
    return np.concatenate([column, sheet], axis=1)

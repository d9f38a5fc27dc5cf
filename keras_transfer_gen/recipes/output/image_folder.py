"""Writes images as numbered PNG files, a whole folder or nothing."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import files, pixels
from keras_transfer_gen.recipes.output.folder_checks import LABELS_FILE, MARK, check_folder, count_images, file_name
from keras_transfer_gen.recipes.output.sheet_file import add_mark
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.training.class_sheets import MIN_COLUMNS, draw_class_rows, shown_classes
from keras_transfer_gen.training.latents import numbered_classes

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.specs import ModelSpec


def generate_folder(
    model: Any,
    num: int,
    out: PathLike,
    seed: int = 0,
    truncation: float | None = None,
    reporter: Reporter = SILENT,
    label: int | str | None = None,
    sampling: dict[str, Any] | None = None,
) -> np.ndarray:
    """Generates images and writes them to `out/00000.png`, ...; image i depends on `seed` and i alone.

    Where the model has classes, `out/labels.csv` tells that of each image; `load_images(out, labels="labels.csv")`
    reads it.

    Args:
        model: `GAN` or anything with `generate(num, seed, truncation)`, and `label` where it takes classes.
        num: number of images.
        out: a new or empty folder, or one that an earlier call wrote, which is replaced whole.
        seed: non-negative integer.
        truncation: factor on the latents in (0, 1]; the model's own by default.
        reporter: `Reporter`; shows the progress and how many earlier images were replaced.
        label: class of all images, its name or number; None draws one for each where the model takes classes.
        sampling: of a `VQVAE`: its `temperature`, `top_k` and `guidance`, those that are not the prior's own.

    Returns:
        uint8 `[num, H, W, C]`, the images.

    Raises:
        UserError, UserFileError: where `out` holds other files, or an argument is out of range.
    """
    check_folder(out)
    added = {} if label is None else {"label": model.spec.class_number(label)}
    added |= sampling or {}
    images = model.generate(num, seed=seed, truncation=truncation, **added)
    classes = numbered_classes(range(num), model.spec, seed, label)
    names = None if classes is None else [model.spec.class_name(number) for number in classes]
    write_folder(images, out, {"seed": seed, "truncation": truncation, **added}, reporter, names)
    return images


def write_folder(
    images: np.ndarray,
    out: PathLike,
    notes: dict[str, Any] | None = None,
    reporter: Reporter = SILENT,
    class_names: Sequence[str] | None = None,
) -> None:
    """Writes images to `out/00000.png`, ..., all or none.

    Args:
        images: uint8 `[N, H, W, C]`.
        out: a new or empty folder, or one that an earlier call wrote, which is replaced whole.
        notes: JSON-ready dict of how they were generated; kept in a hidden file in the folder.
        reporter: `Reporter`; shows the progress and how many earlier images were replaced.
        class_names: list with the name of the class of each image, for a file of labels beside them; or None.

    Raises:
        UserError, UserFileError: where `out` holds other files.
    """
    out = check_folder(out)
    replaced = count_images(out)
    tick = reporter.counter("images written")
    with files.atomic_path(out) as partial:
        partial.mkdir()
        for number, image in enumerate(images):
            (partial / file_name(number)).write_bytes(pixels.to_png(image))
            tick(number + 1, len(images))
        if class_names is not None:
            files.write_text(partial / LABELS_FILE, _labels_csv(class_names))
        files.write_json(partial / MARK, {"num": len(images), **(notes or {})})
    if replaced:
        reporter.say(f"replaced {replaced} earlier images in {out}")


def _labels_csv(class_names: Sequence[str]) -> str:
    """Text of a CSV with the class of each numbered image."""
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(("file", "label"))
    rows.writerows((file_name(number), name) for number, name in enumerate(class_names))
    return stream.getvalue()


def write_grid(
    path: PathLike,
    images: np.ndarray,
    most: int = 64,
    spec: ModelSpec | None = None,
    classes: np.ndarray | None = None,
) -> None:
    """Writes a contact sheet of the first images to a PNG file, one row a class where there are classes.

    Args:
        path: of the file.
        images: uint8 `[N, H, W, C]`.
        most: images on the sheet.
        spec: `ModelSpec` of what generated them; only needed with classes.
        classes: integers `[N]`, or None.
    """
    if classes is None or len(set(classes)) < 2:
        write_png(path, pixels.to_grid(images[:most]))
    else:
        spec, classes = _of_drawn_classes(spec, classes)
        columns = max(MIN_COLUMNS, -(-most // len(shown_classes(spec.num_classes))))
        write_png(path, draw_class_rows(images, classes, spec, columns))


def _of_drawn_classes(spec: ModelSpec, classes: np.ndarray) -> tuple[ModelSpec, np.ndarray]:
    """The spec of the classes that are drawn at all, and numbers among them: those of a style stand alone."""
    drawn = [number for number, share in enumerate(spec.class_shares) if share]
    if not drawn or not set(classes.tolist()) <= set(drawn):
        return spec, classes
    names = [spec.class_name(number) for number in drawn]
    fewer = dataclasses.replace(spec, num_classes=len(names), class_names=names, class_shares=())
    return fewer, np.searchsorted(drawn, classes)


def write_png(path: PathLike, image: np.ndarray) -> None:
    """Writes one image, uint8 `[H, W, C]`, to a PNG file with the mark of this package."""
    files.write_bytes(path, add_mark(pixels.to_png(image)))

"""What a set of images holds, before any training: the report of `ktg data check`, and warnings for a training."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.data import decode
from keras_transfer_gen.data.audit import Audit, audit_images, find_warnings
from keras_transfer_gen.recipes.output.sheet_file import check_apart, check_sheet
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Colour, ImageSource, LabelSource, PathLike
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.report.reporter import Reporter


PREVIEW = 64  # images on the contact sheet


@dataclasses.dataclass(frozen=True)
class DataCheck:
    """The audit of a source of images, as lines of text and for JSON.

    Args:
        audit: `data.audit.Audit`.
        preview: path of the contact sheet, or None.
    """

    audit: Audit
    preview: PathLike | None

    @property
    def usable(self) -> bool:
        """Whether there is at least one usable image."""
        return self.audit.usable > 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {**self.audit.to_dict(), "preview": self.preview}

    def lines(self) -> list[str]:
        """Lines of text: one for each skipped file (path, tab, reason), then a summary."""
        audit = self.audit
        counts = {
            "classes": audit.classes,
            "folders": audit.folders,
            "sizes": audit.sizes,
            "modes": audit.modes,
            "formats": audit.formats,
        }
        tables = [f"{name}: {_most_frequent(values)}" for name, values in counts.items() if values]
        duplicates = [f"the same image: {', '.join(group)}" for group in audit.to_dict()["duplicates"]]
        total = f"{audit.source}: {audit.usable} usable, {len(audit.skipped)} skipped"
        hidden = [audit.hidden_line()] if audit.hidden else []
        return [*audit.skipped_lines(), total, *hidden, *tables, *duplicates, *audit.warnings]


def check_data(
    source: ImageSource,
    image_size: int = 64,
    channels: int = 3,
    resize_mode: str = "crop",
    background: Colour = "white",
    labels: LabelSource | None = None,
    preview: PathLike | None = None,
    reporter: Reporter = SILENT,
) -> DataCheck:
    """Audits images and draws a preview; a source without a usable image is a result here, not an error.

    Args:
        source: what `load_images` takes.
        image_size: side in pixels that the images are resized to.
        channels: 1 or 3.
        resize_mode: "crop" or "pad".
        background: colour under transparent images.
        labels: where the labels of the images come from, as in `load_images`; each class is counted.
        preview: path of a PNG file to write, outside the source, or None.
        reporter: `Reporter`; shows the progress.

    Returns:
        `DataCheck`.

    Raises:
        UserError, UserFileError: where the source can't be read, or the preview must not be written there.
    """
    checks.check_image_shape(image_size, channels)
    if preview is not None:
        _check_preview(preview, source)
    audit = audit_images(
        source, image_size, channels, resize_mode=resize_mode, background=background, labels=labels,
        progress=reporter.counter("reading images"),
    )  # fmt: skip
    if preview is not None and audit.usable:
        from keras_transfer_gen import pixels  # loads TensorFlow, which the check itself does without
        from keras_transfer_gen.recipes.output.image_folder import write_png

        with checks.named(out="preview"):
            write_png(preview, pixels.to_grid(audit.image_set.images[:PREVIEW]))
    return DataCheck(audit, preview)


def data_warnings(image_set: ImageSet, resize_mode: str = "crop") -> list[str]:
    """What may harm a training on some images, as `ktg data check` says it.

    Args:
        image_set: `ImageSet` to train on.
        resize_mode: "crop" or "pad", as it was read.

    Returns:
        list of lines of text; skipped files are not among them, since every command counts those when it reads.
    """
    _, size, _, channels = image_set.images.shape
    frame = decode.Frame(size, channels, resize_mode, "white")
    return find_warnings(dataclasses.replace(image_set, skipped=[]), frame)


def _check_preview(preview: PathLike, source: ImageSource) -> None:
    check_sheet(preview, "preview")
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(source):
        check_apart(preview, source, "the images' folder", "preview")


def _most_frequent(counts: dict[str, int], most: int = 8) -> str:
    """The most frequent entries of a dict of counts, on one line."""
    shown = sorted(counts.items(), key=lambda item: -item[1])[:most]
    rest = len(counts) - len(shown)
    return ", ".join(f"{count} {name}" for name, count in shown) + (f" and {rest} more" if rest else "")

"""Which folder of images may be written or replaced. Loads nothing heavy, so that a wrong --out is refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.output.sheet_file import check_apart, check_sheet

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


MARK = (
    ".ktg-generate.json"  # in a folder that a command wrote and may replace; hidden, so that readers of images skip it
)

LABELS_FILE = "labels.csv"  # beside images of a model with classes: the class of each


def file_name(number: int) -> str:
    """File name of image number `number`, such as "00007.png"."""
    return f"{number:05d}.png"


def check_folder(out: PathLike) -> Path:
    """Checks a folder of images that is to be written.

    Args:
        out: its path: a new or empty folder, or one that an earlier command wrote, which will be replaced whole.

    Returns:
        absolute `pathlib.Path`.

    Raises:
        UserError, UserFileError: where it is a file or holds other files.
    """
    path = Path(out).resolve()
    if path.exists() and not path.is_dir():
        raise checks.file_error("out", "a folder", out, "Choose another --out.")
    if path.is_dir() and any(path.iterdir()):
        names = {entry.name for entry in path.iterdir()} - {MARK}
        mark = path / MARK
        with checks.named(path="out"):
            notes = files.read_json(mark) if mark.is_file() else {}
        num = notes.get("num") if isinstance(notes, dict) else None
        written = {LABELS_FILE, *map(file_name, range(num))} if isinstance(num, int) else set()
        if not names <= written:
            expected = "a new or empty folder, or one that an earlier `ktg` command wrote"
            raise checks.user_error("out", expected, str(out), "It holds other files. Choose another --out.")
    return path


def count_images(out: PathLike) -> int:
    """How many images an earlier command wrote to a folder (int)."""
    path = Path(out)
    return sum(1 for _ in path.glob("*.png")) if path.is_dir() else 0


def names_in(out: PathLike) -> list[str] | None:
    """Names of the images that those in a folder come from, in order (list of str); None where they are not known."""
    return files.read_json(Path(out) / MARK).get("made_from")


def check_grid(grid: PathLike, out: PathLike) -> None:
    """Checks the file of a contact sheet beside a folder of images: as `check_sheet`, and not inside the folder."""
    check_sheet(grid)
    check_apart(grid, out, "--out")

"""Which folder of images may be written or replaced. Loads nothing heavy, so that a wrong --out costs no wait."""

from pathlib import Path

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.output.sheet_file import check_apart, check_sheet

MARK = ".ktg-generate.json"  # says that the folder is ours to replace; hidden, so that readers of images skip it


def name_of(number):
    """File name of a numbered image."""
    return f"{number:05d}.png"


def check_folder(out):
    """Returns the absolute path of a folder that may be written, or raises a `UserError` or `UserFileError`."""
    path = Path(out).resolve()
    if path.exists() and not path.is_dir():
        raise checks.file_error("out", "a folder", out, "Choose another --out.")
    if path.is_dir() and any(path.iterdir()):
        names = {entry.name for entry in path.iterdir()} - {MARK}
        mark = path / MARK
        with checks.named(path="out"):
            wrote = files.read_json(mark) if mark.is_file() else {}
        num = wrote.get("num") if isinstance(wrote, dict) else None
        if not names <= {name_of(number) for number in range(num if isinstance(num, int) else 0)}:
            expected = "a new or empty folder, or one that an earlier `ktg` command wrote"
            raise checks.user_error("out", expected, str(out), "It holds other files. Choose another --out.")
    return path


def count_images(out):
    """How many images of an earlier command a folder holds."""
    path = Path(out)
    return sum(1 for _ in path.glob("*.png")) if path.is_dir() else 0


def names_in(out):
    """What each image of a folder was made from, in the order of their numbers; None where that is not known."""
    return files.read_json(Path(out) / MARK).get("made_from")


def check_grid(grid, out):
    """Raises a `UserError` where a contact sheet would lie among the images, and as `check_sheet` does."""
    check_sheet(grid)
    check_apart(grid, out, "--out")

"""Contact sheets as PNG files with a mark, so that no other image is ever replaced. Loads nothing heavy."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


MARK = b"Software\0keras_transfer_gen"  # a text chunk of a PNG file
LAST_CHUNK = 12  # bytes: IEND


def add_mark(png: bytes) -> bytes:
    """The bytes of a PNG file with the mark added; viewers show the same image."""
    chunk = b"tEXt" + MARK
    framed = struct.pack(">I", len(MARK)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:-LAST_CHUNK] + framed + png[-LAST_CHUNK:]


def check_sheet(sheet: PathLike, name: str = "grid") -> None:
    """Refuses a path where a contact sheet can't or must not be written.

    Args:
        sheet: path of the file.
        name: the argument or option that it comes from.

    Raises:
        UserError, UserFileError: for a folder, another kind of file, or a file that this package did not write.
    """
    path, example = Path(sheet), f"Such as --{name} {name}.png."
    if path.is_dir():
        raise checks.file_error(name, "a PNG file, not a folder", sheet, example)
    if path.suffix.lower() != ".png":
        raise checks.user_error(name, "the name of a PNG file", str(sheet), example)
    if path.is_file() and path.stat().st_size and MARK not in path.read_bytes():
        hint = f"`ktg` did not write the file there, so it is not replaced. Choose another --{name}."
        raise checks.file_error(name, "a new file, or a sheet to replace", sheet, hint)


def check_apart(sheet: PathLike, folder: PathLike, folder_name: str, name: str = "grid") -> None:
    """Raises a `UserError` where a contact sheet would be in a folder of images, which messages call `folder_name`."""
    if Path(sheet).resolve().is_relative_to(Path(folder).resolve()):
        hint = f"Inside that folder it would count as one of the images. Choose another --{name}."
        raise checks.user_error(name, f"a file outside {folder_name}", str(sheet), hint)

"""Contact sheets as PNG files that tell whose they are, so that no other image is replaced. Loads nothing heavy."""

import struct
import zlib
from pathlib import Path

from keras_transfer_gen import checks

MARK = b"Software\0keras_transfer_gen"  # of a PNG file's text chunk
LAST_CHUNK = 12  # bytes: IEND


def signed(png):
    """The bytes of a PNG file with the mark in them; any viewer shows the same image."""
    chunk = b"tEXt" + MARK
    framed = struct.pack(">I", len(MARK)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:-LAST_CHUNK] + framed + png[-LAST_CHUNK:]


def check_sheet(sheet, name="grid"):
    """Refuses a place where a contact sheet can't or must not be written.

    Args:
        sheet: path of the file to be.
        name: the argument or option that gave it.

    Raises:
        UserError, UserFileError: for a folder, another kind of file, or a file there that is no contact sheet of ours.
    """
    place, such = Path(sheet), f"Such as --{name} {name}.png."
    if place.is_dir():
        raise checks.file_error(name, "a PNG file, not a folder", sheet, such)
    if place.suffix.lower() != ".png":
        raise checks.user_error(name, "the name of a PNG file", str(sheet), such)
    if place.is_file() and place.stat().st_size and MARK not in place.read_bytes():
        hint = f"What stands there was not written by `ktg`, and is kept. Choose another --{name}."
        raise checks.file_error(name, "a new file, or a sheet to replace", sheet, hint)


def check_apart(sheet, folder, called, name="grid"):
    """Raises a `UserError` where a contact sheet would lie in a folder of images, which messages call `called`."""
    if Path(sheet).resolve().is_relative_to(Path(folder).resolve()):
        hint = f"Among the images it would be taken for one of them. Choose another --{name}."
        raise checks.user_error(name, f"a file outside {called}", str(sheet), hint)

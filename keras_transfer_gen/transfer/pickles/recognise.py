"""Whether a file or an address is one of other programs' networks. Standard library alone: commands ask it early."""

from __future__ import annotations

import urllib.parse
import zipfile
from pathlib import Path

SUFFIXES = (".pkl", ".pickle", ".pt", ".pth")


def is_network_file(path: Path) -> bool:
    """Whether a file is to be read here: its name ends as such files' do, or its content begins as theirs does.

    Args:
        path: `pathlib.Path` of a file.
    """
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            head = file.read(2)
        if head == b"PK" and path.suffix.lower() != ".keras":
            with zipfile.ZipFile(path) as archive:
                return any(name.count("/") == 1 and name.endswith("/data.pkl") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return head[:1] == b"\x80" and head[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")


def is_network_address(address: str) -> bool:
    """Whether an address leads to a file that is to be read here, by its end; what follows "?" does not count."""
    return urllib.parse.urlsplit(address.strip()).path.lower().endswith(SUFFIXES)

"""Checks of a download: do you trust it, has it the right digest, is it what its address gave before. No TensorFlow."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.transfer.fetching.address import is_address, is_unencrypted, web_error

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.transfer.fetching.cache import Entry, Record


def check_trusted(source: Path | str | None, trust: bool = False) -> None:
    """Raises a `UserError` for a model from the web that the user does not vouch for; call it before fetching.

    Args:
        source: what the user gave.
        trust: bool, whether the user vouches for it.
    """
    if is_address(source) and not trust:
        step = (
            "A SavedModel is a program: it runs with your rights and can read and write your files. "
            "If you know who made it, add trust=True or --trust."
        )
        raise checks.user_error("source", "a model that you trust", source, step)


def check_encrypted(url: str, handle: str) -> None:
    """Raises a `UserFileError` for an address from which others on the way could alter what comes."""
    if is_unencrypted(url):
        step = "Give its https address, or the digest that its publisher states with sha256= (--sha256)."
        raise web_error(handle, "anyone on the way could alter what comes by http.", step)


def parse_digest(sha256: str | None) -> str | None:
    """A SHA-256 in lower case, without the `sha256:` that some pages put before it; None stays None.

    Raises:
        UserError: where it is not 64 hexadecimal digits.
    """
    if sha256 is None:
        return None
    digits = sha256.strip().lower().removeprefix("sha256:") if isinstance(sha256, str) else ""
    if not re.fullmatch("[0-9a-f]{64}", digits):
        step = "Give what `sha256sum FILE` prints for the archive with sha256= or --sha256."
        raise checks.user_error("sha256", "64 hexadecimal digits", sha256, step)
    return digits


def check_digest(expected: str | None, actual: str | None, source: PathLike, next_step: str) -> None:
    """Raises a `UserFileError` where an archive has another SHA-256 than expected; None expects nothing."""
    if expected is not None and expected != actual:
        words = f"an archive with the SHA-256 {expected}, but it has {actual}"
        raise checks.file_error("source", words, source, next_step)


def check_same_as_first(entry: Entry, record: Record) -> Any:
    """Raises a `UserFileError` where an address gives another model than when it was first used.

    Args:
        entry: `cache.Entry` of the address.
        record: `cache.Record` of what came now.
    """
    first = entry.read_record()
    if first is None or first.sha256 == record.sha256 or first.files == record.files:
        return
    step = (
        f"The server changed it, or someone between. If its publisher says so, delete {entry.record_path} or pass "
        f"sha256={record.sha256!r} (--sha256)."
    )
    raise checks.file_error("source", f"the model that it gave on {first.date}, but it is another", record.handle, step)


def folder_digest(folder: Path) -> str:
    """Hex SHA-256 over the relative names and contents of all files below a folder, in the order of their names.

    Links are followed; each folder is read once.
    """
    contents = {}
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            path = Path(root, name)
            if path.exists() and stat.S_ISREG(path.stat().st_mode):
                contents[path.relative_to(folder).as_posix()] = path
    parts = (
        part for name in sorted(contents) for part in (os.fsencode(name), files.sha256_file(contents[name]).encode())
    )
    return files.sha256(*parts)

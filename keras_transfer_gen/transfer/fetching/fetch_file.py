"""Fetches one file by its address and keeps it: a later use makes no request, and refuses a file that was altered."""

from __future__ import annotations

import hashlib
import tempfile
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.transfer.fetching.download import download
from keras_transfer_gen.transfer.fetching.fetch import OFFLINE, is_offline
from keras_transfer_gen.transfer.fetching.limits import limits_from_environment
from keras_transfer_gen.transfer.fetching.locks import file_lock
from keras_transfer_gen.transfer.fetching.verify import check_digest, check_encrypted, parse_digest

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress


CACHE = "networks"
RECORD = "record.json"


def fetch_file(
    address: str, *, sha256: str | None = None, offline: bool | None = None, progress: Progress | None = None
) -> Path:
    """The file behind an address, on this machine.

    Args:
        address: http(s) address; by http only from this machine, or with `sha256`.
        sha256: the digest that the file must have, 64 hex digits, or None.
        offline: True never makes a request; None reads the environment variable KTG_OFFLINE.
        progress: function `(done_bytes, total_bytes_or_None)`, called while a download runs.

    Returns:
        `pathlib.Path` of the file, with the name that it has in the address. Do not write to it.

    Raises:
        UserError: for a `sha256` that is no digest.
        UserFileError: where it can't be fetched, or is another than expected or than it was when it was fetched first.
    """
    sha256 = parse_digest(sha256)
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name or "file"
    folder = files.cache_folder(CACHE) / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    path, record = folder / name, folder / RECORD
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder / "lock"):
        if path.is_file() and record.is_file():
            digest = files.sha256_file(path)
            if digest != files.read_json(record).get("sha256"):
                step = f"It was altered since it was fetched. Delete {folder} to fetch it again."
                raise checks.file_error("source", "a cached file as it was fetched", address, step)
            check_digest(sha256, digest, address, f"Correct sha256= (--sha256), or delete {folder}.")
            return path
        if is_offline(offline):
            step = f"Fetch it once with a connection, or give a local file; unsetting {OFFLINE} allows requests."
            raise checks.file_error("source", "in the cache already, since requests are switched off", address, step)
        if sha256 is None:
            check_encrypted(address, address)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            partial = Path(scratch, name)
            limits = limits_from_environment()
            result = download(address, partial, source=address, limits=limits, progress=progress, archive=False)
            check_digest(sha256, result.sha256, address, "Do not use it, unless sha256= (--sha256) was mistyped.")
            partial.replace(path)
        files.write_json(record, {"address": address, "url": result.url, "sha256": result.sha256, "size": result.size})
    return path

"""Gets a SavedModel from where it is: a folder, an archive, a TensorFlow Hub or Kaggle handle, or any web address.

Models from the web are asked for by the protocol of tensorflow-hub and kept in its cache, but downloaded here, with
`urllib`. Its own download has no time-out, no limit and no checksum, unpacks while it reads, so that an archive with
files missing stays in the cache for good, and its resolvers are hooks of the whole process that other code may have
changed. All that is shared is a query (`tf-hub-format=compressed`) and a folder's name (`sha1(handle)`), and the tests
compare both with the library.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.saved_model_layout import GRAPHS
from keras_transfer_gen.transfer.fetching import archives, cache
from keras_transfer_gen.transfer.fetching.address import HANDLE_FORMS, archive_url, is_address, suggest_address
from keras_transfer_gen.transfer.fetching.cache import Record
from keras_transfer_gen.transfer.fetching.download import download
from keras_transfer_gen.transfer.fetching.find import find_saved_model
from keras_transfer_gen.transfer.fetching.limits import limits_from_environment
from keras_transfer_gen.transfer.fetching.locks import file_lock
from keras_transfer_gen.transfer.fetching.verify import (
    check_digest,
    check_encrypted,
    check_same_as_first,
    folder_digest,
    parse_digest,
)
from keras_transfer_gen.transfer.fetching.whole import check_whole

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike, Progress
    from keras_transfer_gen.transfer.fetching.cache import Entry


OFFLINE = "KTG_OFFLINE"
FORMS = f"Give a folder, a .tar.gz, or an address: {HANDLE_FORMS}."


def fetch_saved_model(
    source: PathLike, *, sha256: str | None = None, offline: bool | None = None, progress: Progress | None = None
) -> Path:
    """The folder of a SavedModel (TF2 or TF1), fetched and unpacked where that is needed.

    What was fetched once is used again without a request, and refused if it was altered since. Call
    `verify.check_trusted` first: what is fetched is a program.

    Args:
        source: a folder; a local `.tar.gz`, `.tgz` or `.tar`; a handle of TensorFlow Hub or Kaggle; or the http(s)
            address of such an archive; by http only from this machine, or with `sha256`. See `address.HANDLE_FORMS`.
        sha256: the digest that the archive must have, 64 hex digits. Without it the digest of the first download is
            recorded, and later downloads of the same handle must bring the same archive or the same files.
        offline: True never makes a request; None reads the environment variable KTG_OFFLINE.
        progress: function `(done_bytes, total_bytes_or_None)`, called while a download runs.

    Returns:
        absolute `pathlib.Path` of a folder with `saved_model.pb` or `saved_model.pbtxt`. Do not write to it.

    Raises:
        UserError: for a source of an unknown form, or a `sha256` that is no digest or can't apply.
        UserFileError: where the model can't be fetched, is not whole, or not the expected one. The cache is then as it
            was.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp(), "model", "1")
        >>> folder.mkdir(parents=True)
        >>> _ = (folder / "saved_model.pbtxt").write_text("saved_model_schema_version: 1")
        >>> fetch_saved_model(folder.parent) == folder
        True

    Reference:
        https://www.tensorflow.org/hub/model_compression and https://www.tensorflow.org/hub/caching.
    """
    sha256 = parse_digest(sha256)
    if is_address(source):
        return _fetch_address(str(source).strip(), sha256, is_offline(offline), progress)
    path = _local_path(source)
    if path.is_dir():
        if sha256 is not None:
            step = "Leave out sha256= (--sha256), or give the archive itself."
            raise checks.user_error("sha256", "given for archives alone, but the source is a folder", sha256, step)
        return _whole_model(path, path, "Copy or export it again.")
    return _unpack_local(path, sha256)


def is_offline(offline: bool | None) -> bool:
    """Whether no request may be made: what the caller says, else what the environment variable KTG_OFFLINE says."""
    if offline is not None:
        return bool(offline)
    return os.environ.get(OFFLINE, "").strip().lower() not in ("", "0", "false", "no", "off")


def _whole_model(folder: Path, source: PathLike, step: str) -> Path:
    """The SavedModel in a folder, or an error where there is none or it is not whole."""
    try:
        model = find_saved_model(folder, source=source)
        check_whole(model, source=source, step=step)
    except PermissionError as error:
        step = f"{error.strerror}: {error.filename}."
        raise checks.file_error("source", "a folder that you can read", source, step) from error
    return model


def _local_path(source: Any) -> Path:
    """An existing folder or file; the folder where a `saved_model.pb` itself was given."""
    if not isinstance(source, (str, os.PathLike)) or not str(source).strip():
        raise checks.user_error("source", "a path or an address", source, FORMS)
    text = str(source)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", text)
    if scheme and not Path(text).exists():
        store = "" if scheme[1] in ("http", "https") else "Download it with the tool of its store. "
        raise checks.user_error("source", "a path, or an http(s) address as text", text, store + FORMS)
    path = Path(text).expanduser().absolute()
    if not path.exists():
        address = suggest_address(text)
        step = f"Did you mean {address}?" if address else f"There is nothing at {path}. {FORMS}"
        raise checks.file_error("source", "an existing SavedModel", text, step)
    return path.parent if path.name in GRAPHS else path


def _unpack_local(path: Path, sha256: str | None) -> Path:
    """Unpacks a local archive to our cache, where its content names it, so that it is unpacked once."""
    if not path.name.lower().endswith(archives.SUFFIXES):
        expected = "a folder with saved_model.pb, or an archive of one (" + ", ".join(archives.SUFFIXES) + ")"
        raise checks.file_error("source", expected, path, "Unpack a .zip; load a .keras file with load_gan.")
    try:
        digest = files.sha256_file(path)
    except OSError as error:
        raise checks.file_error("source", "a file that you can read", path, f"{error.strerror}.") from error
    check_digest(sha256, digest, path, "Fetch it again, or correct sha256= (--sha256).")
    entry = cache.archive_entry(digest)
    cache.make_root(entry)
    with file_lock(entry.lock_path) as is_locked:
        try:
            model = _cached_model(entry, str(path))
        except UserFileError:  # altered, but the archive is at hand
            model = None
        if model is not None:
            return model
        with entry.scratch(clean=is_locked) as scratch:
            model = _unpack(path, scratch, path, "Fetch or pack it again.")
            size = path.stat().st_size
            entry.store(model, Record(str(path), folder_digest(model), sha256=digest, size=size), scratch)
    return entry.folder


def _unpack(archive: PathLike, scratch: Path, source: PathLike, step: str) -> Path:
    unpacked = archives.unpack(archive, scratch / "unpacked", source=source, limits=limits_from_environment())
    return _whole_model(unpacked, source, step)


def _cached_model(entry: Entry, source: str) -> Path | None:
    """The model that an earlier use recorded; None where there is none; an error where it was altered."""
    record = entry.read_record()
    if record is None or not entry.is_filled():
        return None
    try:
        model = find_saved_model(entry.folder, source=source)
    except UserFileError:
        model = None
    entry.check_unaltered(model, record, source=source)
    return model


def _fetch_address(handle: str, sha256: str | None, offline: bool, progress: Progress | None) -> Path:
    url = archive_url(handle)
    entry = cache.hub_entry(handle)
    model = _use_cached(entry, handle, sha256, offline)
    if model is not None:
        return model
    if offline:
        step = (
            "Fetch it once with a connection, give a local folder or .tar.gz, "
            f"or put the unpacked model into {entry.folder}; offline=False or unsetting {OFFLINE} allows requests."
        )
        raise checks.file_error("source", "in the cache already, since requests are switched off", handle, step)
    if sha256 is None and entry.read_record() is None:
        check_encrypted(url, handle)
    cache.make_root(entry)
    with file_lock(entry.lock_path) as is_locked:
        model = _use_cached(entry, handle, sha256, offline)  # another process may have fetched it meanwhile
        if model is not None:
            return model
        with entry.scratch(clean=is_locked) as scratch:
            limits = limits_from_environment()
            result = download(url, scratch / "archive", source=handle, limits=limits, progress=progress)
            check_digest(sha256, result.sha256, handle, "Do not use it, unless sha256= (--sha256) was mistyped.")
            model = _unpack(scratch / "archive", scratch, handle, "Its archive is broken: tell its publisher.")
            record = Record(handle, folder_digest(model), result.url, result.sha256, result.size)
            if sha256 is None:
                check_same_as_first(entry, record)
            entry.store(model, record, scratch)
    return entry.folder


def _use_cached(entry: Entry, handle: str, sha256: str | None, offline: bool) -> Path | None:
    """A model from the cache, recorded now where tensorflow-hub or the user put it there; None to fetch it."""
    if not entry.is_filled():
        return None
    record = entry.read_record()
    if record is None:
        try:
            model = _whole_model(entry.folder, handle, f"Delete {entry.folder} to fetch it again.")
        except UserFileError:
            if offline:
                raise
            return None  # tensorflow-hub keeps broken models for ever; they are replaced
        if sha256 is None:
            _try_to_record(entry, Record(handle, folder_digest(model)))
            return model
    else:
        model = _cached_model(entry, handle)
    known = None if record is None else record.sha256
    if sha256 is not None and known is None:
        step = f"Leave out sha256= (--sha256), or delete {entry.folder} to fetch the archive."
        expected = "a model whose archive is known, but the cached one was put there by another program"
        raise checks.file_error("source", expected, handle, step)
    check_digest(
        sha256, known, handle, f"Correct sha256= (--sha256), or delete {entry.folder} and {entry.record_path}."
    )
    return model


def _try_to_record(entry: Entry, record: Record) -> None:
    try:
        entry.write_record(record)
    except OSError:  # a cache that several users share may be read-only; the model is good all the same
        return

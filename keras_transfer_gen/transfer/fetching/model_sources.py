"""Gets a SavedModel from where it is: a folder, an archive, a TensorFlow Hub or Kaggle handle, or any web address.

Models from the web are asked for by the protocol of tensorflow-hub and kept in its cache, but downloaded here, with
`urllib`. Its own download has no time-out, no limit and no checksum, unpacks while it reads, so that an archive with
files missing stays in the cache for good, and its resolvers are hooks of the whole process that other code may have
changed. All that is shared is a query (`tf-hub-format=compressed`) and a folder's name (`sha1(handle)`), and the tests
compare both with the library.
"""

import os
import re
import urllib.parse
from pathlib import Path

from keras_transfer_gen import checks, files
from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching import archives, hub_cache
from keras_transfer_gen.transfer.fetching.download_errors import is_loopback, web_error
from keras_transfer_gen.transfer.fetching.downloads import download
from keras_transfer_gen.transfer.fetching.hub_cache import Record
from keras_transfer_gen.transfer.fetching.limits import limits_from_environment
from keras_transfer_gen.transfer.fetching.locks import file_lock
from keras_transfer_gen.transfer.fetching.saved_model_folders import (
    GRAPHS,
    check_whole,
    find_saved_model,
    folder_digest,
)

OFFLINE = "KTG_OFFLINE"
FORMS = "Give a folder, a .tar.gz or its address, https://tfhub.dev/... or https://www.kaggle.com/models/OWNER/..."
HUB_HOSTS = ("tfhub.dev/", "www.kaggle.com/", "kaggle.com/")
QUERY = "tf-hub-format=compressed"


def is_remote(source):
    """Whether a source is fetched from a server: an http or https address.

    Example:
        >>> is_remote("https://tfhub.dev/google/progan-128/1"), is_remote("models/progan")
        (True, False)
    """
    return isinstance(source, str) and source.strip().lower().startswith(("http://", "https://"))


def check_trusted(source, trust=False):
    """Raises a `UserError` for a source from the web that nobody vouched for; nothing is fetched before.

    Args:
        source: what the user gave.
        trust: bool, whether the user vouches for it.
    """
    if is_remote(source) and not trust:
        step = (
            "A SavedModel is a program: it runs with your rights and can read and write your files. "
            "If you know who made it, add trust=True or --trust."
        )
        raise checks.user_error("source", "a model that you trust", source, step)


def fetch_saved_model(source, *, sha256=None, offline=None, progress=None):
    """The folder of a SavedModel (TF2 or TF1), fetched and unpacked where that is needed.

    What was fetched once is used again without a request, and refused if it was altered since. Ask `check_trusted`
    first: what is fetched is a program.

    Args:
        source: a folder; a local `.tar.gz`, `.tgz` or `.tar`; a handle of TensorFlow Hub or Kaggle; or the http(s)
            address of such an archive; by http only from this machine, or with `sha256`.
        sha256: the digest that the archive must have, 64 hex digits. Without it the digest of the first download is
            recorded, and later downloads of the same handle must bring the same archive or the same files.
        offline: True never makes a request; None asks the environment variable KTG_OFFLINE.
        progress: function `(done_bytes, total_bytes_or_None)`, called while a download runs.

    Returns:
        absolute `pathlib.Path` of a folder with `saved_model.pb` or `saved_model.pbtxt`. Do not write to it.

    Raises:
        UserError: for a source of an unknown form, or a `sha256` that is no digest or can't apply.
        UserFileError: where the model can't be had, is not whole, or not the expected one. The cache is then as it was.

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
    sha256 = _check_sha256(sha256)
    if is_remote(source):
        return _fetch_remote(source.strip(), sha256, _is_offline(offline), progress)
    path = _local_path(source)
    if path.is_dir():
        if sha256 is not None:
            step = "Leave out sha256= (--sha256), or give the archive itself."
            raise checks.user_error("sha256", "given for archives alone, but the source is a folder", sha256, step)
        return _whole_model(path, path, "Copy or export it again.")
    return _unpack_local(path, sha256)


def _is_offline(offline):
    if offline is not None:
        return bool(offline)
    return os.environ.get(OFFLINE, "").strip().lower() not in ("", "0", "false", "no", "off")


def _check_sha256(sha256):
    """The digest in lower case without the `sha256:` that some pages put before it; None as None."""
    if sha256 is None:
        return None
    digits = sha256.strip().lower().removeprefix("sha256:") if isinstance(sha256, str) else ""
    if not re.fullmatch("[0-9a-f]{64}", digits):
        step = "Give what `sha256sum FILE` prints for the archive with sha256= or --sha256."
        raise checks.user_error("sha256", "64 hexadecimal digits", sha256, step)
    return digits


def _compare(wanted, found, source, next_step):
    if wanted is not None and wanted != found:
        expected = f"an archive with the SHA-256 {wanted}, but it has {found}"
        raise checks.file_error("source", expected, source, next_step)


def _whole_model(folder, source, step):
    """The SavedModel in a folder, or an error where there is none or it is not whole."""
    try:
        model = find_saved_model(folder, source=source)
        check_whole(model, source=source, step=step)
    except PermissionError as error:
        step = f"{error.strerror}: {error.filename}."
        raise checks.file_error("source", "a folder that you can read", source, step) from error
    return model


def _local_path(source):
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
        step = f"Did you mean https://{text}?" if text.startswith(HUB_HOSTS) else f"There is nothing at {path}. {FORMS}"
        raise checks.file_error("source", "an existing SavedModel", text, step)
    return path.parent if path.name in GRAPHS else path


def _unpack_local(path, sha256):
    """Unpacks a local archive to our cache, where it is found again by its content."""
    if not path.name.lower().endswith(archives.SUFFIXES):
        expected = "a folder with saved_model.pb, or an archive of one (" + ", ".join(archives.SUFFIXES) + ")"
        raise checks.file_error("source", expected, path, "Unpack a .zip; load a .keras file with load_gan.")
    try:
        found = files.sha256_file(path)
    except OSError as error:
        raise checks.file_error("source", "a file that you can read", path, f"{error.strerror}.") from error
    _compare(sha256, found, path, "Fetch it again, or correct sha256= (--sha256).")
    entry = hub_cache.archive_entry(found)
    hub_cache.make_root(entry)
    with file_lock(entry.lock_path) as held:
        try:
            model = _cached_model(entry, str(path))
        except UserFileError:  # altered, but what it is made of is at hand
            model = None
        if model is not None:
            return model
        with entry.scratch(clean=held) as scratch:
            model = _unpack(path, scratch, path, "Fetch or pack it again.")
            size = path.stat().st_size
            entry.place(model, Record(str(path), folder_digest(model), sha256=found, size=size), scratch)
    return entry.folder


def _unpack(archive, scratch, source, step):
    unpacked = archives.unpack(archive, scratch / "unpacked", source=source, limits=limits_from_environment())
    return _whole_model(unpacked, source, step)


def _cached_model(entry, source):
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


def _fetch_remote(handle, sha256, offline, progress):
    url = _archive_url(handle)
    entry = hub_cache.hub_entry(handle)
    model = _use_cached(entry, handle, sha256, offline)
    if model is not None:
        return model
    if offline:
        step = (
            "Fetch it once with a connection, give a local folder or .tar.gz, "
            f"or put the unpacked model into {entry.folder}; offline=False or unsetting {OFFLINE} allows requests."
        )
        raise checks.file_error("source", "in the cache already, since requests are switched off", handle, step)
    if sha256 is None and _is_open(url) and entry.read_record() is None:
        step = "Give its https address, or the digest that its maker tells with sha256= (--sha256)."
        raise web_error(handle, "anyone on the way could alter what comes by http.", step)
    hub_cache.make_root(entry)
    with file_lock(entry.lock_path) as held:
        model = _use_cached(entry, handle, sha256, offline)  # another process may have fetched it meanwhile
        if model is not None:
            return model
        with entry.scratch(clean=held) as scratch:
            limits = limits_from_environment()
            got = download(url, scratch / "archive", source=handle, limits=limits, progress=progress)
            _compare(sha256, got.sha256, handle, "Do not use it, unless sha256= (--sha256) was mistyped.")
            model = _unpack(scratch / "archive", scratch, handle, "Its archive is broken: tell who publishes it.")
            record = Record(handle, folder_digest(model), got.url, got.sha256, got.size)
            if sha256 is None:
                _compare_with_first(entry, record)
            entry.place(model, record, scratch)
    return entry.folder


def _is_open(url):
    """Whether an address is read by everyone on the way: http, and not on this machine."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname)


def _use_cached(entry, handle, sha256, offline):
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
        expected = "a model whose archive is known, but the cached one was put there by others"
        raise checks.file_error("source", expected, handle, step)
    _compare(sha256, known, handle, f"Correct sha256= (--sha256), or delete {entry.folder} and {entry.record_path}.")
    return model


def _try_to_record(entry, record):
    try:
        entry.write_record(record)
    except OSError:  # a cache that several users share may be read-only; the model is good all the same
        return


def _compare_with_first(entry, record):
    """An error where an address gives something else than when it was first used."""
    first = entry.read_record()
    if first is None or first.sha256 == record.sha256 or first.files == record.files:
        return
    step = (
        f"The server changed it, or someone between. If its publisher says so, delete {entry.record_path} or pass "
        f"sha256={record.sha256!r} (--sha256)."
    )
    raise checks.file_error("source", f"the model that it gave on {first.date}, but it is another", record.handle, step)


def _archive_url(handle):
    """The address of the archive: as it stands where it names one, else with the query of tensorflow-hub's protocol."""
    try:
        parts = urllib.parse.urlsplit(handle)
        usable = parts.hostname and not parts.username and parts.port != 0 and handle.isascii() and " " not in handle
    except ValueError:
        usable = False
    if not usable:
        step = "Such as https://tfhub.dev/google/progan-128/1; percent-encoded, without spaces and without a password."
        raise web_error(handle, "this is no valid address.", step)
    if parts.path.lower().endswith(archives.SUFFIXES) or QUERY in parts.query.split("&"):
        # Signed addresses of stores don't hold with another query.
        return urllib.parse.urlunsplit(parts._replace(fragment=""))
    query = f"{parts.query}&{QUERY}" if parts.query else QUERY
    return urllib.parse.urlunsplit(parts._replace(query=query, fragment=""))

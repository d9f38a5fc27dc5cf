"""Unpacks a .tar.gz or .tar from an untrusted source: only plain files and folders, only below one folder, with limits.

`tarfile` parses the headers; every decision about them is made here, so nothing depends on the extraction filters of
the Python in use. Bytes are counted while they are unpacked; the size that a header states is never relied on.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.limits import Limits, in_words

if TYPE_CHECKING:
    from typing import IO

    from keras_transfer_gen.aliases import PathLike


SUFFIXES = (".tar.gz", ".tgz", ".tar")
CHUNK = 2**20
HEADER_BYTES = 2**20  # for the headers of one member; long names and PAX records are read into memory at once
AGAIN = "Fetch or pack it again; or unpack it yourself and give the folder."
DISTRUST = "Do not unpack it by hand: ask its publisher for a clean archive."
# What `tarfile` and `gzip` raise on damaged bytes; a header may also hold impossible numbers, or nest without end.
DAMAGE = (tarfile.TarError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, RecursionError)


def archive_error(source: PathLike, why: str, step: str = AGAIN) -> UserFileError:
    """A `UserFileError` about the archive `source`: why it can't be used, and what to do."""
    return checks.file_error("source", "a SavedModel packed as a whole .tar.gz or .tar", source, f"{why} {step}")


def kind_of(head: bytes) -> str:
    """What a file is by its first bytes (262 are enough): "gzip", "tar", "zip", "web page", "text", "empty" or ""."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[257:262] == b"ustar":
        return "tar"
    if head[:4] == b"PK\x03\x04":
        return "zip"
    if not head:
        return "empty"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--", b"<?xml")):
        return "web page"
    return "text" if start.startswith((b"{", b"[")) else ""


def unpack(archive: PathLike, folder: PathLike, *, source: PathLike, limits: Limits | None = None) -> Path:
    """Unpacks an archive into a new folder.

    Args:
        archive: path of a tar file, packed by gzip or not; its first bytes decide, not its name.
        folder: path that does not exist yet. After an error it may hold a part: delete it.
        source: what the user gave; named in errors.
        limits: `Limits`; the defaults where it is None.

    Returns:
        `folder` as `pathlib.Path`.

    Raises:
        UserFileError: where the archive is cut, damaged, too large or no archive, or holds links, devices, sparse
            files, one name twice or a path that leads out of the folder.

    Example:
        >>> import pathlib, tempfile
        >>> work = pathlib.Path(tempfile.mkdtemp())
        >>> with tarfile.open(work / "model.tar.gz", "w:gz") as tar:
        ...     tar.addfile(tarfile.TarInfo("saved_model.pb"))
        >>> [path.name for path in unpack(work / "model.tar.gz", work / "model", source="model.tar.gz").iterdir()]
        ['saved_model.pb']
    """
    folder, limits = Path(folder), limits or Limits()
    with open(archive, "rb") as raw:
        kind = kind_of(raw.read(262))
        raw.seek(0)
        if kind not in ("gzip", "tar", ""):
            raise archive_error(source, _not_an_archive(kind))
        with gzip.GzipFile(fileobj=raw) if kind == "gzip" else raw as stream:
            meter = _Meter(stream, raw, limits, source)
            try:
                _unpack_all(meter, folder, source, limits)
            except EOFError as error:
                raise archive_error(source, "The archive is cut: it ends in the middle.") from error
            except tarfile.ReadError as error:
                if meter.position <= tarfile.BLOCKSIZE:  # the first header already
                    raise archive_error(source, "It is no tar archive.") from error
                raise archive_error(source, "The archive is cut: it ends in the middle.") from error
            except DAMAGE as error:
                raise archive_error(source, "The archive is damaged.") from error
    return folder


def _not_an_archive(kind: str) -> str:
    names = {"zip": "It is a zip file.", "web page": "It is a web page.", "text": "It is a text file."}
    return names.get(kind, "The file is empty.")


def _unpack_all(meter: _Meter, folder: Path, source: PathLike, limits: Limits) -> None:
    folder.mkdir()
    with tarfile.TarFile(fileobj=meter, encoding="utf-8") as tar:  # type: ignore[arg-type]
        for count in range(limits.members + 1):
            meter.budget = HEADER_BYTES
            member = tar.next()
            if member is None:
                break
            if count == limits.members:
                step = "No SavedModel has so many: check what you packed."
                raise archive_error(source, f"The archive holds more than {limits.members:,} files and folders.", step)
            _unpack_member(member, meter, folder, source)
        # `tarfile` takes a damaged header for the end; a real end is a block of zeros, followed by nothing but zeros.
        if not meter.last:
            raise archive_error(source, "The archive is cut: the mark of its end is missing.")
        if any(meter.last) or meter.drain():
            raise archive_error(source, "The archive is damaged: something follows its end.")


def _unpack_member(member: tarfile.TarInfo, meter: _Meter, folder: Path, source: PathLike) -> None:
    parts = _safe_parts(member.name, source)
    if not (member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)) or member.sparse is not None:
        raise archive_error(source, f"Its entry {member.name!r} is {_what(member)}, which no SavedModel has.", DISTRUST)
    path = folder.joinpath(*parts)
    try:
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "xb") as out:
                _copy(member, meter, out)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise archive_error(source, f"The archive holds {member.name!r} twice.") from error
    except (UserFileError, gzip.BadGzipFile):
        raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def _copy(member: tarfile.TarInfo, meter: _Meter, out: IO[bytes]) -> None:
    meter.seek(member.offset_data)
    left = meter.budget = member.size
    while left > 0:
        chunk = meter.read(min(left, CHUNK))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        out.write(chunk)


def _cannot_write(path: Path, error: OSError) -> UserFileError:
    step = "Make room, or set another folder: TFHUB_CACHE_DIR for models from the web, KTG_CACHE_DIR for archives."
    return UserFileError(f"cannot unpack to {path}: {error.strerror or error}. {step}")


def _safe_parts(name: str, source: PathLike) -> tuple[str, ...]:
    """The parts of a member's name, or an error where it could lead out of the folder on any operating system."""
    parts, drive = PurePosixPath(name).parts, PureWindowsPath(name).drive
    is_odd = "\\" in name or any(ord(letter) < 32 for letter in name)
    if name.startswith("/") or ".." in parts or drive or is_odd:
        raise archive_error(source, f"Its entry {name!r} leads out of the folder that it is unpacked to.", DISTRUST)
    return parts


def _what(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"a link to {member.linkname!r}"
    if member.issparse():
        return "a sparse file"
    return "a device or a pipe" if member.isdev() else "of an unknown kind"


class _Meter:
    """A stream that is read only forwards and counts its bytes; nothing is read from the archive in another way.

    Attributes:
        position: unpacked bytes that were read.
        budget: bytes that may be read before it is set again.
        last: what the latest `read` returned.
    """

    def __init__(self, stream: Any, raw: Any, limits: Limits, source: PathLike) -> None:
        self.stream, self.raw, self.limits, self.source = stream, raw, limits, source
        self.position, self.last, self.budget = 0, b"", HEADER_BYTES

    def tell(self) -> Any:
        return self.position

    def read(self, size: Any) -> Any:
        if not 0 <= size <= self.budget:
            raise ValueError("a header is longer than any real header")
        self.last = self.stream.read(size)
        self.budget -= len(self.last)
        self._count(len(self.last))
        return self.last

    def seek(self, position: int) -> None:
        if position < self.position:
            raise ValueError("a header points backwards")
        self.read(position - self.position)

    def drain(self) -> bool:
        """Reads to the end, where gzip compares its checksum; returns whether there was anything but zeros."""
        while chunk := self.stream.read(CHUNK):
            self._count(len(chunk))
            if any(chunk):
                return True
        return False

    def _count(self, size: Any) -> None:
        self.position += size
        if self.position > self.limits.unpacked:
            most = in_words(self.limits.unpacked)
            step = "If you trust it, raise the limit with the environment variable KTG_MAX_DOWNLOAD_GB (times 4)."
            raise archive_error(self.source, f"It unpacks to more than the limit of {most}.", step)
        if self.position > self.limits.ratio_from and self.position > self.limits.ratio * self.raw.tell():
            raise archive_error(
                self.source, f"It unpacks to more than {self.limits.ratio} times its size: an archive bomb.", DISTRUST
            )

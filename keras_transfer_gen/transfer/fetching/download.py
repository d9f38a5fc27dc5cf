"""Downloads a file by http(s) with what `urllib` lacks: limits, time-outs, a checksum, resuming, plain errors."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.address import is_loopback, web_error
from keras_transfer_gen.transfer.fetching.archives import archive_error, kind_of
from keras_transfer_gen.transfer.fetching.download_errors import (
    StalledError,
    explain,
    is_transient,
    login_hint,
    redirect_error,
)
from keras_transfer_gen.transfer.fetching.limits import Limits, in_words
from keras_transfer_gen.version import __version__

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress


ATTEMPTS = 3
PAUSE_SECONDS = 1.0  # before the second attempt; doubled before the third
TIMEOUT_SECONDS = 20.0  # for a connection, and from one byte to the next
STALL_SECONDS, STALL_BYTES = 60.0, 64 * 1024  # fewer bytes in that time, and the download is given up
CHUNK = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Download:
    """What was downloaded.

    Args:
        url: where it came from, after redirects, without the query (which may hold a signature).
        sha256: hex digest of the file.
        size: bytes.
    """

    url: str
    sha256: str
    size: int


def download(
    url: str,
    path: Path,
    *,
    source: str,
    limits: Limits | None = None,
    progress: Progress | None = None,
    archive: bool = True,
) -> Download:
    """Downloads `url` to `path`; after a broken connection it continues, if the server can do that.

    Args:
        url: http or https address. Redirects are followed, but from https to http only on this machine.
        path: the file to write. After an error it may hold a part: delete it.
        source: what the user gave; named in errors.
        limits: `Limits`; the defaults where it is None.
        progress: function `(done_bytes, total_bytes_or_None)`, called after every chunk; its exceptions end the work.
        archive: whether an archive of a SavedModel is wanted, which a zip file is not.

    Returns:
        `Download`.

    Raises:
        UserFileError: where the server can't be reached, refuses, sends too much, or sends no archive.
    """
    transfer = _Transfer(url, path, source, limits or Limits(), progress, archive)
    for attempt in range(ATTEMPTS):
        try:
            return transfer.run()
        except _ProgressError as stop:
            raise stop.error from None
        except UserFileError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            if attempt == ATTEMPTS - 1 or not is_transient(error):
                raise explain(error, source, transfer.redirects.url) from error
        time.sleep(PAUSE_SECONDS * 2**attempt)
    raise RuntimeError("unreachable: the last attempt returns or raises")


class _ProgressError(Exception):
    """Carries an exception of `progress` past the handling of network errors."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to http and https, and never from https to http on another machine."""

    def __init__(self, source: str, url: str) -> None:
        self.source, self.url = source, url

    def redirect_request(self, request: Any, response: Any, code: int, message: str, headers: Any, url: str) -> Any:
        before, after = urllib.parse.urlsplit(request.full_url), urllib.parse.urlsplit(url)
        if after.scheme not in ("http", "https"):
            raise redirect_error(self.source, f"to {after.scheme}:, which is no web address")
        if before.scheme == "https" and after.scheme == "http" and not is_loopback(after.hostname):
            raise redirect_error(self.source, f"from https to http://{after.hostname}, where anyone could alter it")
        self.url = url
        return super().redirect_request(request, response, code, message, headers, url)


class _Transfer:
    """The state that one attempt passes to the next: the bytes on disk, their digest, and the server's ETag."""

    def __init__(
        self, url: str, path: Path, source: str, limits: Limits, progress: Progress | None, archive: bool
    ) -> None:
        self.url, self.path, self.source, self.limits, self.progress = url, path, source, limits, progress
        self.archive = archive
        self.redirects = _Redirects(source, url)
        self.opener = urllib.request.build_opener(self.redirects)
        self.restart()

    def restart(self) -> None:
        self.done, self.digest, self.head, self.etag = 0, hashlib.sha256(), b"", None

    def run(self) -> Download:
        self.redirects.url = self.url
        headers = {"User-Agent": f"keras_transfer_gen/{__version__}", "Accept": "*/*"}
        if self.done and self.etag:
            headers |= {"Range": f"bytes={self.done}-", "If-Range": self.etag}
        try:
            response = self.opener.open(urllib.request.Request(self.url, headers=headers), timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            with error:  # an answer too, with a connection to close
                if error.code == 416:  # the range doesn't fit what is there now
                    self.restart()
                raise
        with response:
            total = self._total(response)
            if total is not None and total > self.limits.download:
                raise self._too_large(in_words(total))
            with open(self.path, "ab" if self.done else "wb") as out:
                self._receive(response, out, total)
            if total is not None and self.done < total:
                raise http.client.IncompleteRead(b"", total - self.done)
            self._check_kind(self.head, response)
            return Download(_without_query(response.url), self.digest.hexdigest(), self.done)

    def _total(self, response: Any) -> int | None:
        """Bytes of the whole file or None; starts again where the answer does not continue what is on disk."""
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        if response.status == 206 and match and int(match[1]) == self.done:
            return int(match[2]) if match[2] != "*" else None
        self.restart()
        if response.status == 206:  # another part of the file
            raise http.client.HTTPException("the server sent another part of the file than it was asked for")
        etag = response.headers.get("ETag", "")
        self.etag = etag if etag.startswith('"') else None  # a weak one does not guarantee the same bytes
        length = response.headers.get("Content-Length", "").strip()
        return int(length) if length.isdecimal() else None

    def _receive(self, response: Any, out: Any, total: int | None) -> None:
        mark, since = self.done, time.monotonic()
        while total is None or self.done < total:
            chunk = response.read1(CHUNK if total is None else min(CHUNK, total - self.done))
            if not chunk:
                break
            if len(self.head) < 262:
                self.head += chunk[:262]
                self._check_kind(self.head, response)
            try:
                out.write(chunk)
                out.flush()
            except OSError as error:
                step = "Make room, or set the environment variable TFHUB_CACHE_DIR to a folder on another disk."
                raise UserFileError(f"cannot write the download to {self.path}: {error.strerror}. {step}") from error
            self.digest.update(chunk)
            self.done += len(chunk)
            if self.done > self.limits.download:
                raise self._too_large("more")
            self._report(total)
            if self.done - mark >= STALL_BYTES:
                mark, since = self.done, time.monotonic()
            elif time.monotonic() - since > STALL_SECONDS:
                raise StalledError

    def _report(self, total: int | None) -> None:
        if self.progress is not None:
            try:
                self.progress(self.done, total)
            except Exception as error:
                raise _ProgressError(error) from error

    def _check_kind(self, head: bytes, response: Any) -> None:
        """Raises a `UserFileError` where the first bytes are those of no archive."""
        kind = kind_of(head)
        web = kind == "text" or (kind == "" and response.headers.get_content_type() == "text/html")
        if kind == "web page" or web:
            what = "a web page" if kind != "text" else "a text file"
            wanted = "archive" if self.archive else "file of networks"
            words = f"the server sent {what}, no {wanted}."
            raise web_error(self.source, words, login_hint(self.source, response.url))
        if kind == "zip" and self.archive:
            raise archive_error(self.source, "The server sent a zip file.", "Unpack it and give the folder.")

    def _too_large(self, size: str) -> UserFileError:
        most = in_words(self.limits.download)
        step = "If you want it, raise the limit with the environment variable KTG_MAX_DOWNLOAD_GB."
        return archive_error(self.source, f"It is {size} where {most} is the limit for downloads.", step)


def _without_query(url: str) -> str:
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(query="", fragment=""))

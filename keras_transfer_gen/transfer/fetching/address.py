"""Addresses of models: which forms there are, and where the archive behind one is asked for. Standard library alone."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from typing import TYPE_CHECKING, TypeGuard

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.fetching import archives

if TYPE_CHECKING:
    from keras_transfer_gen.checks import UserFileError


KAGGLE_FORM = "https://www.kaggle.com/models/OWNER/MODEL/FRAMEWORK/VARIATION/VERSION"
HANDLE_FORMS = (  # for help texts and errors
    f"{KAGGLE_FORM} (FRAMEWORK is tensorFlow1 or tensorFlow2), https://tfhub.dev/OWNER/MODEL/VERSION, "
    "or the https address of a .tar.gz"
)
HUB_HOSTS = ("tfhub.dev/", "www.kaggle.com/", "kaggle.com/")
QUERY = "tf-hub-format=compressed"  # by which tensorflow-hub asks for an archive

_KAGGLE_HOSTS = ("kaggle.com", "www.kaggle.com")
_KAGGLE_PATHS = (  # the short and the long form; the version may be left out
    "/models/[^/]+/[^/]+/[^/]+/[^/]+(/[0-9]+)?/?",
    "/models/[^/]+/[^/]+/frameworks/[^/]+/variations/[^/]+(/versions/[0-9]+)?/?",
    "/api/.+",
)
_KAGGLE_NAME = re.compile("[^/:]+/[^/:]+/tensorflow[12][^/:]*/[^/:]+(/[0-9]+)?", re.IGNORECASE)


def is_address(source: object) -> TypeGuard[str]:
    """Whether a source is an http or https address, which is fetched from a server (bool).

    Example:
        >>> is_address("https://tfhub.dev/google/progan-128/1"), is_address("models/progan")
        (True, False)
    """
    return isinstance(source, str) and source.strip().lower().startswith(("http://", "https://"))


def suggest_address(text: str) -> str:
    """The address that a text without "https://" most likely means, or "" (str).

    Example:
        >>> suggest_address("google/progan/tensorFlow1/128/1")
        'https://www.kaggle.com/models/google/progan/tensorFlow1/128/1'
    """
    if text.startswith(HUB_HOSTS):
        return f"https://{text}"
    return f"https://www.kaggle.com/models/{text}" if _KAGGLE_NAME.fullmatch(text) else ""


def web_error(source: str, why: str, step: str) -> UserFileError:
    """A `UserFileError` about the address `source`: what happened, and what to do."""
    return checks.file_error("source", "the address of a SavedModel", source, f"But {why} {step}")


def archive_url(handle: str) -> str:
    """The address of the archive behind a handle.

    An address that names an archive itself is taken as it is; else the query of tensorflow-hub's protocol is added.

    Args:
        handle: str, an http or https address.

    Raises:
        UserFileError: where it is no valid address, or a Kaggle address of another form than `KAGGLE_FORM`.

    Example:
        >>> archive_url("https://tfhub.dev/google/progan-128/1")
        'https://tfhub.dev/google/progan-128/1?tf-hub-format=compressed'
    """
    try:
        parts = urllib.parse.urlsplit(handle)
        usable = parts.hostname and not parts.username and parts.port != 0 and handle.isascii() and " " not in handle
    except ValueError:
        usable = False
    if not usable:
        step = f"Write it with percent-encoding, without spaces and without a password. Give {HANDLE_FORMS}."
        raise web_error(handle, "this is no valid address.", step)
    if parts.path.lower().endswith(archives.SUFFIXES) or QUERY in parts.query.split("&"):
        # Signed addresses of stores don't hold with another query.
        return urllib.parse.urlunsplit(parts._replace(fragment=""))
    if parts.hostname in _KAGGLE_HOSTS and not any(re.fullmatch(form, parts.path) for form in _KAGGLE_PATHS):
        raise web_error(handle, "Kaggle's addresses of models have another form.", f"Give {KAGGLE_FORM}.")
    query = f"{parts.query}&{QUERY}" if parts.query else QUERY
    return urllib.parse.urlunsplit(parts._replace(query=query, fragment=""))


def is_loopback(host: str | None) -> bool:
    """Whether a host's name means this machine; only the name is looked at (bool)."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def is_unencrypted(url: str) -> bool:
    """Whether others on the way could alter what an address gives: http, and not on this machine (bool)."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname)

"""Network errors in plain words: what happened, and what to do."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.parse
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.transfer.fetching.address import KAGGLE_FORM, web_error

if TYPE_CHECKING:
    from keras_transfer_gen.checks import UserFileError


BUSY = (408, 425, 429, 500, 502, 503, 504)
GONE = (404, 410)
REFUSED = (401, 403, 407)
LOCAL = "Or give a local folder or .tar.gz."
LATER = f"Try again later. {LOCAL}"


class StalledError(TimeoutError):
    """So few bytes arrive that the download would never end."""


def redirect_error(source: str, where: str) -> UserFileError:
    """A `UserFileError` about a redirect that is not followed."""
    return web_error(source, f"the server redirects {where}.", f"Give the address that you trust. {LOCAL}")


def is_transient(error: Any) -> bool:
    """Whether the same request may succeed a moment later: connections that were cut or silent, and busy servers."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in BUSY or error.code == 416  # the range; the next request asks for the whole
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, (TimeoutError, ConnectionResetError, ConnectionAbortedError))
    if isinstance(error, http.client.InvalidURL):
        return False
    return isinstance(error, (http.client.HTTPException, TimeoutError, ConnectionError))


def login_hint(source: str, url: str = "") -> str:
    """The next step where a server does not send the archive; Kaggle needs a login for some of its models."""
    if any((urllib.parse.urlsplit(each).hostname or "").endswith("kaggle.com") for each in (source, url)):
        return (
            "Kaggle needs a login for some models: download it in a browser and give the local .tar.gz. "
            f"Check the address too: its form is {KAGGLE_FORM}."
        )
    return f"Check the address: open it in a browser. {LOCAL}"


def explain(error: Any, source: str, url: str = "") -> UserFileError:
    """The `UserFileError` that says what an error of `urllib` or of a socket means.

    Args:
        error: `OSError` (`URLError` and `HTTPError` are), `http.client.HTTPException` or `ValueError`.
        source: what the user gave.
        url: of the request after redirects.
    """
    if isinstance(error, urllib.error.HTTPError):
        return _explain_status(error.code, error.url, source)
    host = urllib.parse.urlsplit(url or source).hostname
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, socket.gaierror):
        step = f"Check the name and your connection. {LOCAL}"
        return web_error(source, f"no computer named {host!r} was found.", step)
    if isinstance(reason, ssl.SSLCertVerificationError):
        step = "Behind a company's proxy, set SSL_CERT_FILE to its certificates; else do not use this server."
        why = getattr(reason, "verify_message", "") or "no reason was given"
        return web_error(source, f"the certificate of {host} could not be verified: {why}.", step)
    if isinstance(reason, ConnectionRefusedError):
        step = f"Check the address and its port; a proxy is set by HTTPS_PROXY. {LOCAL}"
        return web_error(source, f"{host} refused the connection.", step)
    if isinstance(reason, StalledError):
        return web_error(source, f"{host} sends too slowly for the download to end.", LATER)
    if isinstance(reason, TimeoutError):
        return web_error(source, f"{host} did not answer in time.", f"Check your connection. {LATER}")
    if isinstance(reason, http.client.IncompleteRead):
        return web_error(source, f"the connection to {host} was cut several times before the end.", LATER)
    if isinstance(reason, (ConnectionError, http.client.RemoteDisconnected)):
        return web_error(source, f"{host} broke off the connection.", LATER)
    if isinstance(reason, (http.client.InvalidURL, UnicodeError)):
        return web_error(source, "this is no valid address.", "Write it with percent-encoding, without spaces.")
    words = str(getattr(reason, "strerror", None) or reason or type(reason).__name__).rstrip(".")
    return web_error(source, f"it could not be fetched: {words}.", f"Check the address and your connection. {LOCAL}")


def _explain_status(code: int, url: str, source: str) -> UserFileError:
    if code in GONE:
        return web_error(source, f"there is no model at it ({code}).", login_hint(source, url))
    if code in REFUSED:
        return web_error(source, f"the server refuses access ({code}).", login_hint(source, url))
    if code in BUSY:
        return web_error(source, f"the server is busy or broken ({code}).", LATER)
    if 300 <= code < 400:
        return web_error(
            source, f"the server redirects in a circle, or to no web address ({code}).", login_hint(source, url)
        )
    return web_error(source, f"the server answered with the error {code}.", login_hint(source, url))

"""What can go wrong between here and a server, each as one sentence that says what to do."""

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.parse

from keras_transfer_gen import checks

BUSY = (408, 425, 429, 500, 502, 503, 504)
GONE = (404, 410)
REFUSED = (401, 403, 407)
LOCAL = "Or give a local folder or .tar.gz."
LATER = f"Try again later. {LOCAL}"


class StalledError(TimeoutError):
    """So few bytes arrive that the download would never end."""


def web_error(source, why, step):
    """A `UserFileError` about the address `source`: what happened, and what to do."""
    return checks.file_error("source", "the address of a SavedModel", source, f"But {why} {step}")


def redirect_error(source, where):
    """A `UserFileError` about a redirect that is not followed."""
    return web_error(source, f"the server redirects {where}.", f"Give the address that you trust. {LOCAL}")


def is_loopback(host):
    """Whether a host's name means this machine, by the name alone."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def is_transient(error):
    """Whether the same request may well succeed in a moment: cut and silent connections, and servers that are busy."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in BUSY or error.code == 416  # the range; the next request asks for the whole
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, (TimeoutError, ConnectionResetError, ConnectionAbortedError))
    if isinstance(error, http.client.InvalidURL):
        return False
    return isinstance(error, (http.client.HTTPException, TimeoutError, ConnectionError))


def login_hint(source, url=""):
    """The next step where a server doesn't hand out the archive; Kaggle asks for a login for some of its models."""
    if any((urllib.parse.urlsplit(each).hostname or "").endswith("kaggle.com") for each in (source, url)):
        return (
            "Kaggle needs a login for some models: download it there in a browser and give the local .tar.gz; "
            "and check the address, https://www.kaggle.com/models/OWNER/MODEL/tensorFlow2/VARIATION/VERSION."
        )
    return f"Check the address: open it in a browser. {LOCAL}"


def explain(error, source, url=""):
    """The `UserFileError` that says what an error of `urllib` or of a socket means.

    Args:
        error: `OSError` (`URLError` and `HTTPError` are), `http.client.HTTPException` or `ValueError`.
        source: what the user gave.
        url: where the request had got to by redirects.
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
        return web_error(source, f"{host} sends so slowly that it would never end.", LATER)
    if isinstance(reason, TimeoutError):
        return web_error(source, f"{host} did not answer in time.", f"Check your connection. {LATER}")
    if isinstance(reason, http.client.IncompleteRead):
        return web_error(source, f"the connection to {host} was cut again and again before the end.", LATER)
    if isinstance(reason, (ConnectionError, http.client.RemoteDisconnected)):
        return web_error(source, f"{host} broke off the connection.", LATER)
    if isinstance(reason, (http.client.InvalidURL, UnicodeError)):
        return web_error(source, "this is no valid address.", "Write it with percent-encoding, without spaces.")
    said = str(getattr(reason, "strerror", None) or reason or type(reason).__name__).rstrip(".")
    return web_error(source, f"it could not be fetched: {said}.", f"Check the address and your connection. {LOCAL}")


def _explain_status(code, url, source):
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

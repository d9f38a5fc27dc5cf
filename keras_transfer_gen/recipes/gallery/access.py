"""Who may ask the gallery what: names of the host, pages of other sites, the token. Pure functions."""

from __future__ import annotations

import hmac
import ipaddress
import urllib.parse

from keras_transfer_gen import checks

LEAST_TOKEN = 16  # characters
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = ("0.0.0.0", "::")


def is_loopback(host: str) -> bool:
    """Whether a host, name or address, is this machine alone (bool)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_token(host: str, token: str | None) -> str | None:
    """Returns the token, or raises a `UserError` where one is missing or too short.

    Args:
        host: where the server listens.
        token: text, or None for none, which is allowed on this machine alone.
    """
    step = 'Such as --token "$(openssl rand -hex 16)". Without --host nobody else can reach the gallery.'
    if token is None and not is_loopback(host):
        raise checks.user_error("token", f"given where --host is not this machine alone ({host})", None, step)
    if token is not None and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        expected = f"at least {LEAST_TOKEN} printable ASCII characters"
        raise checks.user_error("token", expected, f"{len(token)} characters", step)
    return token


def same_token(expected: str, received: str) -> bool:
    """Whether two tokens are the same, in a time that does not depend on where they differ (bool)."""
    return hmac.compare_digest(expected.encode(), received.encode("utf-8", "surrogateescape"))


def knows_host(host: str, port: int, header: str) -> bool:
    """Whether a request names the server as it may be named (bool).

    A page elsewhere can have its own name lead to this machine (DNS rebinding); its requests then carry that name.

    Args:
        host: where the server listens. On all addresses any name is right, since a token is needed there.
        port: its port.
        header: the request's Host.
    """
    name, named_port = _split(header)
    names = LOOPBACK_NAMES if is_loopback(host) else (host,)
    return (host in ANY_ADDRESS or name in (*names, host)) and named_port in (port, None if port == 80 else port)


def is_own_page(
    host_header: str, origin: str | None, site: str | None, mode: str | None, method: str, path: str
) -> bool:
    """Whether a request comes from the gallery's own pages, or from no page at all (bool).

    Args:
        host_header: the request's Host.
        origin: its Origin, or None.
        site: its Sec-Fetch-Site, or None.
        mode: its Sec-Fetch-Mode, or None.
        method: such as "GET".
        path: of the address. A link on another page may lead to "/".
    """
    if origin is not None:
        parts = urllib.parse.urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc == host_header
    if site in (None, "none", "same-origin"):
        return True
    return method == "GET" and mode == "navigate" and path == "/"


def _split(header: str) -> tuple[str | None, int | None]:
    """(name, port) of a Host header; (None, None) where it is none."""
    try:
        parts = urllib.parse.urlsplit(f"//{header}")
        return parts.hostname, parts.port
    except ValueError:
        return None, None

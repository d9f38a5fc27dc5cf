"""Runs the gallery: a socket, a pool of threads, and an end on Ctrl-C."""

from __future__ import annotations

import logging
import socket
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.gallery.access import check_token
from keras_transfer_gen.recipes.gallery.app import MOST_IMAGE, Access, build_app, import_server

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.served_model import ServedModel


THREADS = 16
MOST_CONNECTIONS = 1000
MOST_HEADER = 16_384  # bytes
IDLE_SECONDS = 60  # after which a connection without a request is closed
PORTS = (0, 65_535)


def check_address(
    host: str, port: int, token: str | None, rate: float | None = None
) -> tuple[str, int, str | None, float | None]:
    """The arguments of `ktg serve` about where and for whom, checked: (host, port, token, rate).

    Args:
        host: name or address.
        port: number; 0 takes a free one.
        token: text, or None where `host` is this machine alone.
        rate: requests a second of one client, or None for the usual ones.

    Raises:
        UserError: for a port or rate out of range, or a missing or short token.
    """
    port = checks.check_integer("port", port, least=PORTS[0], most=PORTS[1], next_step="Such as --port 8000.")
    if not host:
        raise checks.user_error("host", "a name or an address", host, "Such as --host 127.0.0.1.")
    if rate is not None:
        rate = checks.check_number("rate", rate, above=True, most=1e6, next_step="Such as --rate 100.")
    return host, port, check_token(host, token), rate


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; a `UserError` where the address can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        step = "Such as --host 127.0.0.1."
        raise checks.user_error("host", "a name or an address of this machine", host, step) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        step = f"{error.strerror}. Choose another with --port, or 0 for any that is free."
        raise checks.user_error("port", f"free on {host}", port, step) from error
    return listener


def run(server: Any) -> None:
    """Answers until Ctrl-C or a signal to end comes, and closes the server.

    Args:
        server: as `create_server` returns it.
    """
    try:
        server.run()  # takes KeyboardInterrupt as its end
    finally:
        server.close()


def create_server(
    models: Sequence[ServedModel],
    listener: socket.socket,
    host: str,
    token: str | None = None,
    rate: float | None = None,
) -> Any:
    """The server of the gallery, which does not run yet.

    Args:
        models: list of one or two `ServedModel`.
        listener: socket, as `open_socket` returns it.
        host: as the user gave it.
        token: text, or None.
        rate: requests a second of one client, or None.

    Raises:
        UserImportError: where the packages of the extra `serve` are missing.
    """
    waitress = import_server("waitress")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no fault
    app = build_app(models, Access(host, listener.getsockname()[1], token, rate))
    return waitress.create_server(
        app, sockets=[listener], threads=THREADS, connection_limit=MOST_CONNECTIONS, channel_timeout=IDLE_SECONDS,
        max_request_body_size=MOST_IMAGE, max_request_header_size=MOST_HEADER, ident=None,
    )  # fmt: skip


def address_of(listener: socket.socket, host: str, token: str | None = None) -> str:
    """The address to open in a browser, with the token where one is needed.

    Args:
        listener: socket.
        host: as the user gave it.
        token: text, or None.
    """
    name = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    query = f"?token={urllib.parse.quote(token, safe='')}" if token else ""
    return f"http://{name}:{listener.getsockname()[1]}/{query}"

"""The gallery as a WSGI application: addresses, answers, and the checks in front of them."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.gallery import access
from keras_transfer_gen.recipes.gallery.addresses import Refusal, integer_in, model_of, number_in
from keras_transfer_gen.recipes.gallery.edit_views import add_edit_views
from keras_transfer_gen.recipes.gallery.picks import card_text, read_picks, zip_picks
from keras_transfer_gen.recipes.gallery.rate_limit import RateLimit
from keras_transfer_gen.recipes.gallery.served_model import SHOWN
from keras_transfer_gen.recipes.gallery.uploads import FAULT, BusyError, Uploads

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.served_model import ServedModel


PAGE = {  # address -> (file in page/, its type)
    "/": ("gallery.html", "text/html; charset=utf-8"),
    "/gallery.css": ("gallery.css", "text/css; charset=utf-8"),
    "/gallery.js": ("gallery.js", "text/javascript; charset=utf-8"),
    "/editing.js": ("editing.js", "text/javascript; charset=utf-8"),
}
MOST_BODY = 131_072  # bytes of a request
MOST_IMAGE = 4_194_304  # bytes of an uploaded image
LARGE = {"upload": MOST_IMAGE}  # endpoint -> bytes of a request to it
LOOPBACK_RATE, OTHER_RATE = 500, 50  # requests a second of one client
BUSY = "The latents of another image are being searched for. Wait until that has ended, or stop it."
BURST_SECONDS = 6  # whose requests may come at once
TOKEN_RATE, TOKEN_BURST = 1, 10  # wrong tokens of one client
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclasses.dataclass(frozen=True)
class Access:
    """Where the gallery listens, and what it asks of those who come.

    Args:
        host: name or address.
        port: number.
        token: text, or None for none.
        rate: requests a second of one client, or None for the usual ones.
    """

    host: str
    port: int
    token: str | None = None
    rate: float | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can reach it."""
        return access.is_loopback(self.host)


def build_app(models: Sequence[ServedModel], where: Access) -> Any:
    """The gallery of some models.

    Args:
        models: list of one or two `ServedModel`.
        where: `Access`.

    Returns:
        `flask.Flask`.

    Raises:
        UserImportError: where Flask is not installed.
    """
    flask = import_server("flask")
    app = flask.Flask("gallery", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_IMAGE
    guard = _Guard(flask, where)
    app.before_request(guard.check)
    app.after_request(_add_headers)
    app.register_error_handler(Exception, lambda error: _answer_error(app, error))
    for address, entry in PAGE.items():
        app.add_url_rule(address, address, _page_view(flask, *entry))
    _add_views(app, flask, models)
    add_edit_views(app, flask, models, Uploads())
    return app


def import_server(name: str) -> Any:
    """A package of the extra `serve`; a `UserImportError` where it is missing."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        step = "Install them: pip install 'keras-transfer-gen[serve]'."
        raise checks.UserImportError(f"ktg serve needs the packages flask and waitress. {step}") from error


def _add_views(app: Any, flask: Any, models: Sequence[ServedModel]) -> None:
    @app.get("/api/runs")
    def runs() -> Any:
        return flask.jsonify([_describe(model) for model in models])

    @app.get("/api/runs/<run>/images/<seed>/<number>.png")
    def image(run: str, seed: str, number: str) -> Any:
        model, query = model_of(models, run), flask.request.args
        key = model.key(integer_in(seed), integer_in(number), query.get("label"), number_in(query.get("truncation")))
        response = flask.Response(model.png(key), mimetype="image/png")
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    @app.get("/api/runs/<run>/card")
    def card(run: str) -> Any:
        return flask.Response(card_text(model_of(models, run)), mimetype="text/plain")

    @app.get("/api/runs/<run>/files/<path:name>")
    def file(run: str, name: str) -> Any:
        path = model_of(models, run).file(name)
        return flask.Response(path.read_bytes(), mimetype=SHOWN[path.suffix.lower()])

    @app.post("/api/zip")
    def zip_file() -> Any:
        content = flask.request.get_json(silent=True)
        response = flask.Response(zip_picks(read_picks(content, models), models), mimetype="application/zip")
        response.headers["Content-Disposition"] = 'attachment; filename="picks.zip"'
        return response


class _Guard:
    """The checks in front of every answer."""

    def __init__(self, flask: Any, where: Access) -> None:
        self.flask, self.where = flask, where
        rate = where.rate or (LOOPBACK_RATE if where.is_loopback else OTHER_RATE)
        self.requests = RateLimit(rate, max(1, BURST_SECONDS * rate))
        self.wrong_tokens = RateLimit(TOKEN_RATE, TOKEN_BURST)
        self.session = secrets.token_urlsafe(32)  # in the cookie of those who gave the token
        self.cookie = f"ktg_{where.port}"

    def check(self) -> Any:
        """None, or an answer in place of the one that was asked for."""
        request = self.flask.request
        client, headers = request.remote_addr, request.headers
        host = headers.get("Host", "")
        if not access.knows_host(self.where.host, self.where.port, host):
            raise Refusal(403, "The gallery is not known by this name. Open the address that ktg serve printed.")
        site, mode = (headers.get(f"Sec-Fetch-{name}") for name in ("Site", "Mode"))
        if not access.is_own_page(host, headers.get("Origin"), site, mode, request.method, request.path):
            raise Refusal(403, "Pages of other sites may not use the gallery.")
        self._limit(client)
        self._check_size(request)
        return self._check_token(client, request) if self.where.token else None

    @staticmethod
    def _check_size(request: Any) -> None:
        most = LARGE.get(request.endpoint, MOST_BODY)
        if (request.content_length or 0) > most:
            raise Refusal(413, f"A request of this kind has at most {most} bytes.")

    def _limit(self, client: str) -> None:
        """Has clients on this machine wait; refuses others."""
        wait = self.requests.take(client, spend=self.where.is_loopback)
        if wait and not self.where.is_loopback:
            retry = {"Retry-After": str(int(wait) + 1)}
            raise Refusal(429, f"At most {self.requests.rate:g} requests a second. Wait a moment.", retry)
        time.sleep(wait)

    def _check_token(self, client: str, request: Any) -> Any:
        cookie = request.cookies.get(self.cookie, "")
        if access.same_token(self.session, cookie):
            return None
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if access.same_token(self.where.token, bearer or request.args.get("token", "")):
            return self._enter() if request.path == "/" else None
        if self.wrong_tokens.take(client, spend=False):
            raise Refusal(429, "Too many requests without the right token. Wait a minute.", {"Retry-After": "60"})
        raise Refusal(401, "A token is needed: open the address that ktg serve printed, or send it as a bearer token.")

    def _enter(self) -> Any:
        response = self.flask.redirect("/", 303)
        response.set_cookie(self.cookie, self.session, httponly=True, samesite="Lax")
        return response


def _page_view(flask: Any, name: str, kind: str) -> Callable[[], Any]:
    def view() -> Any:
        return flask.Response(read_page(name), content_type=kind)

    return view


def read_page(name: str) -> bytes:
    """The bytes of a file of the gallery's page."""
    return resources.files(__package__).joinpath("page", name).read_bytes()


def _describe(model: ServedModel) -> dict[str, Any]:
    spec = model.spec
    names = spec.every_class_name
    return {
        "name": model.name, "image_size": spec.image_size, "classes": names, "truncation": spec.truncation,
        "licence": spec.licence, "is_run": model.folder is not None, "edits": model.editor is not None,
    }  # fmt: skip


def _answer_error(app: Any, error: Exception) -> Any:
    status, headers = getattr(error, "status", None), getattr(error, "headers", {})
    if isinstance(error, checks.USER_ERRORS):
        status = 400
    elif isinstance(error, BusyError):
        status, error = 409, BUSY
    elif isinstance(error, PermissionError):
        status, error = 403, "This path leads out of the RUN."
    elif isinstance(error, FileNotFoundError):
        status, error = 404, "There is no such file in the RUN, or it is of a kind that is not shown."
    elif status is None:
        status = getattr(error, "code", None) or 500  # of werkzeug's own errors
        error = getattr(error, "description", error)
    if status == 500:
        app.logger.exception("gallery")
        error = FAULT
    body = json.dumps({"error": str(error)}, ensure_ascii=False)
    return app.response_class(body, status, headers, mimetype="application/json")


def _add_headers(response: Any) -> Any:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response

"""The addresses of the gallery for uploads and edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.gallery.addresses import Refusal, integer_in, model_of, number_in
from keras_transfer_gen.recipes.gallery.editor import Edit
from keras_transfer_gen.recipes.gallery.uploads import READY, STEPS

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.editor import Editor, UploadLatents
    from keras_transfer_gen.recipes.gallery.served_model import ImageKey, ServedModel
    from keras_transfer_gen.recipes.gallery.uploads import Upload, Uploads


MOST_MOVES = 64  # in one address
CACHED = "private, max-age=3600"


def add_edit_views(app: Any, flask: Any, models: Sequence[ServedModel], uploads: Uploads) -> None:
    """Adds the addresses to an application.

    Args:
        app: `flask.Flask`.
        flask: the package.
        models: list of `ServedModel`.
        uploads: `Uploads`.
    """

    def editor_of(run: str) -> Editor:
        editor = model_of(models, run).editor
        if editor is None:
            raise Refusal(404, "Images of this model can't be edited.")
        uploads.check_free()
        return editor

    def upload_of(name: str) -> Upload:
        upload = uploads.get(name)
        if upload is None:
            raise Refusal(404, "There is no such upload any more. Upload the image again.")
        return upload

    def png(content: bytes) -> Any:
        response = flask.Response(content, mimetype="image/png")
        response.headers["Cache-Control"] = CACHED
        return response

    def start_in(text: str, run: str, query: Mapping[str, str]) -> ImageKey | UploadLatents:
        """`ImageKey` or `UploadLatents` of such a text as "0/35" or the name of an upload."""
        seed, slash, number = text.partition("/")
        if slash:
            return model_of(models, run).key(
                integer_in(seed), integer_in(number), query.get("label"), number_in(query.get("truncation"))
            )
        upload = upload_of(text)
        if upload.state != READY:
            raise Refusal(409, "The latents of this upload are not known.")
        if upload.run != int(run):
            raise Refusal(400, "This image was uploaded for the other model.")
        return upload.latents

    @app.get("/api/runs/<run>/edits")
    def edits(run: str) -> Any:
        return flask.jsonify(editor_of(run).describe())

    @app.get("/api/runs/<run>/edited.png")
    def edited(run: str) -> Any:
        query, editor = flask.request.args, editor_of(run)
        start, end = (start_in(query[name], run, query) if name in query else None for name in ("start", "end"))
        if start is None:
            raise checks.user_error("start", "SEED/NUMBER of an image, or the name of an upload", None)
        edit = Edit(start, end, number_in(query.get("share", "0")), query.get("layers"), read_moves(query.get("moves")))
        return png(editor.png(edit))

    @app.post("/api/runs/<run>/uploads", endpoint="upload")
    def begin(run: str) -> tuple[dict[str, Any], int]:
        query, editor = flask.request.args, editor_of(run)
        label = model_of(models, run).spec.class_number(query.get("label"))
        options = {"distance": query["distance"]} if "distance" in query else {}
        content, steps = flask.request.get_data(cache=False), integer_in(query.get("steps", str(STEPS)))
        encode = query.get("encode") == "1"
        upload = uploads.begin(int(run), editor, content, encode, steps, label=label, **options)
        return {"name": upload.name, **upload.describe()}, 202

    @app.get("/api/uploads/<name>")
    def upload_state(name: str) -> Any:
        return flask.jsonify(upload_of(name).describe())

    @app.get("/api/uploads/<name>/image.png")
    def uploaded(name: str) -> Any:
        return png(pixels.to_png(upload_of(name).image))

    @app.delete("/api/uploads/<name>")
    def remove_upload(name: str) -> tuple[str, int]:
        upload_of(name)
        uploads.remove(name)
        return "", 204


def read_moves(text: str | None) -> tuple[tuple[Any, Any], ...]:
    """The moves that a text such as "0:1.5,3:-2" lists: tuple of (number of a direction, strength).

    Args:
        text: the text; None and "" list none.

    Raises:
        UserError: for anything else, and for too many moves.
    """
    moves = []
    for part in text.split(",") if text else ():
        direction, colon, strength = part.partition(":")
        moves.append((integer_in(direction), number_in(strength)))
        if not colon or len(moves) > MOST_MOVES:
            raise checks.user_error("moves", f"such as 0:1.5,3:-2, at most {MOST_MOVES}", text)
    return tuple(moves)

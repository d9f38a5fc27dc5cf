"""Uploaded images of the gallery and the search for their latents, by projection or an encoder: one at a time.

The newest few stay in memory; nothing is written. A search is stopped on request, when the gallery ends, and when
nobody has asked for it for a minute, as after a page was closed.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.gallery.editor import UploadLatents
from keras_transfer_gen.recipes.latent_tools.image_distance import DISTANCES
from keras_transfer_gen.recipes.latent_tools.project import project
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_image_bytes
from keras_transfer_gen.recipes.report.reporter import Reporter

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.editor import Editor
    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace


MOST_UPLOADS = 16  # that are kept
STEPS, MOST_STEPS = 200, 1000
PATIENCE = 60.0  # seconds without a question about a search, after which it is stopped
RUNNING, READY, FAILED = "running", "ready", "failed"
FAULT = "The gallery failed; its terminal shows why."
# (latents, noise maps by path, image, facts)
SearchResult: TypeAlias = tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, dict[str, Any]]


class BusyError(Exception):
    """Another image is searched for."""


class _StoppedError(Exception):
    """A search ends before its last step."""


class Upload:
    """An uploaded image and how far the search for its latents is.

    Args:
        run: index of the model.
        steps: of the search; 1 where an encoder is asked.
    """

    def __init__(self, run: int, steps: int) -> None:
        self.run, self.steps = run, steps
        self.name = secrets.token_urlsafe(9)
        self.image: np.ndarray | None = None  # uint8 `[S, S, C]`, as the model sees it
        self.state, self.done = RUNNING, 0
        self.facts: dict[str, Any] = {}
        self.error: str | None = None
        self.latents: UploadLatents | None = None  # at the end
        self.last_seen = time.monotonic()
        self.stopped = False

    def describe(self) -> dict[str, Any]:
        """What is known, ready for JSON."""
        facts = {"state": self.state, "done": self.done, "steps": self.steps, **self.facts}
        return facts if self.error is None else {**facts, "error": self.error}


class Uploads:
    """The uploaded images of a gallery."""

    def __init__(self) -> None:
        self._uploads: collections.OrderedDict[str, Upload] = collections.OrderedDict()
        self._lock = threading.Lock()

    def begin(
        self,
        run: int,
        editor: Editor,
        content: bytes,
        encode: bool = False,
        steps: Any = STEPS,
        distance: str = DISTANCES[0],
        label: int | None = None,
    ) -> Upload:
        """Begins to search for the latents of an image.

        Args:
            run: index of the model.
            editor: its `Editor`.
            content: bytes of an image file.
            encode: whether to ask the model's encoder, in place of a projection.
            steps: of the projection, 1 to 1000.
            distance: of the projection, one of `DISTANCES`.
            label: class number, or None.

        Returns:
            `Upload`, which is at work.

        Raises:
            BusyError: while another one is.
            UserError, UserFileError: where the image, or what is asked for, can't be used.
        """
        steps = checks.check_integer("steps", steps, most=MOST_STEPS)
        checks.check_choice("distance", distance, DISTANCES)
        upload = Upload(run, 1 if encode else steps)
        self._reserve(upload)
        try:
            space = editor.submit(editor.space_of, label).result()
            if encode and space.encode is None:
                hint = "It has no encoder: project the image."
                raise checks.user_error("encode", "left out for this model", True, hint)
            upload.image = read_image_bytes(content, space.spec, "image", "the upload")[0]
            editor.submit(_work, _encode if encode else _project, upload, editor, label, distance)
        except BaseException:
            with self._lock:
                del self._uploads[upload.name]
            raise
        return upload

    def _reserve(self, upload: Upload) -> None:
        with self._lock:
            self._refuse_second()
            self._uploads[upload.name] = upload
            while len(self._uploads) > MOST_UPLOADS:
                self._uploads.popitem(last=False)

    def check_free(self) -> None:
        """Raises a `BusyError` while a search is at work."""
        with self._lock:
            self._refuse_second()

    def _refuse_second(self) -> None:
        if any(known.state == RUNNING for known in self._uploads.values()):
            raise BusyError

    def get(self, name: str) -> Upload | None:
        """The `Upload` of a name, or None; a search that is at work goes on for another minute."""
        with self._lock:
            upload = self._uploads.get(name)
        if upload is not None:
            upload.last_seen = time.monotonic()
        return upload

    def remove(self, name: str) -> bool:
        """Stops the search for an image, or forgets it where that has ended; False where there is no such image."""
        with self._lock:
            upload = self._uploads.get(name)
            if upload is not None and upload.state != RUNNING:
                del self._uploads[name]
        if upload is not None:
            upload.stopped = True
        return upload is not None


def _work(
    search: Callable[..., SearchResult], upload: Upload, editor: Editor, label: int | None, distance: str
) -> None:
    """Searches, and notes how it ended; the state is the last to change."""
    try:
        if editor.closed:
            raise _StoppedError
        space = editor.space_of(label)
        editor.show_noise({})
        latents, noise, image, facts = search(space, upload, editor, distance)
        upload.latents = UploadLatents(latents, noise, label)
        levels = np.abs(image.astype(np.int16) - upload.image).mean()
        upload.facts = {**facts, "mean_levels": round(float(levels), 2)}
        upload.done, upload.state = upload.steps, READY
    except _StoppedError:
        upload.error, upload.state = "The search was stopped.", FAILED
    except checks.USER_ERRORS as error:
        upload.error, upload.state = str(error), FAILED
    except Exception:
        logging.getLogger("gallery").exception("a search for latents failed")
        upload.error, upload.state = FAULT, FAILED


def _encode(space: LatentSpace, upload: Upload, editor: Editor, distance: str) -> SearchResult:
    """(latents, noise maps, image, facts) by the model's encoder: an image goes in and its reconstruction comes out."""
    latents = space.encode(upload.image[None])
    return latents[0], {}, space.images(latents)[0], {}


def _project(space: LatentSpace, upload: Upload, editor: Editor, distance: str) -> SearchResult:
    """The same by `project`."""
    projection = project(space, upload.image, steps=upload.steps, distance=distance, reporter=_Ticks(upload, editor))
    facts = {name: projection.to_dict()[name] for name in ("first_distance", "distance", "measured_by")}
    latents = space.check(projection.latents)[0]
    return latents, projection.noise, projection.image, facts


class _Ticks(Reporter):
    """Notes the steps of a search, and ends it where that is wanted.

    Args:
        upload: `Upload`.
        editor: `Editor`.
    """

    def __init__(self, upload: Upload, editor: Editor) -> None:
        self.upload, self.editor = upload, editor

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None, unit: str = "") -> Iterator[Callable[..., None]]:
        yield self._tick

    def _tick(self, done: int, total: float | None = None, note: str = "") -> None:
        upload = self.upload
        upload.done = done
        if upload.stopped or self.editor.closed or time.monotonic() - upload.last_seen > PATIENCE:
            raise _StoppedError

"""A model of the gallery: its images as PNG, its card, the files of its RUN that may be shown."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.gallery.editor import Editor
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.saved_model_layout import CARD_FILE, is_saved_model
from keras_transfer_gen.specs import check_truncation

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


CHUNK = pixels.RENDER_BATCH  # images that are generated at once: the neighbours of one are asked for next
MOST_BYTES = 16_000_000  # of PNG files that are kept
MOST_NUMBER = 2**31 - 1
MOST_SEED = 2**63 - 1
Chunk: TypeAlias = tuple[int, int, int | None, float]  # (seed, first number, label, truncation)
SHOWN = {".png": "image/png", ".gif": "image/gif", ".md": "text/plain", ".json": "application/json", ".csv": "text/csv"}


@dataclasses.dataclass(frozen=True)
class ImageKey:
    """Which image is meant, checked.

    Args:
        seed: whole number from 0 on.
        number: of the image.
        label: class number, or None for the one that is drawn.
        truncation: factor on the latents in (0, 1].
    """

    seed: int
    number: int
    label: int | None
    truncation: float


class ServedModel:
    """Images of a model, generated when they are asked for, by a thread of their own.

    Args:
        name: what the user calls the model.
        generator: object with `spec` and `generate`, as `open_model` returns it.
        folder: the RUN, or None for another kind of model.
        card: text of its model card, or "".
        editor: `Editor` of the same model, or None where its images are only shown.
    """

    def __init__(
        self, name: str, generator: Any, folder: Path | None = None, card: str = "", editor: Editor | None = None
    ) -> None:
        self.name, self.generator, self.folder, self.card = name, generator, folder, card
        self.editor = editor
        self.spec = generator.spec
        self._chunks: collections.OrderedDict[Chunk, list[bytes]] = collections.OrderedDict()  # PNG files
        self._bytes = 0
        self._reading = threading.Lock()
        # One thread for all: TensorFlow's memory would otherwise grow with the number of threads that used it.
        self._worker = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="images")

    def key(self, seed: Any, number: Any, label: int | str | None = None, truncation: Any = None) -> ImageKey:
        """The `ImageKey` of an image; a `UserError` for one that there is not.

        Args:
            seed: integer.
            number: integer.
            label: name or number of a class, or None.
            truncation: number, or None for the model's own.
        """
        return ImageKey(
            checks.check_integer("seed", seed, least=0, most=MOST_SEED),
            checks.check_integer("number", number, least=0, most=MOST_NUMBER),
            self.spec.class_number(label),
            check_truncation(self.spec.truncation if truncation is None else truncation),
        )

    def png(self, key: ImageKey) -> bytes:
        """The image of an `ImageKey` as a PNG file, bytes: the one that `ktg generate --seed` writes."""
        first = key.number // CHUNK * CHUNK
        chunk = (key.seed, first, key.label, key.truncation)
        images = self._kept(chunk) or self._worker.submit(self._kept_or_new, chunk).result()
        return images[key.number - first]

    def _kept_or_new(self, chunk: Chunk) -> list[bytes]:
        return self._kept(chunk) or self._generate(chunk)

    def _kept(self, chunk: Chunk) -> list[bytes] | None:
        with self._reading:
            if chunk in self._chunks:
                self._chunks.move_to_end(chunk)
            return self._chunks.get(chunk)

    def _generate(self, chunk: Chunk) -> list[bytes]:
        seed, first, label, truncation = chunk
        labels = {} if label is None else {"label": label}
        images = self.generator.generate(CHUNK, seed=seed, truncation=truncation, start=first, **labels)
        files = [pixels.to_png(image) for image in images]
        with self._reading:
            self._chunks[chunk] = files
            self._bytes += sum(map(len, files))
            while self._bytes > MOST_BYTES and len(self._chunks) > 1:
                _, oldest = self._chunks.popitem(last=False)
                self._bytes -= sum(map(len, oldest))
        return files

    def close(self) -> None:
        """Ends what is at work on edits, so that the program can end."""
        if self.editor is not None:
            self.editor.close()

    def file(self, name: str) -> Path:
        """The path of a file of the RUN that may be shown.

        Args:
            name: relative to the RUN, as it came from outside.

        Returns:
            `pathlib.Path`.

        Raises:
            PermissionError: where the name leads out of the RUN, through a link too.
            FileNotFoundError: where there is no such file, or not of a kind that is shown.
        """
        if self.folder is None or "\0" in name:
            raise FileNotFoundError(name)
        root = Path(self.folder).resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise PermissionError(name)
        if path.suffix.lower() not in SHOWN or not path.is_file():
            raise FileNotFoundError(name)
        return path


def open_served(ref: ModelRef, overrides: SpecOverrides | None = None) -> ServedModel:
    """The `ServedModel` of a model; of a RUN with an export it is the exported SavedModel.

    Args:
        ref: `ModelRef`.
        overrides: `SpecOverrides` of a third-party generator, or None.
    """
    run = RunFolder(ref.name)
    is_run = not ref.preset and Path(ref.name).is_dir() and run.exists
    exported = is_run and is_saved_model(run.saved_model)
    generator = open_model(str(run.saved_model)) if exported else open_model(ref, overrides=overrides)
    name, folder = Path(ref.name).resolve().name if is_run else ref.name, run.path if is_run else None
    editor = Editor(lambda: open_space(ref, overrides=overrides))
    return ServedModel(name, generator, folder, find_card(ref, folder), editor)


def find_card(ref: ModelRef, folder: Path | None) -> str:
    """The text of a model's card: of its RUN, its preset or its SavedModel; "" where it has none.

    Args:
        ref: `ModelRef`.
        folder: `pathlib.Path` of the RUN, or None.
    """
    path = Path(ref.path)
    candidates = [folder / "README.md"] if folder else [path.parent / "README.md"] if ref.preset else [path / CARD_FILE]
    file = next((file for file in candidates if file.is_file()), None)
    return file.read_text(encoding="utf-8") if file else ""

"""A generator as a page: one folder for any static host, and one file that opens from disk."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.quantization import QUANTIZATIONS
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.web.page_files import LINKED, linked_page, page_scripts, single_page
from keras_transfer_gen.export.web.runtime import read_runtime

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable
    from keras_transfer_gen.export.web.page_files import PageFacts


INDEX, SINGLE = "index.html", "single.html"
NOTICES = "litert_notices"
PARTS = {INDEX, SINGLE, LINKED, NOTICES}  # everything that the folder of a page holds


def write_web(servable: Servable, path: PathLike, facts: PageFacts, quantize: str = "none") -> Path:
    """Writes the page of a generator.

    `index.html` links the files in `files/`; `single.html` holds all of them. Both work from a static server and from
    disk, and make no request. The model inside is the TFLite file that `write_tflite` writes, and is compared with the
    Keras model as such; in the browser the page compares its first image with that of Python.

    Args:
        servable: `Servable`, such as `generator_servable` or `vae_servable` return it.
        path: folder to write; an earlier page there is replaced whole. Nothing is written or replaced where anything
            fails.
        facts: `PageFacts`.
        quantize: numbers of the model inside, one of `QUANTIZATIONS`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserFileError: where `path` is a file or a folder with other things in it, or can't be written.
        UserError: where the generator can't be converted to TFLite.
        ExportError: where the TFLite file gives other images than the model.
        RuntimeFilesError: where the files of LiteRT.js in this installation are not those that were shipped.
    """
    path = Path(path)
    check_page_folder(path)
    runtime = read_runtime()
    with tempfile.TemporaryDirectory() as scratch:
        model = write_tflite(servable, Path(scratch) / "generator.tflite", quantize=quantize).read_bytes()
    facts = dataclasses.replace(facts, levels=levels_for(quantize))
    scripts = page_scripts(facts, model, runtime)
    index, beside = linked_page(facts.title, scripts)
    notices = {f"{NOTICES}/{name}": text for name, text in runtime.notices.items()}
    with files.atomic_path(path) as partial:
        for name, text in {INDEX: index, SINGLE: single_page(facts.title, scripts), **beside, **notices}.items():
            file = partial / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return path


def levels_for(quantize: str | None) -> float | None:
    """By how many levels a page's first image may differ from Python's: one more than a file in the interpreter may."""
    levels = QUANTIZATIONS[quantize].levels
    return None if levels is None else levels + 1.0


def check_page_folder(path: Path) -> None:
    """Refuses, with a `UserFileError`, to write a page where something else stands.

    Args:
        path: `pathlib.Path` of the folder to write.
    """
    if path.is_file():
        raise checks.file_error("path", "a folder, not a file", path, "Such as page/cats with path= or --out.")
    others = sorted({entry.name for entry in path.iterdir()} - PARTS) if path.is_dir() else []
    if others:
        step = f"It holds other things, such as {others[0]}. Choose another folder with path= or --out."
        raise checks.file_error("path", "a new folder, or one with an earlier page", path, step)

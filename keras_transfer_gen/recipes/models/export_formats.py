"""The formats of `ktg export`: a table of name, writer and options. Reading it loads nothing heavy."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_transfer_gen import checks

QUANTIZE = ("none", "float16", "dynamic", "int8", "int16x8")  # numbers in a TFLite file, alone or in a page
PARTS = ("sampler", "encoder", "decoder", "mapping", "synthesis")  # in formats that hold one function


@dataclasses.dataclass(frozen=True)
class ExportFormat:
    """One row of `FORMATS`.

    Args:
        writer: "module:function", called with (model, path) and, by their names, with those of `options` that were
            given. It writes all or nothing, compares what it wrote with the Keras model, and returns the path.
        help: one line for the command line: what `path` is, and what the format is for.
        options: the names of the options that the writer takes, as in `OPTION_HINTS`.
        takes_card: whether it also takes `card`, the text of the model's card.
    """

    writer: str
    help: str
    options: tuple[str, ...] = ()
    takes_card: bool = False

    def load(self) -> Callable[..., Path]:
        """The writer, imported."""
        module, name = self.writer.split(":")
        return getattr(importlib.import_module(module), name)


_EXPORT = "keras_transfer_gen.recipes.models.export"
_OTHERS = "keras_transfer_gen.recipes.models.export_others"
FORMATS = {
    "saved_model": ExportFormat(
        f"{_EXPORT}:export_saved_model",
        "a folder for TF Serving: give it a number as its name, such as cats/1",
        takes_card=True,
    ),
    "tflite": ExportFormat(
        f"{_EXPORT}:export_tflite", "a file for phones and browsers", ("batch_size", "part", "quantize")
    ),
    "web": ExportFormat(
        "keras_transfer_gen.recipes.models.export_web:export_web",
        "a folder with a page for browsers: for a static host (index.html) or from disk (single.html)",
        ("quantize",),
    ),
    "onnx": ExportFormat(f"{_OTHERS}:export_onnx", "a file for onnxruntime and others", ("part",)),
    "openvino": ExportFormat(f"{_OTHERS}:export_openvino", "a folder for OpenVINO", ("part",)),
    "safetensors": ExportFormat(f"{_OTHERS}:export_safetensors", "a file of the weights alone, with the spec"),
}
OPTION_HINTS = {  # option -> why another format takes none
    "batch_size": "It takes any number of latents.",
    "quantize": "Its numbers are float32.",
    "part": "It holds the functions of all parts.",
}


def check_format(name: str) -> str:
    """Returns the name of a format, or raises a `UserError` that lists them."""
    return checks.check_choice("format", name, FORMATS, "Set it with --format.")


def check_options(format: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, without those that are None.

    Args:
        format: name of a row of `FORMATS`.
        options: {name of an option: value, or None where it was left out}.

    Raises:
        UserError: for an option that the format does not have.
    """
    for name, value in options.items():
        if value is not None and name not in FORMATS[format].options:
            able = " or ".join(f"--format {other}" for other, row in FORMATS.items() if name in row.options)
            hint = f"{OPTION_HINTS[name]} Leave --{name.replace('_', '-')} out, or give {able}."
            raise checks.user_error(name, f"left out with --format {format}", value, hint)
    return {name: value for name, value in options.items() if value is not None}

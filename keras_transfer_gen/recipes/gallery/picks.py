"""Picked images as a zip file, with the cards of the models that they come from."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.version import PACKAGE, __version__

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.served_model import ImageKey, ServedModel


MOST_PICKS = 1000
FIELDS = {"run", "seed", "number", "label", "truncation"}
NO_CARD = "# {name}\n\nThis model has no card. Source: {source}. Licence of the weights: {licence}.\n"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that the same picks give the same file


def read_picks(content: Any, models: Sequence[ServedModel]) -> list[tuple[int, ImageKey]]:
    """What was picked, checked.

    Args:
        content: what came from outside, `{"picks": [{"run": 0, "seed": 1, "number": 2, ...}, ...]}`.
        models: list of `ServedModel`.

    Returns:
        list of (index of a model, `ImageKey`).

    Raises:
        UserError: for anything else, no pick, or more than `MOST_PICKS`.
    """
    picks = content.get("picks") if isinstance(content, dict) else None
    if not isinstance(picks, list) or not 0 < len(picks) <= MOST_PICKS:
        received = f"{len(picks)} picks" if isinstance(picks, list) else content
        raise checks.user_error("picks", f"a list of 1 to {MOST_PICKS} images", received)
    keys = []
    for pick in picks:
        if not isinstance(pick, dict) or not {"seed", "number"} <= set(pick) <= FIELDS:
            raise checks.user_error("picks", 'such as {"run": 0, "seed": 1, "number": 2}', pick)
        run = checks.check_integer("run", pick.get("run", 0), least=0, most=len(models) - 1)
        key = models[run].key(pick["seed"], pick["number"], pick.get("label"), pick.get("truncation"))
        keys.append((run, key))
    return keys


def zip_picks(picks: Sequence[tuple[int, ImageKey]], models: Sequence[ServedModel]) -> bytes:
    """The zip file of picked images, bytes: PNG files, `picks.json` and a card for each model.

    Args:
        picks: list of (index of a model, `ImageKey`), as `read_picks` returns it.
        models: list of `ServedModel`.
    """
    stream = io.BytesIO()
    rows, names = [], folder_names(models)
    with zipfile.ZipFile(stream, "w") as archive:

        def write(name: str, content: bytes | str, method: int) -> None:
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, method)

        for run in sorted({run for run, _ in picks}):
            write(f"{names[run]}/README.md", card_text(models[run]), zipfile.ZIP_DEFLATED)
        for run, key in dict.fromkeys(picks):
            label = "" if key.label is None else f"_class_{key.label}"
            file = f"{names[run]}/seed_{key.seed}_image_{key.number:05}{label}_{key.truncation:g}.png"
            write(file, models[run].png(key), zipfile.ZIP_STORED)
            rows.append({"file": file, "model": models[run].name, **dataclasses.asdict(key)})
        notes = {PACKAGE: __version__, "images": rows}
        write("picks.json", json.dumps(notes, indent=2, ensure_ascii=False) + "\n", zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def card_text(model: ServedModel) -> str:
    """The card of a `ServedModel`, or what is known of its source and licence."""
    spec = model.spec
    source, licence = spec.source.rstrip(".") or "not stated", spec.licence or "not stated"
    return model.card or NO_CARD.format(name=model.name, source=source, licence=licence)


def folder_names(models: Sequence[ServedModel]) -> list[str]:
    """A folder name for each model: its own without special signs, numbered where two are the same."""
    names = ["".join(c if c.isalnum() or c in "-_" else "_" for c in model.name)[-60:] or "model" for model in models]
    return [name if names.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(names, start=1)]

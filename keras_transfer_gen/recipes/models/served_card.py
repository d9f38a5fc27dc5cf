"""The model card that goes with an export: that of the model, or a short one of what is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.models.resolve import KERAS, ModelRef, resolve_model
from keras_transfer_gen.recipes.report.card import NO_LICENCE, Section, build_card, describe_images
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.saved_model_layout import CARD_FILE

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


def served_card(model: Any, spec: ModelSpec, trust: bool = False) -> str:
    """Text of a model card, with the licence, and with scores where the model has a card of its own.

    Args:
        model: a name of a model, a `ModelRef`, or a loaded model, which has no card of its own.
        spec: its `ModelSpec`.
        trust: as in `resolve_model`.
    """
    if not isinstance(model, (str, os.PathLike, ModelRef)):
        return _short_card("model", spec)
    ref = resolve_model(model, trust)
    own = next((file for file in _own_cards(ref) if file.is_file()), None)
    return own.read_text(encoding="utf-8") if own else _short_card(Path(str(ref.name)).stem or "model", spec)


def _own_cards(ref: ModelRef) -> list[Path]:
    """Files in which the card of a model may stand."""
    run = RunFolder(ref.name)
    if run.exists:
        return [run.card_file]
    if ref.preset:
        return [Path(ref.path).parent / "README.md"]
    return [] if ref.kind == KERAS else [Path(ref.path) / CARD_FILE]


def _short_card(name: str, spec: ModelSpec) -> str:
    facts = [
        f"- **Images**: {describe_images(spec)}",
        f"- **Latents**: {spec.latent_dim}, distribution: {spec.distribution}, truncation {spec.truncation:g}",
        f"- **Classes**: {spec.num_classes or 'none'}",
        f"- **Source**: {spec.source or 'not stated'}",
        f"- **Licence**: {spec.licence or NO_LICENCE}",
        "- **Scores**: not measured with this model. `ktg evaluate` measures them.",
    ]
    return build_card(name, "An image generator, exported with keras_transfer_gen.", {}, [Section("Facts", facts)])

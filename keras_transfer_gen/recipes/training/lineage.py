"""Where a trained model comes from, in words, for its spec and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.settings.shared import RunSettings
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
    from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings


def adapted_from(settings: FineTuneSettings | FineTuneVaeSettings | FineTuneVqSettings, before: str) -> str:
    """Text of an adapted model; `before` is what is known of its source's own origin, or ""."""
    sentence = f"Adapted from {settings.source} on {settings.data}."
    return f"{sentence} The source: {before}" if before else sentence


def trained_on(settings: RunSettings) -> str:
    """Text of a model that was trained from new weights."""
    return f"Trained from nothing on {settings.data}."

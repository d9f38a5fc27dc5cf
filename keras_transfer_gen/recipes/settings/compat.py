"""Settings as version 0.1 recorded them in config.json, under today's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_transfer_gen.recipes.settings import old_names
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings

CLASSES = (
    FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings, PretrainSettings, PretrainVaeSettings,
    PretrainVqSettings,
)  # fmt: skip


def from_recorded(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded settings with today's names and values; what is not renamed stays.

    Args:
        recorded: dict with the names of settings among its keys: "settings", "resolved" or one of "stages" of a
            config.json.

    Returns:
        A new dict in the same order.

    Example:
        >>> from_recorded({"kimg": 20.0, "rate_ratio": 4.0, "method": "miner"})
        {'kimg': 20.0, 'g_lr_ratio': 4.0, 'method': 'minegan'}
    """
    current = dict(recorded)
    for cls in CLASSES:
        current, _ = old_names.with_new_names(settings_of(cls), current)
    return current

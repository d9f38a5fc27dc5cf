"""The outcome of a finished run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.training.family import family_of

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.shared import RunSettings
    from keras_transfer_gen.recipes.training.family import ResultTable


def result_table(settings: RunSettings, metrics: dict[str, Any]) -> ResultTable:
    """The `family.ResultTable` of a run.

    Args:
        settings: those that it was made with.
        metrics: what `fine_tune` or `pretrain` returned.
    """
    return family_of(settings).result_table(settings, metrics)

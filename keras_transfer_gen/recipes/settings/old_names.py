"""Names and values that settings had in an earlier release: they work for one release more, with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.fields import Setting


def with_new_names(
    settings: Mapping[str, Setting], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Arguments under today's names, and what was renamed.

    Args:
        settings: {name: `Setting`} of a settings class.
        arguments: {name: value}, with names and values of today or of an earlier release.

    Returns:
        ({name: value}, [(old, new), ...]): the pairs are names and their value where that was renamed, such as
        ("rate_ratio", "g_lr_ratio") and ("method='miner'", "method='minegan'").

    Raises:
        UserError: where a setting is given under its old and under its new name.
    """
    names, values = renamed_tables(settings)
    current, renamed = {}, []
    for name, value in arguments.items():
        today = names.get(name, name)
        if today != name:
            renamed.append((name, today))
            if today in arguments:
                hint = f"It is the old name of `{today}`. Give {today}= alone."
                raise checks.user_error(name, f"left out beside `{today}`", value, hint)
        if isinstance(value, str) and (today, value) in values:
            new = values[today, value]
            renamed.append((f"{today}={value!r}", f"{today}={new!r}"))
            value = new
        current[today] = value
    return current, renamed


def renamed_tables(settings: Mapping[str, Setting]) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """({old name: name}, {(name, old value): value}) of {name: `Setting`}."""
    names = {old: name for name, described in settings.items() for old in described.definition.old_names}
    values = {
        (name, old): new for name, described in settings.items() for old, new in described.definition.old_values.items()
    }
    return names, values

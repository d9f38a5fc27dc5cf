"""Makers of the checks that settings name: functions (name, value, flag) -> the value to store."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, tables

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.fields import Check


def number(such_as: str, *, above: bool = False, most: float = math.inf, note: str = "") -> Check:
    """A check for a number from 0 on.

    Args:
        such_as: an example, for the error.
        above: whether 0 itself is refused.
        most: the upper bound, allowed itself.
        note: words after the example.
    """

    def check(name: str, value: Any, flag: str) -> float:
        hint = f"Such as {flag} {such_as}{note}."
        return checks.check_number(name, value, above=above, most=most, next_step=hint)

    return check


def integer(such_as: str, *, least: int = 1) -> Check:
    """A check for a whole number of at least `least`; `such_as` is an example for the error."""

    def check(name: str, value: Any, flag: str) -> int:
        return checks.check_integer(name, value, least=least, next_step=f"Such as {flag} {such_as}.")

    return check


def choice(choices: Callable[[], Collection[Any]]) -> Check:
    """A check for one of what the function `choices` returns."""

    def check(name: str, value: Any, flag: str) -> Any:
        return checks.check_choice(name, value, choices(), f"Set it with {flag}.")

    return check


def entry(table: tables.Table, *, none: bool = False) -> Check:
    """A check for a text such as "r1" or "r1:gamma=2" whose name is in a table.

    Args:
        table: one of the tables of `tables`.
        none: whether "none" is allowed as well.
    """

    def check(name: str, value: Any, flag: str) -> Any:
        hint = f"Set it with {flag}."
        if none and not (isinstance(value, str) and ":" in value):
            return checks.check_choice(name, value, [*table, "none"], hint)
        tables.check_entry(name, value, table, hint)
        return value

    return check


def entries(table: tables.Table) -> Check:
    """A check for several such texts: gives a tuple."""
    check_one = entry(table)

    def check(name: str, value: Any, flag: str) -> tuple[str, ...]:
        return tuple(check_one(name, text, flag) for text in texts(name, value, flag))

    return check


def path(name: str, value: Any, flag: str) -> str:
    """A check for a path or an address: gives its text."""
    try:
        return os.fspath(value)
    except TypeError:
        raise checks.user_error(name, "a path or text", value, f"Such as {flag} photos.") from None


def texts(name: str, value: Any, flag: str) -> tuple[str, ...]:
    """A check for several texts: gives a tuple."""
    if isinstance(value, str) or not all(isinstance(text, str) for text in value):
        hint = f"Give a list in Python; on the command line, {flag} once for each."
        raise checks.user_error(name, "a list of texts", value, hint)
    return tuple(value)

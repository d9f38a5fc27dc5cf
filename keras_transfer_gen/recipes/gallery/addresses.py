"""What the words of an address mean, and what is answered where they mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.gallery.served_model import ServedModel


class Refusal(Exception):
    """An answer that is none: its status and a sentence."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.headers = status, headers or {}


def model_of(models: Sequence[ServedModel], run: str) -> ServedModel:
    """The model of a number, text; a `Refusal` where there is none."""
    if not run.isdecimal() or int(run) >= len(models):
        raise Refusal(404, f"There is no run {run}; there are {len(models)}, numbered from 0.")
    return models[int(run)]


def integer_in(text: str | None) -> Any:
    """The whole number that a text is, None of None; other texts are left to the check that says what is expected."""
    try:
        return int(text) if text is not None and len(text) <= 20 else text
    except ValueError:
        return text


def number_in(text: str | None) -> Any:
    """The number that a text is, None of None; other texts are left to the check, as in `integer_in`."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text

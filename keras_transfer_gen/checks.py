"""Errors that a user can mend: one class a kind, one template, and the checks that several layers share.

Imports the standard library alone, so that the command line can report an error before anything heavy is loaded.
"""

from __future__ import annotations

import contextlib
import difflib
import math
import numbers
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any


class UserError(ValueError):
    """Something that the caller gave can't be used; the message says what to do.

    Example:
        >>> try:
        ...     raise user_error("num", "a number from 1 on", 0, "Such as --num 16.")
        ... except UserError as error:
        ...     print(error)
        `num` must be a number from 1 on. Received: num=0. Such as --num 16.
    """

    parts = None  # the arguments of `message`, where it follows the template


class UserFileError(OSError):
    """A file or folder that the caller named can't be used; the message says what to do."""

    parts = None


class UserImportError(ImportError):
    """An optional package is missing or a setting of the environment forbids the work."""


class Interrupted(Exception):
    """A signal stopped the work and what could be saved is saved; the message says how to go on.

    Args:
        text: the message.
        preempted: whether all is saved and the signal was not a person's, so that the command has done its part.
    """

    def __init__(self, text: str = "", preempted: bool = False) -> None:
        super().__init__(text)
        self.preempted = preempted


USER_ERRORS = (UserError, UserFileError, UserImportError)
SHOWN = 200  # about how many characters of a value a message shows


def message(name: str, expected: str, received: object, next_step: str = "") -> str:
    """The one form of an argument error.

    Args:
        name: the argument as the caller wrote it, such as "image_size".
        expected: what it must be, as in "must be {expected}".
        received: the value; shown by `shorten`.
        next_step: a sentence that says what to do, naming the argument and the --flag.

    Example:
        >>> message("batch_size", "a positive integer", 0)
        '`batch_size` must be a positive integer. Received: batch_size=0.'
    """
    return f"`{name}` must be {expected}. Received: {name}={shorten(received)}. {next_step}".rstrip()


def user_error(name: str, expected: str, received: object, next_step: str = "") -> UserError:
    """A `UserError` with the standard message; raise what it returns."""
    return _with_parts(UserError, name, expected, received, next_step)


def file_error(name: str, expected: str, received: object, next_step: str = "") -> UserFileError:
    """A `UserFileError` with the standard message; raise what it returns."""
    return _with_parts(UserFileError, name, expected, str(received), next_step)


def _with_parts(kind: Callable[[str], Any], *parts: Any) -> Any:
    error = kind(message(*parts))
    error.parts = parts
    return error


def shorten(value: Any, length: int = SHOWN, depth: int = 4) -> str:
    """What a message shows of a value: its `repr` where that is short.

    An array is shown by its dtype and shape. Of a long list, tuple, set or dict the first items are shown and how many
    there are; of a long text its beginning, its end and how long it is.

    Args:
        value: anything.
        length: about how many characters the result may have.
        depth: how many levels of nested collections are shown.

    Returns:
        str on one line.

    Example:
        >>> shorten(["a", 3]), shorten(list(range(10_000)), length=20)
        ("['a', 3]", '[0, 1, 2, 3, 4, 5, 6, ... (10,000 in all)]')
    """
    is_array = hasattr(value, "__array__") and hasattr(value, "dtype") and not isinstance(value, type)
    if is_array and getattr(value, "shape", None):
        return f"array {getattr(value.dtype, 'name', value.dtype)} {list(value.shape)}"
    if type(value) in _BRACKETS and value:
        return _shorten_items(value, length, depth)
    text = " ".join(repr(value).split("\n"))
    if len(text) <= length:
        return text
    end = length // 3
    size = f" ({len(value):,} characters)" if isinstance(value, str) else ""
    return f"{text[: length - end]}...{text[-end:]}{size}"


_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("{", "}"), dict: ("{", "}"),
}  # fmt: skip


def _shorten_items(items: Any, length: int, depth: int) -> str:
    """The first items of a collection that isn't empty, in its brackets."""
    opening, closing = _BRACKETS[type(items)]
    if depth == 0:
        return f"{opening}...{closing}"
    texts: list[str] = []
    left = length
    for item in items:
        text = shorten(item, max(left, 20), depth - 1)
        if isinstance(items, dict):
            text += f": {shorten(items[item], max(left - len(text), 20), depth - 1)}"
        if texts and len(text) > left:
            texts.append(f"... ({len(items):,} in all)")
            break
        texts.append(text)
        left -= len(text) + 2
    if type(items) is tuple and len(items) == 1:
        closing = ",)"
    return opening + ", ".join(texts) + closing


@contextlib.contextmanager
def named(**names: str) -> Iterator[None]:
    """Errors that are raised inside name arguments as the caller wrote them.

    The function that reads images calls its argument `source`; the caller may have called it `reference`. The argument
    of the template changes its name, and so do `source=` and `--source` in the next step (or in the whole of an error
    without the template).

    Args:
        **names: the name inside -> the name that the caller used; in capitals where it has no --flag.

    Example:
        >>> with named(source="real"):
        ...     raise user_error("source", "a folder", 1, "Check source= (--source).")
        Traceback (most recent call last):
        keras_transfer_gen.checks.UserError: `real` must be a folder. Received: real=1. Check real= (--real).
    """
    try:
        yield
    except (UserError, UserFileError) as error:
        if error.parts is None:
            error.args = (_renamed(str(error), names),)
        else:
            name, expected, received, next_step = error.parts
            error.parts = (names.get(name, name), expected, received, _renamed(next_step, names))
            error.args = (message(*error.parts),)
        raise


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """`text` with `old=` and `--old` under their new names, all at once."""

    def new(match: re.Match[str]) -> str:
        dashes, old = match.groups()
        name = names[old.replace("-", "_")]
        return f"--{name.replace('_', '-')}" if dashes and not name.isupper() else name

    either = "|".join(re.escape(form) for name in names for form in {name, name.replace("_", "-")})
    return re.sub(rf"(?<![\w./-])(--)?({either})(?![\w-])(?(1)|(?==))", new, text)


def nearest(word: object, choices: Iterable[Any], most: int = 3, likeness: float = 0.4) -> str:
    """The choices most like `word`, best first, as a comma-separated string ("" where none is like it).

    Of numbers, those next to it below and above.

    Args:
        word: what was received.
        choices: list of what would do.
        most: how many are named at most.
        likeness: from 0 to 1, how like a choice must be to be named (`difflib`'s ratio).
    """
    if all(_is_number(item) for item in (word, *choices)):
        below = [item for item in choices if item <= word]
        above = [item for item in choices if item > word]
        return ", ".join(map(str, sorted(below)[-1:] + sorted(above)[:1]))
    return ", ".join(difflib.get_close_matches(str(word), [str(choice) for choice in choices], most, likeness))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


MOST_CHOICES = 40  # that a message lists


def check_choice(name: str, value: Any, choices: Collection[Any], next_step: str = "") -> Any:
    """Returns `value`, or raises a `UserError` that lists the choices.

    Args:
        name: the argument's name.
        value: what the caller gave.
        choices: the allowed values, in the order in which they are listed.
        next_step: a sentence for the end of the message.
    """
    choices = list(choices)
    if value in choices:
        return value
    like = nearest(value, choices)
    hint = f"Did you mean {like}? {next_step}" if like else next_step
    raise user_error(name, "one of " + _list_choices(choices), value, hint)


def _list_choices(choices: Any) -> str:
    """The choices, or the first ones of very many."""
    listed = ", ".join(map(repr, choices[:MOST_CHOICES]))
    return listed if len(choices) <= MOST_CHOICES else f"{listed}, ... ({len(choices):,} in all)"


def check_integer(name: str, value: Any, least: float = 1, most: float | None = None, next_step: str = "") -> int:
    """Returns `value` as int, or raises a `UserError`; a bool is not an integer here."""
    bounds = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise user_error(name, bounds, value, next_step)
    return int(value)


def check_number(
    name: str, value: Any, least: float = 0.0, above: bool = False, most: float = math.inf, next_step: str = ""
) -> float:
    """Returns `value` as float, or raises a `UserError`; NaN and infinity are refused.

    Args:
        name: the argument's name.
        value: what the caller gave.
        least: the lower bound.
        above: True where the lower bound itself is refused.
        most: the upper bound, allowed itself.
        next_step: a sentence for the end of the message.
    """
    inside = _is_number(value) and (value > least if above else value >= least) and value <= most and value < math.inf
    if not inside:
        bound = f"a number {'above' if above else 'of at least'} {least:g}"
        raise user_error(name, bound if most == math.inf else f"{bound} and at most {most:g}", value, next_step)
    return float(value)


IMAGE_SIZES = (28, 32, 64, 128, 256)
CHANNELS = (1, 3)
RESIZE_MODES = ("crop", "pad")


def check_image_shape(image_size: Any, channels: Any) -> tuple[int, int]:
    """Returns (image_size, channels), or raises a `UserError`: 28 or a power of two from 32 to 256; 1 or 3."""
    check_choice("image_size", image_size, IMAGE_SIZES, "Choose one with image_size= or --image-size.")
    check_choice("channels", channels, CHANNELS, "Choose 1 (grey) or 3 (RGB) with channels= or --channels.")
    return image_size, channels


def check_backend() -> None:
    """Raises a `UserImportError` where Keras runs on another backend than TensorFlow."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise UserImportError(
            "keras_transfer_gen needs Keras on its TensorFlow backend. "
            f"Received: KERAS_BACKEND={keras.backend.backend()!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
        )

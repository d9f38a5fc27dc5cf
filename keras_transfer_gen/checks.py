"""Errors that a user can mend: one class a kind, one template, and the checks that several layers share.

Imports the standard library alone, so that the command line can report an error before anything heavy is loaded.
"""

import contextlib
import difflib
import math
import numbers
import re


class UserError(ValueError):
    """Something that the caller gave can't be used; the message says what to do."""

    parts = None  # the arguments of `message`, where it follows the template


class UserFileError(OSError):
    """A file or folder that the caller named can't be used; the message says what to do."""

    parts = None


class UserImportError(ImportError):
    """An optional package is missing or a setting of the environment forbids the work."""


class Interrupted(Exception):
    """The user stopped the work and everything is saved; the message says how to go on."""


USER_ERRORS = (UserError, UserFileError, UserImportError)


def message(name, expectation, value, next_step=""):
    """The one form of an argument error.

    Args:
        name: the argument as the caller wrote it, such as "image_size".
        expectation: what it must be, as in "must be {expectation}".
        value: what was received; shown with `repr`.
        next_step: a sentence that says what to do, naming the argument and the --flag.

    Example:
        >>> message("batch_size", "a positive integer", 0)
        '`batch_size` must be a positive integer. Received: batch_size=0.'
    """
    return f"`{name}` must be {expectation}. Received: {name}={value!r}. {next_step}".rstrip()


def user_error(name, expectation, value, next_step=""):
    """A `UserError` with the standard message; raise what it returns."""
    return _told(UserError, name, expectation, value, next_step)


def file_error(name, expectation, value, next_step=""):
    """A `UserFileError` with the standard message; raise what it returns."""
    return _told(UserFileError, name, expectation, str(value), next_step)


def _told(kind, *parts):
    error = kind(message(*parts))
    error.parts = parts
    return error


@contextlib.contextmanager
def named(**names):
    """Errors from inside speak of arguments as the caller wrote them.

    What reads images calls them `source`, whoever asked for them; here they may be `reference`. The argument of the
    template changes its name, and so do `source=` and `--source` in what to do next (or in the whole of an error
    without the template).

    Args:
        **names: the name inside -> the name that the caller knows; in capitals where it has no --flag.

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
            name, expectation, value, next_step = error.parts
            error.parts = (names.get(name, name), expectation, value, _renamed(next_step, names))
            error.args = (message(*error.parts),)
        raise


def _renamed(text, names):
    """`text` with `old=` and `--old` under their new names, all at once."""

    def new(match):
        flag, name = match.groups()
        told = names[name.replace("-", "_")]
        return f"--{told.replace('_', '-')}" if flag and not told.isupper() else told

    either = "|".join(re.escape(form) for name in names for form in {name, name.replace("_", "-")})
    return re.sub(rf"(?<![\w./-])(--)?({either})(?![\w-])(?(1)|(?==))", new, text)


def nearest(word, choices, most=3):
    """The choices most like `word`, best first, as a comma-separated string ("" where none is like it).

    Of numbers, those next to it below and above.
    """
    if all(_is_number(item) for item in (word, *choices)):
        below = [item for item in choices if item <= word]
        above = [item for item in choices if item > word]
        return ", ".join(map(str, sorted(below)[-1:] + sorted(above)[:1]))
    return ", ".join(difflib.get_close_matches(str(word), [str(choice) for choice in choices], most, 0.4))


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_choice(name, value, choices, next_step=""):
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
    raise user_error(name, "one of " + ", ".join(map(repr, choices)), value, hint)


def check_integer(name, value, least=1, most=None, next_step=""):
    """Returns `value` as int, or raises a `UserError`; a bool is not an integer here."""
    bounds = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise user_error(name, bounds, value, next_step)
    return int(value)


def check_number(name, value, least=0.0, above=False, most=math.inf, next_step=""):
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


def check_image_shape(image_size, channels):
    """Returns (image_size, channels), or raises a `UserError`: 28 or a power of two from 32 to 256; 1 or 3."""
    check_choice("image_size", image_size, IMAGE_SIZES, "Choose one with image_size= or --image-size.")
    check_choice("channels", channels, CHANNELS, "Choose 1 (grey) or 3 (RGB) with channels= or --channels.")
    return image_size, channels


def check_backend():
    """Raises a `UserImportError` where Keras runs on another backend than TensorFlow."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise UserImportError(
            "keras_transfer_gen needs Keras on its TensorFlow backend. "
            f"Received: KERAS_BACKEND={keras.backend.backend()!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
        )

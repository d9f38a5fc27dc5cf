"""The text form of an entry of a table, such as "l2sp:weight=0.01,roles=generator". Standard library alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from keras_transfer_gen import checks

FORM = 'Write it as NAME or NAME:ARGUMENT=VALUE,ARGUMENT=VALUE, such as "l2sp:weight=0.01,roles=generator".'
HIDDEN = ("every",)  # older names of arguments
_NAME = re.compile(r"[A-Za-z]\w*")
_WORDS = {"true": True, "false": False, "none": None}


def parse_entry(text: str, argument: str = "entry") -> tuple[str, dict[str, Any]]:
    """The name and the constructor arguments that a text form holds; neither is looked up.

    A value is a number, `true`, `false`, `none` or text; several values are joined by "+".

    Args:
        text: such as "l2sp:weight=0.01,roles=generator".
        argument: what the caller calls it, for errors.

    Returns:
        (name, dict of the arguments).

    Raises:
        UserError: where it does not have this form.

    Example:
        >>> parse_entry("l2sp:weight=0.01,roles=generator+discriminator")
        ('l2sp', {'weight': 0.01, 'roles': ['generator', 'discriminator']})
    """
    name, colon, rest = text.partition(":")
    if not _NAME.fullmatch(name.strip()):
        raise checks.user_error(argument, "a name, with its arguments after a colon", text, FORM)
    arguments = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not _NAME.fullmatch(key) or not value:
            hint = f'{FORM} Several values of one argument are joined by "+".'
            raise checks.user_error(argument, "arguments written as ARGUMENT=VALUE", text, hint)
        if key in arguments:
            raise checks.user_error(argument, f"text that gives {key} once", text, FORM)
        arguments[key] = _value(value)
    return name.strip(), arguments


def arguments_of(constructor: Callable[..., Any]) -> dict[str, Any]:
    """The arguments that a class or function takes by name: dict of name -> default.

    The default is `inspect.Parameter.empty` where there is none. Where a class passes `**kwargs` on, those of its base
    classes are among them, but not those of Keras' own layers, such as `name`.
    """
    functions = [constructor]
    if inspect.isclass(constructor):
        functions = [
            vars(base)["__init__"] for base in constructor.__mro__ if _is_own(base) and "__init__" in vars(base)
        ]
    arguments: dict[str, Any] = {}
    for function in functions:
        parameters = list(inspect.signature(function).parameters.values())[inspect.isclass(constructor) :]
        for parameter in parameters:
            if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
                arguments.setdefault(parameter.name, parameter.default)
        if all(parameter.kind != inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {name: default for name, default in arguments.items() if name not in HIDDEN}


def _is_own(base: type) -> bool:
    return base is not object and base.__module__.partition(".")[0] != "keras"


def check_arguments(argument: str, text: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raises a `UserError` for an argument that there is not, or whose value is of another type than its default.

    Args:
        argument: what the caller calls the text, such as "regularizer".
        text: the whole text, for the error.
        arguments: dict as `parse_entry` returns it.
        known: dict as `arguments_of` returns it.
    """
    name = text.partition(":")[0]
    for key, value in arguments.items():
        if key not in known:
            listed = ", ".join(known) or "none"
            like = checks.nearest(key, known, most=1)
            hint = f"Did you mean {like}?" if like else f"Such as {argument}={name!r} (--{_flag(argument)} {name})."
            raise checks.user_error(argument, f"{name} with arguments that it has: {listed}", text, hint)
        expected = _expected(known[key])
        if expected and not expected[1](value):
            hint = f"Such as {name}:{key}={_written(known[key])}."
            raise checks.user_error(argument, f"{name} whose {key} is {expected[0]}", text, hint)
    missing = [key for key, default in known.items() if default is inspect.Parameter.empty and key not in arguments]
    if missing:
        hint = f"Write it as {name}:{','.join(f'{key}=VALUE' for key in missing)}."
        raise checks.user_error(argument, f"{name} with {', '.join(missing)}", text, hint)


def _value(text: str) -> Any:
    """The value that a text stands for: a number, a bool, None, text, or a list of them."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return [_value(part) for part in text.split("+")] if "+" in text.strip("+") else text


def _expected(default: Any) -> tuple[str, Callable[[Any], bool]] | None:
    """(words, test of a value) for values like a default; None where the default does not tell."""
    if isinstance(default, bool):
        return "true or false", lambda value: isinstance(value, bool)
    if isinstance(default, (int, float)):
        return "a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, str):
        return "text", lambda value: isinstance(value, (str, list))
    return None


def _written(default: Any) -> str:
    """A default as the text form has it."""
    return str(default).lower() if isinstance(default, bool) else str(default).replace(",", "+")


def _flag(argument: str) -> str:
    return argument.replace("_", "-")

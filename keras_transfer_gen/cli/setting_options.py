"""The options of a training command, generated from the settings of both families: each setting is defined once."""

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Sequence

import typer
from rich.markup import escape

from keras_transfer_gen.cli.completion import complete_models, complete_runs
from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.compat import CLASSES
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.shared import RunSettings
from keras_transfer_gen.recipes.settings.third_party import ThirdPartySettings

COMPLETIONS = {"source": complete_models, "out": complete_runs}
SettingsClass: typing.TypeAlias = type[RunSettings] | type[ThirdPartySettings]
NAMES = {"gan": "GAN", "vae": "VAE", "vq": "VQ-VAE"}
TELLING_PANELS = (fields.VAES, fields.TOKENS, fields.THIRD_PARTY)  # their names say whom they are for


class Arguments(dict[str, typing.Any]):
    """{name of a setting: value} of what the user gave; defaults are left to the settings."""


def with_settings(
    *classes: SettingsClass, names: Collection[str] | None = None
) -> Callable[[Callable[..., typing.Any]], Callable[..., typing.Any]]:
    """Decorator: puts an option for each setting in the place of a command's parameter of the type `Arguments`.

    Typer reads a command's signature, so the options are written into it.

    Args:
        *classes: the settings class of each family that the command is for, the usual one first.
        names: of the settings; all by default.
    """

    def decorate(command: Callable[..., typing.Any]) -> Callable[..., typing.Any]:
        signature = inspect.signature(command)
        (replaced,) = [name for name, p in signature.parameters.items() if p.annotation is Arguments]
        options = option_parameters(classes, names)

        @functools.wraps(command)
        def run(**values: typing.Any) -> typing.Any:
            arguments = Arguments({name: value for name in options if not _is_left_out(value := values.pop(name))})
            return command(**{replaced: arguments}, **values)

        return replace_parameter(run, signature, replaced, options.values())

    return decorate


def replace_parameter(
    run: Callable[..., typing.Any], signature: inspect.Signature, replaced: str, options: Iterable[inspect.Parameter]
) -> Callable[..., typing.Any]:
    """`run` with the signature of a command in which one parameter is replaced by options; all are keywords.

    Args:
        run: the wrapper of the command.
        signature: `inspect.Signature` of the command.
        replaced: name of the parameter to replace.
        options: `inspect.Parameter`s.
    """
    parameters = []
    for name, parameter in signature.parameters.items():
        keyword = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += options if name == replaced else [keyword]
    return _with_signature(run, signature, parameters)


def replace_parameters(
    run: Callable[..., typing.Any],
    signature: inspect.Signature,
    replaced: str,
    options: Iterable[inspect.Parameter],
    after: str,
) -> Callable[..., typing.Any]:
    """`run` with the signature of a command to which options are added behind one of its own.

    Args:
        run: the wrapper of the command.
        signature: `inspect.Signature` of the command; all its parameters are keywords.
        replaced: name of a parameter that is left out, where there is one.
        options: `inspect.Parameter`s.
        after: name of the parameter that they follow.
    """
    parameters = [parameter for name, parameter in signature.parameters.items() if name != replaced]
    index = [parameter.name for parameter in parameters].index(after) + 1
    return _with_signature(run, signature, [*parameters[:index], *options, *parameters[index:]])


def _with_signature(
    run: typing.Any, signature: inspect.Signature, parameters: Sequence[inspect.Parameter]
) -> Callable[..., typing.Any]:
    run.__signature__ = signature.replace(parameters=parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _is_left_out(value: object) -> bool:
    """Typer gives None, False or an empty list for what the user did not give."""
    return value is None or value is False or value == []


def option_parameters(
    classes: Sequence[SettingsClass], names: Collection[str] | None = None
) -> dict[str, inspect.Parameter]:
    """Options for settings, sorted by panel and order.

    Args:
        classes: settings classes; a setting that several have is one option.
        names: of the settings; all by default.

    Returns:
        {name: `inspect.Parameter`}.
    """
    tables = [settings_of(cls) for cls in classes]
    merged = {name: described for table in reversed(tables) for name, described in table.items()}

    def key(name: str) -> tuple[int, int]:
        definition = merged[name].definition
        return fields.PANELS.index(definition.panel), definition.order

    flags = {name: described.flag for name, described in merged.items()}
    return {
        name: _parameter(merged[name], help_of(name, classes, flags))
        for name in sorted(merged, key=key)
        if names is None or name in names
    }


def _parameter(described: fields.Setting, text: str) -> inspect.Parameter:
    option = typer.Option(
        described.flag, help=text, show_default=False, rich_help_panel=described.definition.panel,
        autocompletion=COMPLETIONS.get(described.name),
    )  # fmt: skip
    kind = option_type(described.type)
    annotation: typing.Any = typing.Annotated[kind if described.required else kind | None, option]
    default = inspect.Parameter.empty if described.required else None
    return inspect.Parameter(described.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def option_type(annotation: typing.Any) -> typing.Any:
    """The type that Typer reads an option as: bool, int, float, str, or a list of texts for a tuple.

    Example:
        >>> option_type(float | None), option_type(str | int | None)
        (<class 'float'>, <class 'str'>)
    """
    kinds = set(typing.get_args(annotation)) if isinstance(annotation, types.UnionType) else {annotation}
    kinds -= {types.NoneType}
    if str in kinds:
        return str
    (kind,) = kinds
    return list[str] if kind is tuple else kind


def help_of(name: str, classes: Sequence[SettingsClass], flags: dict[str, str]) -> str:
    """The help of an option: what it is, what it takes and what it is by default, of each family where they differ.

    Args:
        name: of the setting.
        classes: settings classes, the usual one first.
        flags: {name: flag} of the settings that a help may refer to.
    """
    known = {cls.family: settings_of(cls)[name] for cls in classes if name in settings_of(cls)}
    usual = next(iter(known.values()))
    parts = [usual.definition.help]
    parts.append(_of_each(known, lambda described: " | ".join(map(str, (described.definition.choices or tuple)()))))
    default = _of_each(known, fields.Setting.default_words)
    parts.append(default and f"Default: {default}")
    if len(known) < len(classes) and usual.definition.panel not in TELLING_PANELS:
        parts.append(f"{' and '.join(f'{NAMES[family]}s' for family in known)} only.")
    text = " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)
    text = re.sub(r"`(\w+)`", lambda match: flags.get(match[1], match[1]), text)
    return escape(text)


def _of_each(known: dict[str, fields.Setting], words: Callable[[fields.Setting], str]) -> str:
    """`words` of a setting, once where the families agree, else "... of the usual one; VAE: ..."."""
    texts = {family: words(described) for family, described in known.items()}
    usual, *others = texts.items()
    more = [f"{NAMES[family]}: {text}" for family, text in others if text != usual[1] and text]
    return "; ".join([usual[1], *more]) if usual[1] else "; ".join(more)


def old_flags() -> dict[str, str]:
    """{option of an earlier release: option today} of every setting."""
    return {
        old: described.flag for cls in CLASSES for described in settings_of(cls).values() for old in described.old_flags
    }

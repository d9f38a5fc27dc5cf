"""A setting is defined once: its type, default, help, check and place on the command line. Loads nothing heavy."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

from keras_transfer_gen.deprecation import warn_renamed
from keras_transfer_gen.recipes.settings import old_names

# The headings under which `--help` shows options, in this order. What matters first has no heading of its own.
FIRST = "Options"
DATA = "Data"
SOURCE = "Source"
NETWORK = "Network"
TRAINS = "What trains"
OPTIMISATION = "Optimisation"
SCORING = "Scoring"
MACHINE = "Machine"
VAES = "VAEs"
TOKENS = "VQ-VAEs"
THIRD_PARTY = "Third-party models"
PANELS = (FIRST, DATA, SOURCE, NETWORK, TRAINS, OPTIMISATION, SCORING, MACHINE, VAES, TOKENS, THIRD_PARTY)

LAST = 100  # order of a setting that names none
WIDTH = 116  # characters in a line of a generated docstring
KEY = "keras_transfer_gen"  # of a field's metadata
Check: typing.TypeAlias = Callable[[str, Any, str], Any]
"""Of a setting: function (name, value, flag) -> the value to store."""
SettingsT = typing.TypeVar("SettingsT")


@dataclasses.dataclass(frozen=True)
class Definition:
    """What is known of a setting beside its name, type and default.

    Args:
        help: what it is, in one or two sentences; `` `name` `` refers to another setting.
        panel: one of `PANELS`.
        order: place among the options of its panel, from 0 on.
        check: function (name, value, flag) -> the value to store; raises a `UserError`. None allows everything. It is
            not called for None where that is the default.
        choices: function () -> the values that it takes, for the help; None where they can't be listed.
        by_default: what None means, in words.
        flag: option of the command line where it is not --name.
        old_names: names that it had in earlier releases.
        old_values: {value in an earlier release: value today}.
    """

    help: str
    panel: str
    order: int = LAST
    check: Check | None = None
    choices: typing.Callable | None = None
    by_default: str = ""
    flag: str | None = None
    old_names: tuple = ()
    old_values: dict = dataclasses.field(default_factory=dict)


def setting(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    panel: str,
    order: int = LAST,
    check: Check | None = None,
    choices: Callable[[], Iterable[Any]] | None = None,
    by_default: str = "",
    flag: str | None = None,
    old_names: tuple[str, ...] = (),
    old_values: dict[str, str] | None = None,
) -> Any:
    """A field of a settings class; without a default it must be given. The others are those of `Definition`."""
    definition = Definition(help, panel, order, check, choices, by_default, flag, old_names, old_values or {})
    return dataclasses.field(default=default, metadata={KEY: definition})


def redefined(
    cls: type,
    name: str,
    default: Any = dataclasses.MISSING,
    *,
    check: Check | None = None,
    choices: Callable[[], Iterable[Any]] | None = None,
    by_default: str | None = None,
) -> Any:
    """A field as in a parent class, with another default, check or words; what is left out stays.

    Args:
        cls: the parent, a settings class.
        name: of the field.
        default: the new default.
        check: see `Definition`, as the others.
        choices: as there.
        by_default: as there.
    """
    inherited = settings_of(cls)[name]
    changed: dict[str, Any] = {"check": check, "choices": choices, "by_default": by_default}
    definition = dataclasses.replace(
        inherited.definition, **{key: value for key, value in changed.items() if value is not None}
    )
    default = inherited.default if default is dataclasses.MISSING else default
    return dataclasses.field(default=default, metadata={KEY: definition})


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting as a class has it.

    Args:
        name: its name in Python.
        type: its type, such as `float | None`.
        default: its default, or `dataclasses.MISSING`.
        definition: `Definition`.
    """

    name: str
    type: object
    default: object
    definition: Definition

    @property
    def required(self) -> bool:
        """Whether it must be given (bool)."""
        return self.default is dataclasses.MISSING

    @property
    def flag(self) -> str:
        """Its option on the command line, such as "--batch-size"."""
        return self.definition.flag or flag_of(self.name)

    @property
    def old_flags(self) -> list[str]:
        """Its options in earlier releases, a list."""
        return [flag_of(name) for name in self.definition.old_names]

    def checked(self, value: Any) -> Any:
        """The value to store; raises a `UserError` for one that can't be used."""
        check = self.definition.check
        if check is None or (value is None and self.default is None):
            return value
        return check(self.name, value, self.flag)

    def default_words(self) -> str:
        """The default in words; "" where it must be given or is off."""
        if self.required or self.default is False or self.default == ():
            return ""
        if self.default is None or self.default == "":
            return self.definition.by_default
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


def flag_of(name: str) -> str:
    """The option of a setting without a flag of its own.

    Example:
        >>> flag_of("batch_size")
        '--batch-size'
    """
    return f"--{name.replace('_', '-')}"


def settings_of(cls: type) -> dict[str, Setting]:
    """{name: `Setting`} of a settings class, in the order of the fields."""
    return {
        field.name: Setting(field.name, field.type, field.default, field.metadata[KEY])
        for field in dataclasses.fields(cls)
    }


def check_settings(settings: Any) -> None:
    """Checks each setting by its definition, and stores what the check returns (text of paths, Python's numbers).

    Args:
        settings: an object of a settings class.

    Raises:
        UserError: for a value that can't be used.
    """
    for name, described in settings_of(type(settings)).items():
        object.__setattr__(settings, name, described.checked(getattr(settings, name)))


@typing.dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting, redefined))
def settings_class(cls: type[SettingsT]) -> type[SettingsT]:
    """Decorator: a frozen dataclass of keywords whose docstring lists its settings and which takes old names as well.

    An old name or value brings a `DeprecationWarning`; see `old_names`.
    """
    cls = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    plain = cls.__init__

    @functools.wraps(plain)
    def take_old_names(self: Any, **arguments: Any) -> None:
        arguments, renamed = old_names.with_new_names(settings_of(type(self)), arguments)
        for old, new in renamed:
            warn_renamed(f"{cls.__name__}: {old}", new)
        plain(self, **arguments)

    cls.__init__ = take_old_names  # type: ignore[method-assign]
    cls.__doc__ = f"{inspect.cleandoc(cls.__doc__)}\n\n{_listed(cls)}"
    return cls


def _listed(cls: type) -> str:
    """The sections of a docstring that name every setting."""
    lines = []
    for name, described in settings_of(cls).items():
        words = [described.definition.help]
        choices = described.definition.choices
        if choices is not None:
            words.append("One of " + ", ".join(f'"{choice}"' for choice in choices()) + ".")
        if default := described.default_words():
            words.append(f"Default: {default}.")
        lines += _wrapped(f"    {name}: {' '.join(words)}")
    return "\n".join(["Args:", *lines, "", "Raises:", "    UserError: for a value that can't be used.", ""])


def _wrapped(line: str) -> list[str]:
    lines = [""]
    for word in re.findall(r"\s*\S+", line):
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append(" " * 8 + word.strip())
        else:
            lines[-1] += word
    return lines

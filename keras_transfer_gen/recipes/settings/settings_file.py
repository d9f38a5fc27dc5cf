"""Settings from a file: YAML or JSON that a person wrote, or what a RUN recorded. Loads nothing heavy.

A file is one table of names and values. `command` and `model` may stand beside the settings. A RUN's config.json has
its settings under `settings`.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings import old_names
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.transfer.saved_model.spec_overrides import PIXEL_RANGES

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.settings.fields import Setting
    from keras_transfer_gen.recipes.settings.shared import RunSettings


SUFFIXES = (".yaml", ".yml", ".json")
CONFIG = "config.json"  # of a RUN
SETTINGS = "settings"  # the key of a RUN's settings in it
MOST_BYTES = 1_000_000  # no file of settings is larger
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", tuple: "a list of texts"}


@dataclasses.dataclass(frozen=True)
class SettingsFile:
    """What a file of settings says.

    Args:
        path: of the file.
        family: "gan" or "vae" where the file is for one of them alone, else None.
        values: {name of a setting: value}; what the file leaves empty is not in it.
        renamed: pairs of names of an earlier release and those of today that the file has.
    """

    path: Path
    family: str | None
    values: dict
    renamed: list


def is_settings_file(text: str) -> bool:
    """Whether a value of --config names a file of settings: by its suffix, or a RUN folder (bool)."""
    return text.lower().endswith(SUFFIXES) or (Path(text) / CONFIG).is_file()


def read_settings_file(
    path: PathLike, command: str, classes: Iterable[type[RunSettings]], names: Collection[str] | None = None
) -> SettingsFile:
    """Reads a file of settings, and checks its names, types and values; the settings check what fits together.

    Args:
        path: of a .yaml, .yml or .json file, or of a RUN folder.
        command: such as "finetune".
        classes: the settings class of each family that the command is for; files of the command that a class is named
            after are read too.
        names: of the settings that a file may set, where the command does not take all of them. What a RUN recorded of
            the others is left out.

    Returns:
        `SettingsFile`.

    Raises:
        UserFileError: where there is no such file, it can't be read, or it holds no table.
        UserError: for an unknown name, a value that can't be used, or a file for another command; the message begins
            with the file's name and has one line.
    """
    path = Path(path) / CONFIG if (Path(path) / CONFIG).is_file() else Path(path)
    content = _read_table(path)
    recorded = isinstance(content.get(SETTINGS), dict)
    classes = tuple(classes)
    said = content.pop("command", command)
    if said not in (command, *(cls.command for cls in classes)):
        raise checks.UserError(f"{path}: these are settings of `ktg {said}`, not of `ktg {command}`.")
    family = None if recorded else content.pop("model", None)
    by_family = {cls.family: cls for cls in classes}
    if family is not None and family not in by_family:
        text = checks.message("model", f"one of {', '.join(by_family)}", family)
        raise checks.UserError(f"{path}: {text}")
    whole = {name: settings_of(cls) for name, cls in by_family.items() if family in (None, name)}
    tables = {name: _named(table, names) for name, table in whole.items()}
    usual_last = reversed(list(tables.values()))  # what several families have is read as the usual one has it
    known = {name: described for table in usual_last for name, described in table.items()}
    arguments = {_name(str(key), known): value for key, value in (content[SETTINGS] if recorded else content).items()}
    try:
        current, renamed = old_names.with_new_names(known, arguments)
    except checks.UserError as error:
        raise checks.UserError(f"{path}: {error}") from error
    if recorded:
        current = {name: value for name, value in current.items() if name in known or not _is_of(whole, name)}
    for name in current:
        if name not in known:
            _refuse_name(path, name, command, known)
    fitting = [name for name, table in tables.items() if set(current) <= set(table)]
    values = {name: _read_value(path, known[name], value) for name, value in current.items() if value is not None}
    for name, value in values.items():
        _check_value(path, [table[name] for table in tables.values() if name in table], value)
    return SettingsFile(path, fitting[0] if len(fitting) == 1 else None, values, renamed)


def _named(table: Mapping[str, Setting], names: Collection[str] | None) -> dict[str, Setting]:
    return {name: described for name, described in table.items() if names is None or name in names}


def _is_of(tables: Mapping[str, Mapping[str, Setting]], name: str) -> bool:
    return any(name in table for table in tables.values())


def _read_table(path: Path) -> dict[str, Any]:
    """The content of a file, a dict."""
    if not path.is_file():
        step = "There is no such file. `ktg init FOLDER` writes one."
        raise checks.file_error("config", f"a file of settings ({', '.join(SUFFIXES)}) or a RUN folder", path, step)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise checks.UserFileError(f"{path}: too large for a file of settings.")
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else _read_yaml(text)
    except (OSError, ValueError) as error:
        if isinstance(error, checks.USER_ERRORS):
            raise
        raise checks.UserFileError(f"{path}: can't be read: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise checks.UserFileError(f"{path}: must hold a table of settings, one `name: value` a line.")
    return content


def _read_yaml(text: str) -> Any:
    import yaml

    try:
        _check_repeated(yaml.compose(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no valid YAML: {error}") from error


def _check_repeated(node: Any) -> None:
    """Refuses a name that stands twice in the table: YAML would silently take the last one."""
    names = [key.value for key, _ in node.value] if node is not None and node.id == "mapping" else []
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{repeated[0]} stands in it twice")


def _name(key: str, known: Mapping[str, Setting]) -> str:
    """The name of a setting that a key of a file means: `batch-size` and `regularizer` are options' names."""
    flags = {described.flag.removeprefix("--"): name for name, described in known.items()}
    return flags.get(key.replace("_", "-").removeprefix("--"), key.replace("-", "_"))


def _refuse_name(path: Path, name: str, command: str, known: Mapping[str, Setting]) -> NoReturn:
    like = checks.nearest(name, list(known), likeness=0.6)
    hint = f"Did you mean {like}? " if like else ""
    raise checks.UserError(f"{path}: {checks.shorten(name)} is no setting of `ktg {command}`. {hint}".rstrip())


def _read_value(path: Path, described: Setting, value: Any) -> Any:
    """The value as the command line would give it, or a `UserError` for one of another type."""
    kinds = _kinds(described.type)
    for kind in kinds:
        read = READERS[kind](value)
        if read is not None:
            return read
    expected = " or ".join(KINDS[kind] for kind in kinds)
    step = "Put it into quotes." if str in kinds and not isinstance(value, (list, dict)) else ""
    raise checks.UserError(f"{path}: {checks.message(described.name, expected, value, step)}")


def _check_value(path: Path, definitions: Iterable[Setting], value: Any) -> None:
    """Refuses a value that no family can use; what it depends on beside the file is checked by the settings."""
    errors = []
    for described in definitions:
        try:
            described.checked(value)
            return
        except checks.UserError as error:
            errors.append(error)
    raise checks.UserError(f"{path}: {errors[0]}") from errors[0]


def _kinds(annotation: Any) -> list[type]:
    """The types that a setting takes, such as [float] of `float | None`."""
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return [kind for kind in kinds if kind is not types.NoneType]


def _read_number(value: Any) -> float | None:
    """A float; YAML takes 1e-3 for a text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _read_texts(value: Any) -> str | list[str] | None:
    """A list of texts; two bounds of a pixel range as the command line has them."""
    bounds = next((name for name, pair in PIXEL_RANGES.items() if value == list(pair)), None)
    if bounds is not None:
        return bounds
    texts = [value] if isinstance(value, str) else value
    return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else None


READERS = {  # a type: function value -> the value, or None where it is of another type
    bool: lambda value: value if isinstance(value, bool) else None,
    int: lambda value: value if isinstance(value, int) and not isinstance(value, bool) else None,
    float: _read_number,
    str: lambda value: value if isinstance(value, str) else None,
    tuple: _read_texts,
}

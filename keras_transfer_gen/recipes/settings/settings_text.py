"""A file of settings as a person reads it: YAML with a comment over each setting, by the headings of `--help`."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.fields import settings_of

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.fields import Setting
    from keras_transfer_gen.recipes.settings.shared import RunSettings


WIDTH = 100  # characters in a line of a comment
TITLES = {fields.FIRST: "What matters first"}
LEFT_OUT = ("overwrite",)  # of a file that is used again and again


def settings_text(
    cls: type[RunSettings], values: Mapping[str, Any], facts: Iterable[str] = (), notes: Mapping[str, str] | None = None
) -> str:
    """The text of a YAML file that `--config` takes.

    Args:
        cls: settings class of the command and family.
        values: {name of a setting: value} that the file sets; the others stand in it as comments, with their defaults.
        facts: lines about the images, for the head of the file.
        notes: {name of a setting: line of comment} beside its help.

    Returns:
        str.

    Example:
        >>> from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
        >>> text = settings_text(FineTuneSettings, {"data": "photos", "kimg": 5.0})
        >>> [line for line in text.splitlines() if line and not line.startswith("#")]
        ['command: finetune', 'data: "photos"', 'kimg: 5']
    """
    notes = notes or {}
    known = settings_of(cls)
    lines = [
        f"# Settings of a training, for `ktg {cls.command} --config FILE`. What is typed on the command line wins.",
        "# Paths are relative to the folder in which ktg is started. A line with # has no effect.",
        *(f"# {line}" for line in facts),
        "",
        f"command: {cls.command}",
    ]
    flags = {described.flag: name for name, described in known.items()}
    for panel in fields.PANELS:
        names = [name for name in known if known[name].definition.panel == panel and name not in LEFT_OUT]
        if not names:
            continue
        lines += ["", f"# ---- {TITLES.get(panel, panel)} ----"]
        for name in sorted(names, key=lambda name: known[name].definition.order):
            lines += ["", *_comment(known[name], notes.get(name), flags), _line(known[name], values)]
    return "\n".join(lines) + "\n"


def yaml_scalar(value: Any) -> str:
    """A value as YAML has it on one line: text in quotes, since `no` and `1e3` would be read as something else.

    Example:
        >>> yaml_scalar("no"), yaml_scalar(20.0), yaml_scalar(True), yaml_scalar(("a", "b")), yaml_scalar(None)
        ('"no"', '20', 'true', '["a", "b"]', '')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return re.sub(r"^(-?\d+)e", r"\1.0e", f"{value:.12g}")  # 1e-05 would be read as a text
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _comment(described: Setting, note: str | None, flags: Mapping[str, str]) -> list[str]:
    definition = described.definition
    words = [definition.help]
    if definition.choices is not None:
        words.append(f"One of: {', '.join(map(str, definition.choices()))}.")
    if default := described.default_words():
        words.append(f"Default: {default}.")
    text = re.sub(r"--[\w-]+", lambda match: flags.get(match[0], match[0]), " ".join(words)).replace("`", "")
    lines = textwrap.wrap(text, WIDTH) + (textwrap.wrap(note, WIDTH) if note else [])
    return [f"# {line}" for line in lines]


def _line(described: Setting, values: Mapping[str, Any]) -> str:
    if described.name in values:
        return f"{described.name}: {yaml_scalar(values[described.name])}"
    default = None if described.required else described.default
    return f"# {described.name}: {yaml_scalar(default)}".rstrip()

"""Which family a training command is about, and its settings: what the other family alone has is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_transfer_gen import checks
from keras_transfer_gen.cli.old_options import warn
from keras_transfer_gen.cli.setting_options import NAMES
from keras_transfer_gen.deprecation import renamed_text
from keras_transfer_gen.recipes.models.resolve import SAVED_MODEL, resolve_source
from keras_transfer_gen.recipes.settings import old_names
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.shared import RunSettings

WHERE = ("data", "source", "out", "overwrite", "trust")  # the settings that say where the source is


def source_family(arguments: dict[str, Any]) -> str | None:
    """The family of a fine-tune: of its RUN where that goes on, else of its source. Third-party models are GANs.

    Args:
        arguments: `Arguments` of `ktg finetune`.

    Returns:
        "gan", "vae" or "vq"; None for an archive or an address, whose family is known once it is fetched.

    Raises:
        UserError, UserFileError: where the source can't be found.
    """
    ref = resolve_source(FineTuneSettings(**{name: arguments[name] for name in WHERE if name in arguments}))
    if not ref.family and ref.kind == SAVED_MODEL and not Path(ref.path).is_dir():
        return None
    return ref.family or "gan"


def possible_settings(classes: Sequence[type[RunSettings]], family: str | None, arguments: dict[str, Any]) -> Any:
    """As `make_settings`; for the family None the settings of the first family that can use the arguments.

    What no family can use is so refused before a source of unknown family is fetched.
    """
    if family is not None:
        return make_settings(classes, family, arguments)
    errors = []
    for cls in classes:
        try:
            return _settings(classes, cls.family, arguments)[0]
        except checks.UserError as error:
            errors.append(error)
    raise errors[0]


def make_settings(classes: Sequence[type[RunSettings]], family: str, arguments: dict[str, Any]) -> Any:
    """The settings of a command.

    Args:
        classes: the settings class of each family.
        family: "gan", "vae" or "vq".
        arguments: `Arguments`.

    Returns:
        An object of the family's class.

    Raises:
        UserError: for a value that can't be used, and for a setting that only another family has.
    """
    settings, warnings = _settings(classes, family, arguments)
    for text in warnings:
        warn(text)
    return settings


def _settings(classes: Sequence[type[RunSettings]], family: str, arguments: dict[str, Any]) -> tuple[Any, list[str]]:
    """(settings, warnings about old values); see `make_settings`."""
    by_family = {cls.family: cls for cls in classes}
    known = settings_of(by_family[family])
    for name, value in arguments.items():
        if name not in known:
            owners = [other for other in by_family.values() if name in settings_of(other)]
            flag = settings_of(owners[0])[name].flag
            words = " or a ".join(NAMES[owner.family] for owner in owners)
            hint = f"Only a {words} has this setting. Leave {flag} out."
            raise checks.user_error(name, f"left out for a {NAMES[family]}", value, hint)
    current, renamed = old_names.with_new_names(known, arguments)
    return by_family[family](**current), [renamed_text(old, new) for old, new in renamed]

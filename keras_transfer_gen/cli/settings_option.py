"""`--config`: settings from a file. What is typed on the command line wins over the file."""

import functools
import inspect
import typing
from collections.abc import Callable, Collection, Sequence

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli.completion import complete_settings
from keras_transfer_gen.cli.old_options import warn
from keras_transfer_gen.cli.setting_options import option_type, replace_parameters
from keras_transfer_gen.deprecation import renamed_text
from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.configurations import CONFIGURATIONS
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.settings_file import is_settings_file, read_settings_file
from keras_transfer_gen.recipes.settings.shared import RunSettings

NAME = "config"
HELP = "File of settings (.yaml, .json) or RUN folder: options that are typed win; --no-NAME turns off a switch of it."
NAMED = (
    f" Or a configuration of stylegan2: {' | '.join(CONFIGURATIONS)}; what it says replaces every setting that has its "
    "default. Default: auto for stylegan2."
)


def with_settings_file(
    command_name: str, *classes: type[RunSettings], names: Collection[str] | None = None
) -> Callable[[Callable[..., typing.Any]], Callable[..., typing.Any]]:
    """Decorator of a command with options of settings: adds --config, and a hidden --no-... of each switch.

    The file's values become the defaults of the options, so that whatever is typed wins over them, and what must be
    given may stand in the file.

    Args:
        command_name: such as "finetune".
        *classes: the settings class of each family that the command is for.
        names: of the settings that the command takes; all by default.
    """
    known = {name: described for cls in classes for name, described in settings_of(cls).items()}
    switches = [name for name in names or known if option_type(known[name].type) is bool]

    def decorate(command: Callable[..., typing.Any]) -> Callable[..., typing.Any]:
        signature = inspect.signature(command)
        takes_configuration = NAME in signature.parameters

        @functools.wraps(command)
        def run(**values: typing.Any) -> typing.Any:
            for name in switches:
                if values.pop(f"no_{name}"):
                    values[name] = None
            configuration = values.pop(NAME)
            if takes_configuration:
                values[NAME] = configuration
            return command(**values)

        new = [_file_option(command_name, classes, names, takes_configuration), *map(_off_switch, switches)]
        return replace_parameters(run, signature, NAME, new, after="out")

    return decorate


def _file_option(
    command_name: str,
    classes: Sequence[type[RunSettings]],
    names: Collection[str] | None,
    takes_configuration: bool,
) -> inspect.Parameter:
    def take(context: typer.Context, value: str) -> typing.Any:
        if value is None or context.resilient_parsing:
            return None
        if not is_settings_file(value):
            if takes_configuration and value in CONFIGURATIONS:
                return value
            raise typer.BadParameter(_refusal(value, takes_configuration))
        try:
            file = read_settings_file(value, command_name, classes, names)
        except checks.USER_ERRORS as error:
            raise typer.BadParameter(str(error)) from error
        for old, new in file.renamed:
            warn(f"{file.path}: {renamed_text(old, new)}")
        family = {} if file.family is None else {"model": file.family}
        context.default_map = {**(context.default_map or {}), **family, **file.values}
        return file.values.get(NAME)

    text = HELP + NAMED if takes_configuration else HELP
    option = typer.Option(
        f"--{NAME}",
        help=text,
        show_default=False,
        is_eager=True,
        callback=take,
        rich_help_panel=fields.FIRST,
        autocompletion=complete_settings,
    )
    return _parameter(NAME, typing.Annotated[str | None, option], None)


def _refusal(value: str, takes_configuration: bool) -> str:
    choices = list(CONFIGURATIONS) if takes_configuration else []
    like = checks.nearest(value, choices)
    hint = f" Did you mean {like}?" if like else ""
    named = f" and no configuration ({', '.join(choices)})" if choices else ""
    return f"{checks.shorten(value)} is no file of settings (.yaml, .yml, .json), no RUN folder{named}.{hint}"


def _off_switch(name: str) -> inspect.Parameter:
    option = typer.Option(fields.flag_of(f"no_{name}"), hidden=True)
    return _parameter(f"no_{name}", typing.Annotated[bool, option], False)


def _parameter(name: str, annotation: typing.Any, default: typing.Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

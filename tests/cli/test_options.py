import inspect
import typing

import pytest
import typer

from keras_transfer_gen.cli import options
from keras_transfer_gen.transfer.fetching.address import HANDLE_FORMS

OPTIONS = {name: value for name, value in vars(options).items() if typing.get_origin(value) is typing.Annotated}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_has_a_help_text_and_options_have_a_flag(name):
    (info,) = OPTIONS[name].__metadata__
    assert info.help.endswith(".")
    flags = [flag for flag in (info.default, *(info.param_decls or ())) if isinstance(flag, str)]
    assert flags and flags[0].startswith("--") or isinstance(info, typer.models.ArgumentInfo)


@pytest.mark.parametrize("command", [("generate",), ("evaluate",), ("info",), ("export",), ("finetune",), ("encode",)])
def test_trust_is_offered_wherever_a_model_is_taken(ktg, command):
    assert "--trust" in ktg(*command, "--help").stdout


@pytest.mark.parametrize("command", [("pretrain",), ("models",), ("data", "check")])
def test_trust_is_not_offered_where_nothing_is_fetched(ktg, command):
    assert "--trust" not in ktg(*command, "--help").stdout


@pytest.mark.parametrize("command", [("generate",), ("finetune",), ("models", "inspect")])
def test_help_shows_the_form_of_a_handle(ktg, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    shown = " ".join(ktg(*command, "--help").stdout.replace("│", " ").split())
    assert HANDLE_FORMS in shown


def test_options_of_a_model_are_the_settings_own():
    assert options.Trust.__metadata__[0].help == _help("finetune", "trust")


def _help(command, name):
    from keras_transfer_gen.cli import train

    return inspect.signature(getattr(train, command)).parameters[name].annotation.__metadata__[0].help

import typing

import pytest
import typer

from keras_transfer_gen.cli import options

OPTIONS = {name: value for name, value in vars(options).items() if typing.get_origin(value) is typing.Annotated}


def test_every_option_has_a_help_text_and_a_flag_of_its_own():
    flags = []
    for name, option in OPTIONS.items():
        (info,) = option.__metadata__
        assert info.help, name
        if isinstance(info, typer.models.OptionInfo) and not info.hidden:
            flags += [info.default, *info.param_decls]  # in `Annotated` the first name comes as the default
    assert len(flags) == len(set(flags)) > 25 and all(flag.startswith("--") for flag in flags)


@pytest.mark.parametrize(
    "flag", ["--json", "--debug", "--dry-run", "--image-fit", "--fresh", "--devices", "--freeze-d"]
)
def test_flags_that_messages_name_exist(ktg, flag):
    assert flag in ktg("finetune", "--help").stdout


@pytest.mark.parametrize("command", [("generate",), ("evaluate",), ("info",), ("export",), ("finetune",)])
def test_trust_is_offered_wherever_a_model_is_taken(ktg, command):
    assert "--trust" in ktg(*command, "--help").stdout


def test_trust_is_harmless_where_it_is_not_needed(ktg, source_file, picture_folder):
    for words in (("info", source_file), ("models",), ("data", "check", picture_folder)):
        assert ktg(*words, "--trust").exit_code == 0, words

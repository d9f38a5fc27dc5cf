import typing

import pytest
import typer

from keras_transfer_gen.cli import options
from keras_transfer_gen.cli.main import app
from keras_transfer_gen.recipes.settings.fine_tune_vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.pretrain_vae import PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vae_methods import VAE_METHODS

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
    "flag", ["--json", "--debug", "--dry-run", "--resize-mode", "--fresh", "--devices", "--freeze-d"]
)
def test_flags_that_messages_name_exist(ktg, flag):
    assert flag in ktg("finetune", "--help").stdout


def unlike(gan, vae):
    """(name of the setting, the VAE's default) of settings that both have, with different defaults."""
    both = [name for name in gan.__dataclass_fields__ if name in vae.__dataclass_fields__]
    found = [(name, getattr(vae, name, None)) for name in both if hasattr(gan, name)]
    return [(name, value) for name, value in found if value != getattr(gan, name)]


@pytest.mark.parametrize(
    ("command", "pairs"),
    [
        ("finetune", [*unlike(FineTuneSettings, FineTuneVaeSettings), *(("learning_rate", f"{name} {how.rate:g}")
                      for name, how in VAE_METHODS.items() if how.trains)]),
        ("pretrain", unlike(PretrainSettings, PretrainVaeSettings)),
    ],
)  # fmt: skip
def test_help_tells_a_vaes_own_defaults(command, pairs):
    parameters = typer.main.get_command(app).commands[command].params
    texts = {parameter.name: parameter.help for parameter in parameters}
    told = [(name, f"{value:g}" if isinstance(value, float) else str(value)) for name, value in pairs]
    told = [(name, value) for name, value in told if value != "None"]
    assert len(told) >= 4 and [(name, value) for name, value in told if value not in texts[name]] == []


@pytest.mark.parametrize("command", [("generate",), ("evaluate",), ("info",), ("export",), ("finetune",)])
def test_trust_is_offered_wherever_a_model_is_taken(ktg, command):
    assert "--trust" in ktg(*command, "--help").stdout


def test_trust_is_harmless_where_it_is_not_needed(ktg, source_file, image_folder):
    for words in (("info", source_file), ("models",), ("data", "check", image_folder)):
        assert ktg(*words, "--trust").exit_code == 0, words

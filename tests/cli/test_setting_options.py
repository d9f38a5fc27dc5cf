import inspect
import re
import typing

import pytest
import typer
from typer.testing import CliRunner

from keras_transfer_gen.cli import setting_options
from keras_transfer_gen.cli.main import app
from keras_transfer_gen.cli.setting_options import Arguments, option_parameters, with_settings
from keras_transfer_gen.recipes.settings.compat import CLASSES
from keras_transfer_gen.recipes.settings.fields import PANELS, settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings

FINETUNE, PRETRAIN = (
    (FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings),
    (PretrainSettings, PretrainVaeSettings, PretrainVqSettings),
)
COMMANDS = {"finetune": FINETUNE, "pretrain": PRETRAIN}


def options_of(command):
    """{flag: Typer's option} of a command of `ktg`."""
    return {parameter.opts[0]: parameter for parameter in typer.main.get_command(app).commands[command].params}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_setting_has_an_option_with_its_help_in_its_panel(cls):
    options = options_of(cls.command)
    for described in settings_of(cls).values():
        option = options[described.flag]
        assert option.name == described.name and option.required == described.required
        assert option.rich_help_panel in PANELS and option.help.endswith(".")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_the_default_of_each_family(command):
    options = options_of(command)
    for family, cls in zip(("gan", "vae", "vq"), COMMANDS[command], strict=True):
        for described in settings_of(cls).values():
            words = described.default_words().replace("`kimg`", "--kimg").replace("`data`", "--data")
            assert words in options[described.flag].help, (family, described.name)
    assert "Default: 20; VAE: " in options["--kimg"].help


def test_ten_options_matter_first_and_panels_keep_their_order(ktg):
    shown = ktg("finetune", "--help").stdout
    panels = [name for name in PANELS if f"─ {name} ─" in shown]
    assert [shown.index(f"─ {name} ─") for name in panels] == sorted(shown.index(f"─ {name} ─") for name in panels)
    first = shown[: shown.index(f"─ {panels[1]} ─")]
    expected = ["data", "source", "out", "config", "kimg", "method", "reference", "compare-scratch", "overwrite"]
    places = [first.index(f" --{name} ") for name in [*expected, "dry-run", "help"]]
    assert places == sorted(places) and len(re.findall(r"^│ .  --", first, re.MULTILINE)) == len(places)


def test_brackets_in_a_help_are_shown_as_they_are(ktg):
    for command in (("finetune",), ("pretrain",), ("data", "check"), ("encode",)):
        assert '"tfds:NAME[split]"' in ktg(*command, "--help").stdout, command


@pytest.mark.parametrize(("annotation", "kind"), [
    (str, str), (float | None, float), (int, int), (bool, bool), (tuple, list[str]), (str | int | None, str),
    (tuple | str | None, str),
])  # fmt: skip
def test_option_type_is_what_the_command_line_reads(annotation, kind):
    assert setting_options.option_type(annotation) == kind


def test_help_says_what_only_gans_have_and_refers_to_flags():
    parameters = option_parameters(FINETUNE)

    def text(name):
        return parameters[name].annotation.__metadata__[0].help

    assert text("freeze_d").endswith("GANs only.") and "GANs only" not in text("kimg")
    assert "GANs only" not in option_parameters((FineTuneSettings,))["freeze_d"].annotation.__metadata__[0].help
    assert "the generator's is --g-lr-ratio times it" in text("learning_rate")
    assert (
        "full | bsa | minegan; VAE: decoder | bsa | prior | anchored | full; VQ-VAE: full | decoder | prior | prefix."
        in text("method")
    )


def test_command_gets_what_was_given_alone_in_the_place_of_its_parameter():
    local, seen = typer.Typer(), []

    @local.command()
    @with_settings(*FINETUNE)
    def train(start: int, arguments: Arguments, json: bool = False):
        """Say what was given."""
        seen.append((start, arguments, json))

    required = ["--data", "a", "--source", "b", "--out", "c"]
    more = ["--kimg", "3", "--freeze", "x=true", "--freeze", "y=false", "--overwrite", "--prior", "full", "--json"]
    for arguments in (["7", *required], ["7", *required, *more]):
        assert CliRunner().invoke(local, arguments).exit_code == 0
    first = {"data": "a", "source": "b", "out": "c"}
    second = {**first, "kimg": 3.0, "freeze": ["x=true", "y=false"], "overwrite": True, "prior": "full"}
    assert seen == [(7, first, False), (7, second, True)]
    assert [*inspect.signature(train).parameters][:: len(option_parameters(FINETUNE)) + 1] == ["start", "json"]
    assert typing.get_type_hints(train)["start"] is int


def test_names_choose_settings():
    names = ("image_size", "background")
    assert set(option_parameters((PretrainSettings,), names)) == set(names)


def test_old_flags_are_those_of_every_setting():
    expected = {
        "--rate-ratio": "--g-lr-ratio", "--r1-every": "--r1-interval", "--width": "--max-channels",
        "--least-width": "--min-channels", "--image-fit": "--resize-mode", "--feature-influence": "--feature-weight",
        "--distribution": "--latent-distribution", "--fresh": "--overwrite", "--anchor": "--posterior-kl-weight",
        "--l2sp": "--l2sp-weight", "--mine-kimg": "--latent-selection-kimg", "--output-network": "--image-adapter",
        "--kl-warmup-kimg": "--kl-annealing-kimg",
    }  # fmt: skip
    assert setting_options.old_flags() == expected

import json

import pytest
import typer
from typer.testing import CliRunner

from keras_transfer_gen.cli.exits import OneLineGroup
from keras_transfer_gen.cli.old_options import CommandWithOldOptions
from keras_transfer_gen.cli.setting_options import Arguments, old_flags, with_settings
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings

CLASSES = {"finetune": (FineTuneSettings, FineTuneVaeSettings), "pretrain": (PretrainSettings, PretrainVaeSettings)}
REQUIRED = {"finetune": ["--data", "a", "--source", "b", "--out", "c"], "pretrain": ["--data", "a", "--out", "c"]}
VALUES = {"--fresh": [], "--output-network": [], "--image-fit": ["pad"], "--distribution": ["uniform"]}


@pytest.fixture
def trained():
    """Function: command and arguments -> (result, `Arguments` of the command)."""
    app, seen = typer.Typer(cls=OneLineGroup), {}

    def add(name, classes):
        @app.command(name, cls=CommandWithOldOptions)
        @with_settings(*classes)
        def train(arguments: Arguments, json: bool = False):
            seen.update(arguments)

    for name, classes in CLASSES.items():
        add(name, classes)

    def run(command, *arguments):
        seen.clear()
        return CliRunner().invoke(app, [command, *REQUIRED[command], *arguments], prog_name="ktg"), dict(seen)

    return run


def command_of(flag):
    """A command that has an option."""
    flags = [described.flag for cls in CLASSES["finetune"] for described in settings_of(cls).values()]
    return "finetune" if flag in flags else "pretrain"


@pytest.mark.parametrize(("old", "new"), old_flags().items())
def test_old_option_means_the_new_one_with_one_line_of_warning(trained, old, new):
    command, value = command_of(new), VALUES.get(old, ["3"])
    expected = trained(command, new, *value)[1]
    result, arguments = trained(command, old, *value)
    assert result.exit_code == 0 and arguments == expected and len(arguments) == len(REQUIRED[command]) // 2 + 1
    line = f"warning: {old} is now called {new}. The old name will be removed in the next release.\n"
    assert result.stderr == line and result.stdout == ""


def test_value_behind_an_equals_sign_is_read_too(trained):
    result, arguments = trained("finetune", "--rate-ratio=2.5")
    assert arguments["g_lr_ratio"] == 2.5 and result.stderr.count("\n") == 1


@pytest.mark.parametrize("both", [["--rate-ratio", "2", "--g-lr-ratio", "2"], ["--g-lr-ratio=2", "--rate-ratio=2"]])
def test_old_and_new_option_together_are_an_error(trained, both):
    result, arguments = trained("finetune", *both)
    assert result.exit_code == 2 and arguments == {}
    assert "error: --rate-ratio is the old name of --g-lr-ratio: give --g-lr-ratio alone." in result.stderr


def test_option_of_another_command_is_no_old_one(trained):
    result, _ = trained("pretrain", "--feature-influence", "3")
    assert result.exit_code == 2 and "No such option: --feature-influence" in result.stderr


def test_trust_is_dropped_with_a_warning_where_nothing_is_fetched(trained):
    result, arguments = trained("pretrain", "--trust")
    assert result.exit_code == 0 and arguments == {"data": "a", "out": "c"}
    assert result.stderr == "warning: --trust has no effect here: nothing is fetched. Leave it out.\n"
    result, arguments = trained("finetune", "--trust")
    assert arguments["trust"] is True and result.stderr == ""


@pytest.mark.parametrize("command", ["finetune", "pretrain"])
def test_old_options_are_not_shown(ktg, command):
    words = ktg(command, "--help").stdout.split()
    assert "--data" in words and not set(old_flags()) & set(words)


def test_other_commands_take_old_options_too(ktg, image_folder, source_file):
    result = ktg("data", "check", image_folder, "--image-fit", "pad", "--trust", "--json")
    assert json.loads(result.stdout)["usable"] == 12 and result.stderr.count("warning: ") == 2
    result = ktg("info", source_file, "--distribution", "normal", "--json")
    assert json.loads(result.stdout)["distribution"] == "normal" and "--latent-distribution" in result.stderr


def test_what_follows_two_dashes_belongs_to_another_command(monkeypatch, ktg):
    from keras_transfer_gen.recipes.runs import local_workers

    calls = []
    monkeypatch.setattr(local_workers, "launch_workers", lambda arguments, *rest: calls.append(arguments) or 0)
    ktg("launch", "--", "finetune", "--trust", "--width", "8")
    assert calls == [["finetune", "--trust", "--width", "8"]]

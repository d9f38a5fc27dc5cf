import inspect
import json
import tarfile

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.source_options import SourceOptions, source_parameters, with_source_options
from keras_transfer_gen.recipes.settings.fields import flag_of
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import saved

COMMANDS = (("generate",), ("evaluate",), ("export",), ("info",), ("models", "inspect"))
NAMES = ["trust", "latent_dim", "latent_distribution", "labels", "pixel_range", "offline", "sha256"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_that_takes_a_model_offers_all_of_them_and_every_kind(ktg, command):
    words = " ".join(ktg(*command, "--help").stdout.replace("│", " ").split())
    assert list(source_parameters()) == NAMES
    assert [name for name in NAMES if f" {flag_of(name)} " not in words] == []
    assert "SavedModel: a folder, a .tar.gz, https://www.kaggle.com/models/" in words
    kinds = "preset, RUN folder, .keras file, StyleGAN2 file (.pkl, .pt) or SavedModel"
    assert command == ("models", "inspect") or kinds in words


def test_command_gets_one_object_in_the_place_of_its_parameter():
    app, seen = typer.Typer(), []

    @app.command()
    @guarded
    @with_source_options
    def look(model: str, options: SourceOptions, json: o.Json = False, debug: o.Debug = False):
        """Say what was given."""
        seen.append((model, options, json))

    everything = [
        "--trust",
        "--offline",
        "--sha256",
        "ab",
        "--latent-dim",
        "8",
        "--labels",
        "3",
        "--pixel-range",
        "-1,1",
    ]
    for arguments in (["a"], ["a", *everything, "--latent-distribution", "uniform", "--json"]):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert seen == [
        ("a", SourceOptions(False, False, None, SpecOverrides()), False),
        ("a", SourceOptions(True, True, "ab", SpecOverrides(8, "uniform", 3, (-1, 1))), True),
    ]
    assert list(inspect.signature(look).parameters) == ["model", *NAMES, "json", "debug"]


@pytest.mark.parametrize(("arguments", "text"), [
    (("--labels", "some"), "`labels` must be 'none', 'one-hot', 'integer' or a number of classes"),
    (("--pixel-range", "0,2"), "`pixel_range` must be one of -1,1, 0,1, 0,255"),
    (("--latent-distribution", "unifrom"), "Did you mean uniform"), (("--latent-dim", "0"), "`latent_dim` must be"),
    (("--latent-dim", "7"), "`latent_dim` must be 6, the length that the input 'z' takes"),
    (("--sha256", "12"), "`sha256` must be 64 hexadecimal digits"),
    (("--sha256", "0" * 64), "`sha256` must be given for archives alone"),
])  # fmt: skip
@pytest.mark.parametrize("command", [("info",), ("models", "inspect")], ids=" ".join)
def test_what_cannot_be_is_refused_on_one_line(refused, command, arguments, text):
    assert text in refused(*command, saved("renderers")[0] / "plain", *arguments)


def test_what_is_given_is_shown_and_used(ktg, ktg_json, read_folder, tmp_path):
    model = saved("renderers")[0] / "unit"
    said = (
        "--labels", 3, "--latent-distribution", "uniform", "--pixel-range", "0,1", "--latent-dim", 6, "--trust",
        "--offline",
    )  # fmt: skip
    facts = ktg_json("info", model, *said)
    assert (facts["num_classes"], facts["distribution"], facts["pixel_range"]) == (3, "uniform", [0, 1])
    inspected = ktg_json("models", "inspect", model, *said)
    assert inspected["spec"]["num_classes"] == 3
    assert inspected["reasons"]["num_classes"].startswith("given with labels=")
    for name, more in (("plain", ()), ("said", said)):
        result = ktg("generate", model, "--num", 4, "--out", tmp_path / name, *more)
        assert result.exit_code == 0, result.stderr
    plain, changed = (read_folder(tmp_path / name) for name in ("plain", "said"))
    assert plain.shape == changed.shape == (4, 8, 8, 1) and not np.array_equal(plain, changed)


def test_model_of_the_package_refuses_other_facts_and_takes_its_own(ktg, refused, source_file):
    assert ktg("info", source_file, "--latent-dim", 16, "--latent-distribution", "normal").exit_code == 0
    assert "`latent_dim` must be 16 for " in refused("info", source_file, "--latent-dim", 17)


def test_model_from_the_web_is_fetched_once_with_a_line_on_stderr(ktg, web_of, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    with tarfile.open(tmp_path / "gan.tar.gz", "w:gz") as archive:
        archive.add(saved("renderers")[0] / "plain", "gan")
    address, requests = web_of(tmp_path / "gan.tar.gz")
    refused = ktg("info", address, "--trust", "--offline")
    assert refused.exit_code == 2 and "`model` must be in the cache already" in refused.stderr and requests == []
    wrong = ktg("info", address, "--trust", "--sha256", "0" * 64)
    assert wrong.exit_code == 2 and "Do not use it" in wrong.stderr and not list((tmp_path / "hub").glob("*/*"))
    first = ktg("info", address, "--trust", "--json")
    assert f"fetching {address}: " in first.stderr and "MB" in first.stderr
    assert json.loads(first.stdout)["latent_dim"] == 6
    again = ktg("models", "inspect", address, "--trust", "--offline", "--json")
    assert again.stderr == "" and json.loads(again.stdout)["spec"]["image_size"] == 8 and len(requests) == 2


def test_prefetch_returns_the_model_that_commands_load(source_file):
    ref = SourceOptions(False, False, None, SpecOverrides()).prefetch(str(source_file))
    assert (ref.path, ref.family, ref.name) == (source_file, "gan", str(source_file))

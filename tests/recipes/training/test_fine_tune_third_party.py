"""`fine_tune`, continued: sources that others made, which have no discriminator."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan import latent_selection
from keras_transfer_gen.training.checkpoint import latest_checkpoint
from tests.generator_fixtures import CLASSES, folder_of, keras_generator

pytestmark = pytest.mark.usefixtures("quick_scores", "small_discriminators")

BATCH, STEPS, ALONE = 4, 10, 2


@pytest.fixture
def settings(shared_image_folder, tmp_path):
    source = shutil.copytree(folder_of("labelled"), tmp_path / "source")
    return FineTuneSettings(
        data=shared_image_folder, source=source, out=tmp_path / "run", batch_size=BATCH, kimg=STEPS * BATCH / 1000,
        precision="float32", deterministic=True, r1_interval=3,
    )  # fmt: skip


def variables(gan):
    return {name: variable.numpy() for name, variable in gan.generator.get_layer("source").named_variables.items()}


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic")
def test_moved_run_goes_on_with_the_same_bits_without_its_source(settings, tmp_path, scripted, everything_of):
    """Interrupted in the warm-up, at its end and later; moved while the source is gone."""
    reporter = scripted()
    fine_tune(settings, reporter)
    run = RunFolder(settings.out)
    assert any("a new one learns alone for 0.008 kimg" in line for line in reporter.lines)
    assert any("takes labels as well" in line for line in reporter.lines) == (
        run.notes()["distance"] < latent_selection.FARTHEST
    )
    assert run.config()["settings"]["warmup_kimg"] is None and run.config()["resolved"]["warmup_kimg"] == 0.008
    parts = dataclasses.replace(settings, out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.004, label="warming up"))
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.008, label="warming up"))
    early = load_gan(parts.out)
    source = load_gan(settings.source)
    assert all(np.array_equal(value, variables(source)[name]) for name, value in variables(early).items())
    shutil.move(parts.out, tmp_path / "moved")
    shutil.rmtree(settings.source)
    moved = dataclasses.replace(settings, out=str(tmp_path / "moved"))
    with pytest.raises(checks.Interrupted):
        fine_tune(moved, scripted(at=0.02, label="adapting"))
    fine_tune(moved)
    found, expected = (everything_of(RunFolder(one.out).adapted) for one in (moved, settings))
    assert len(found) > 30 and all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    trained = variables(load_gan(moved.out))
    changed = {name for name, value in trained.items() if not np.array_equal(value, variables(early)[name])}
    assert changed == {
        f"generator/{name}"
        for name in (
            "mix/w",
            "mix/table",
            "norm/gamma",
            "norm/moving_mean",
            "to_image/kernel",
        )
    }  # fmt: skip, and not the filter that its author froze
    stored = zipfile.ZipFile(latest_checkpoint(RunFolder(moved.out).adapted) / "gan.keras").read("config.json")
    config = json.dumps(json.loads(stored)["config"]["generator"])
    assert '"folder": "source"' in config and str(tmp_path) not in config


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic")
def test_run_is_a_model_that_other_commands_use_and_other_runs_start_from(settings, tmp_path):
    fine_tune(dataclasses.replace(settings, deterministic=False, compare_scratch=True))
    shutil.rmtree(settings.source)
    gan = load_gan(settings.out)
    assert gan.spec.num_classes == CLASSES and gan.spec.source == f"Adapted from {settings.source} on {settings.data}."
    made = open_model(settings.out).generate(4, seed=1)
    served = open_model(RunFolder(settings.out).saved_model).generate(4, seed=1)
    assert np.abs(made.astype(int) - served).max() <= 1
    assert RunFolder(settings.out).tflite.is_file()
    scratch = load_gan(latest_checkpoint(RunFolder(settings.out).scratch) / "gan.keras")
    assert scratch.spec.arch == "dcgan" and scratch.spec.num_classes == 0 and scratch.spec.image_size == 28
    again = dataclasses.replace(settings, source=settings.out, out=str(tmp_path / "again"), deterministic=False)
    fine_tune(again)
    shutil.rmtree(settings.out)
    assert load_gan(again.out).spec.source.count("Adapted from") == 2
    with pytest.raises(checks.UserFileError, match="`source` must be"):
        fine_tune(dataclasses.replace(again, kimg=0.044))


@pytest.mark.slow
def test_miner_keeps_a_generator_without_variables_and_is_exported_whole(settings, monkeypatch):
    monkeypatch.setattr(latent_selection, "FARTHEST", float("inf"))
    source = str(folder_of("constant"))
    with pytest.raises(checks.UserError, match="`method` must be 'minegan' for this source.*Give --method minegan"):
        fine_tune(dataclasses.replace(settings, source=source))
    assert not RunFolder(settings.out).exists
    fine_tune(dataclasses.replace(
        settings, source=source, method="minegan", image_adapter=True, deterministic=False, latent_selection_kimg=0.008,
    ))  # fmt: skip
    gan = load_gan(settings.out)
    names = [layer.name for layer in gan.generator.layers]
    assert names == ["latents", "latent_mixture", "latent_mapper", "source", "image_adapter"]
    moved = gan.generator.get_layer("latent_mapper").move.kernel.numpy()
    assert np.abs(moved).max() > 0 and np.abs(gan.generator.get_layer("image_adapter").change.kernel).max() > 0
    made = open_model(RunFolder(settings.out).saved_model).generate(4, seed=1)
    assert np.abs(made.astype(int) - gan.generate(4, seed=1)).max() <= 1


@pytest.mark.slow
def test_bare_keras_generator_is_adapted_on_two_devices(settings, tmp_path):
    keras_generator(sigmoid=True).save(tmp_path / "bare.keras")
    source = str(tmp_path / "bare.keras")
    fine_tune(dataclasses.replace(
        settings, source=source, method="bsa", devices="cpu:0,cpu:1", deterministic=False, latent_selection_kimg=0.0,
    ))  # fmt: skip
    gan, start = load_gan(settings.out), load_gan(source)
    for name, moved in (("dense", False), ("norm", True), ("to_image", False)):
        pair = [one.generator.get_layer(name).get_weights()[0] for one in (gan, start)]
        assert np.array_equal(*pair) != moved
    assert not np.array_equal(gan.generator.get_layer("to_image").bias, start.generator.get_layer("to_image").bias)


def test_generator_that_tflite_can_not_convert_is_adapted_and_told(settings, scripted, monkeypatch):
    from keras_transfer_gen.export.parity import ExportError
    from keras_transfer_gen.recipes.training.gan import family

    def refuse(*_):
        raise ExportError("the generator can't be converted with TFLite's builtin operators: it needs FlexErf.")

    monkeypatch.setattr(family, "export_tflite", refuse)
    reporter = scripted()
    fine_tune(dataclasses.replace(settings, deterministic=False, kimg=0.02), reporter)
    assert any(
        "no TFLite file could be made, everything else is there: the generator" in line for line in reporter.lines
    )
    run = RunFolder(settings.out)
    assert "There is no TFLite file: the generator can't be" in run.card_file.read_text()
    assert not run.tflite.exists() and run.config()["finished"]


@pytest.mark.slow  # two devices, a miner and a run that goes on are each looked at above and in test_fine_tune.py
@pytest.mark.usefixtures("deterministic")
def test_two_devices_mine_a_saved_model_and_go_on_with_the_same_bits(
    settings, tmp_path, scripted, everything_of, monkeypatch, request
):  # fmt: skip
    monkeypatch.setattr(latent_selection, "FARTHEST", float("inf"))
    settings = dataclasses.replace(
        settings,
        source=str(folder_of("plain")),
        devices="cpu:0,cpu:1",
        latent_selection_kimg=0.004,
        kimg=0.02,
        warmup_kimg=0.004,
    )
    fine_tune(settings)
    request.getfixturevalue("no_exports")
    parts = dataclasses.replace(settings, out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.012, label="adapting"))
    fine_tune(parts)
    found, expected = (everything_of(RunFolder(one.out).adapted) for one in (parts, settings))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    gan = load_gan(parts.out)
    assert latent_selection.is_done(gan) and gan.kimg == 0.02

import dataclasses
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models import resolve as module
from keras_transfer_gen.recipes.models.resolve import ModelRef, resolve_model, resolve_source
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.fetching import presets


def find(source, trust=False):
    """(kind, path) of what `resolve_model` gives."""
    return kind_and_path(resolve_model(source, trust))


def kind_and_path(model):
    return model.kind, model.path


@pytest.fixture
def preset(tmp_path, monkeypatch, source_file):
    """An installation with one preset, `test_gan_32`."""
    folder = tmp_path / "installed" / "test_gan_32"
    folder.mkdir(parents=True)
    shutil.copy(source_file, folder / "gan.keras")
    ModelSpec(image_size=32, channels=3, latent_dim=16).save(folder / "spec.json")
    monkeypatch.setattr(presets, "_preset_folders", lambda: [folder])
    return folder


def test_each_kind_of_model_is_found(preset, finished, source_file, tmp_path, monkeypatch):
    run = RunFolder(finished.out)
    best, last = run.best / "gan.keras", run.adapted / "step-000000005" / "gan.keras"
    assert find("test_gan_32") == ("keras", preset / "gan.keras")
    assert find(source_file) == find(str(source_file)) == ("keras", source_file)
    assert find(run.path) == find(f"{run.path}/") == ("keras", best)
    assert find(last) == ("keras", last)
    assert find(preset) == ("keras", preset / "gan.keras")
    assert find(run.saved_model) == find(run.saved_model.parent) == ("saved_model", run.saved_model)
    shutil.copytree(run.saved_model, tmp_path / "served" / "9")
    shutil.copytree(run.saved_model, tmp_path / "served" / "10")
    assert find(tmp_path / "served") == ("saved_model", tmp_path / "served" / "10")


def test_run_that_has_no_best_yet_gives_its_latest_checkpoint(finished, tmp_path):
    shutil.copytree(finished.out, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    run.forget_best()
    assert find(run.path) == ("keras", run.adapted / "step-000000005" / "gan.keras")


def test_name_of_a_preset_beats_a_folder_and_a_path_does_not(preset, tmp_path, monkeypatch):
    (tmp_path / "test_gan_32").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find("test_gan_32") == ("keras", preset / "gan.keras")
    with pytest.raises(checks.UserFileError, match="This folder holds none of them"):
        find("./test_gan_32")


@pytest.mark.parametrize(("name", "text"), [
    ("tets_gan_32", r"a preset \(see `ktg models`\).*Did you mean test_gan_32\?"),
    ("zzz", r"There is no such file, and presets are: test_gan_32\."),
    ("", r"There is no such file"),
])  # fmt: skip
def test_typing_errors_are_answered_with_the_presets(preset, name, text):
    with pytest.raises(checks.UserFileError, match=text):
        find(name)


def test_typing_errors_are_answered_with_models_beside(preset, finished, source_file, tmp_path):
    shutil.copytree(RunFolder(finished.out).saved_model, tmp_path / "cats")
    shutil.copy(source_file, tmp_path / "dogs.keras")
    (tmp_path / "birds").mkdir()
    for wrong, meant in (("catz", "cats"), ("dogs.kers", "dogs.keras")):
        with pytest.raises(checks.UserFileError, match=rf"Did you mean {tmp_path / meant}[,?]"):
            find(tmp_path / wrong)
    with pytest.raises(checks.UserFileError) as caught:
        find(tmp_path / "birdz")
    assert "birds" not in str(caught.value)
    (tmp_path / "runs").mkdir()
    shutil.copy(source_file, tmp_path / "runs" / "icons.keras")
    with pytest.raises(checks.UserFileError, match=rf"Did you mean {tmp_path / 'runs' / 'icons.keras'}[,?]"):
        find(tmp_path / "run" / "icons.keras")


def test_installation_without_presets_says_so(monkeypatch):
    monkeypatch.setattr(module, "list_presets", list)
    with pytest.raises(checks.UserFileError, match="presets are: none"):
        find("noto_gan_64")


def test_damaged_file_and_empty_folder_are_refused(tmp_path, source_file):
    (tmp_path / "cut.keras").write_bytes(source_file.read_bytes()[:5000])
    with pytest.raises(checks.UserFileError, match="not a `.keras` file, or it is damaged"):
        find(tmp_path / "cut.keras")
    (tmp_path / "empty").mkdir()
    with pytest.raises(checks.UserFileError, match="This folder holds none of them"):
        find(tmp_path / "empty")


@pytest.mark.parametrize(("name", "text"), [
    ("a.weights.h5", "It holds weights alone.*load_weights.*as .keras"), ("a.h5", "Keras' older format.*a SavedModel"),
    ("a.HDF5", "Keras' older format"), ("a.tflite", "for phones and browsers.*Give the model that it was made from"),
])  # fmt: skip
def test_files_of_other_kinds_are_called_by_their_kind(tmp_path, name, text):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(checks.UserFileError, match=text):
        find(tmp_path / name)


def test_run_without_a_checkpoint_says_what_to_do(tmp_path, finished):
    RunFolder(tmp_path / "run").record("finetune", finished, {}, finished=False)
    with pytest.raises(checks.UserFileError, match="`source` must be a RUN with a checkpoint.*Give the command"):
        find(tmp_path / "run")


def test_resolving_loads_no_tensorflow_for_a_typing_error_a_preset_or_a_run(finished):
    code = (
        "import sys\nfrom keras_transfer_gen.recipes.models.resolve import resolve_model\n"
        f"print(resolve_model('noto_gan_64').family, resolve_model({str(finished.out)!r}).family)\n"
        "try: resolve_model('noto_gan_46')\nexcept OSError: print('tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "gan gan\nFalse\n"


def test_model_is_resolved_with_its_family_and_name_and_only_once(preset, source_file, vae_file, tmp_path):
    assert resolve_model("test_gan_32") == ModelRef("keras", preset / "gan.keras", "gan", "test_gan_32", preset=True)
    assert resolve_model(vae_file) == ModelRef("keras", vae_file, "vae", str(vae_file))
    ready = ModelRef("keras", tmp_path / "nothing.keras", "gan", "ready")
    assert resolve_model(ready) is ready


def test_family_of_a_third_party_model_is_not_known(tmp_path, vae_file):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "plain.keras")
    keras.Sequential([inputs, keras.layers.Dense(1)]).save(tmp_path / "sequential.keras")
    np.savez(tmp_path / "numbers.npz", a=np.zeros(2))
    for name in ("plain.keras", "sequential.keras", "numbers.npz"):
        assert resolve_model(tmp_path / name).family == ""


@pytest.mark.parametrize(("fields", "family"), [
    ({"family": "vae"}, "vae"), ({}, "gan"), ({"family": "flow"}, ""), ([1], ""), (None, ""),
])  # fmt: skip
def test_family_of_an_exported_model_is_in_its_spec(tmp_path, fields, family):
    (tmp_path / "saved_model.pb").touch()
    if fields is not None:
        (tmp_path / "assets.extra").mkdir()
        (tmp_path / "assets.extra" / "spec.json").write_text(json.dumps(fields))
    assert resolve_model(tmp_path).family == family


def test_saved_models_of_every_form_are_found_and_addresses_need_trust(tmp_path):
    (tmp_path / "model" / "3").mkdir(parents=True)
    (tmp_path / "model" / "3" / "saved_model.pbtxt").write_text("")
    (tmp_path / "model.tar.gz").write_bytes(b"")
    folder = ("saved_model", tmp_path / "model" / "3")
    assert find(tmp_path / "model") == find(tmp_path / "model" / "3" / "saved_model.pbtxt") == folder
    assert find(tmp_path / "model.tar.gz") == ("saved_model", tmp_path / "model.tar.gz")
    address = "https://www.kaggle.com/models/google/progan"
    assert find(f" {address}", trust=True) == ("saved_model", address)
    with pytest.raises(checks.UserError, match="a model that you trust.*add trust=True or --trust"):
        find(address)


def test_run_that_goes_on_takes_the_copy_of_its_source(tmp_path):
    settings = FineTuneSettings(data="photos", source="https://example.org/gan", out=tmp_path / "run")
    with pytest.raises(checks.UserError, match="trust"):
        resolve_source(settings)
    assert kind_and_path(resolve_source(dataclasses.replace(settings, trust=True))) == (
        "saved_model",
        "https://example.org/gan",
    )
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    run.source.mkdir()
    (run.source / "saved_model.pb").touch()
    run.note(source_kept=True)
    assert kind_and_path(resolve_source(settings)) == ("saved_model", run.source)
    with pytest.raises(checks.UserError, match="trust"):
        resolve_source(dataclasses.replace(settings, overwrite=True))


def test_vae_run_that_goes_on_takes_the_copy_of_its_source(tmp_path, vae_file):
    settings = FineTuneVaeSettings(data="photos", source="gone.keras", out=tmp_path / "run")
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    run.checkpoints.mkdir()
    shutil.copy(vae_file, run.checkpoints / "source.keras")
    assert resolve_source(settings) == ModelRef("keras", run.checkpoints / "source.keras", "vae", "gone.keras")

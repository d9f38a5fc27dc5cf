"""What version 0.1 wrote is read, and its runs continue with the same weights. files/README.md says what is there.

TensorFlow splits sums by the number of threads, so another machine may differ in the last digits: arrays are compared
to a part of their largest value that is a hundredth of a step of training.
"""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint
from keras_transfer_gen.transfer.paths import leaves

FILES = Path(__file__).parent / "files"
SHARED = {"source": "source.keras", "data": "data", "batch_size": 4, "precision": "float32", "deterministic": True}
RUN_GAN = FineTuneSettings(
    **SHARED, out="run_gan", kimg=0.064, freeze=("generator/block_4/.*=false",), freeze_d=1, r1_interval=3,
    latent_selection_kimg=0.008, g_lr_ratio=4.0, feature_weight=0.0, select="best", evaluate_every_kimg=0.016,
)  # fmt: skip
RUN_VAE = FineTuneVaeSettings(
    data="data_vae", source="vae.keras", out="run_vae", method="decoder", kimg=0.08, batch_size=8, precision="float32",
    deterministic=True, prior="shrunk", evaluate_every_kimg=0.016, learning_rate=0.015,
)  # fmt: skip
FINISHED = FineTuneSettings(
    **SHARED, out="run_finished", kimg=0.024, r1_interval=3, latent_selection_kimg=0.004, g_lr_ratio=4.0,
    feature_weight=0.0, select="best", evaluate_every_kimg=0.008,
)  # fmt: skip


def expected(name):
    with np.load(FILES / f"{name}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def assert_same_images(images, wanted):
    assert images.shape == wanted.shape and np.abs(images.astype(int) - wanted).max() <= 1


def assert_near(array, wanted, name):
    assert array.shape == wanted.shape, name
    assert np.abs(array - wanted).max() <= 1e-5 * max(np.abs(wanted).max(), 1e-3), name


def arrays_by_path(model):
    pairs = [pair for leaf in leaves(model) for pair in zip(leaf.variable_paths(), leaf.variables, strict=True)]
    return {path: keras.ops.convert_to_numpy(variable) for path, variable in pairs}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with copies of the runs, sources and images, which is the current one: their paths are relative."""
    for path in FILES.iterdir():
        if path.name.startswith(("run_", "data")) and path.is_dir():
            shutil.copytree(path, tmp_path / path.name)
    for name in ("source.keras", "vae.keras"):
        shutil.copyfile(FILES / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["gan", "miner"])
def test_gan_generates_the_same_images(name):
    gan, wanted = load_gan(FILES / f"{name}.keras"), expected(f"{name}_expected")
    assert_same_images(gan.generate(4, seed=0), wanted["images"])
    assert_same_images(gan.generate(4, seed=0, average=False), wanted["images_not_averaged"])
    flags = json.loads(str(wanted["trainable"]))
    own = {path: bool(v.trainable) for leaf in leaves(gan)
           for path, v in zip(leaf.variable_paths(), leaf.variables, strict=True)}  # fmt: skip
    assert {path: own[path] for path in own if path in flags} == {path: flags[path] for path in own if path in flags}
    assert len(set(own) & set(flags)) > 10


def test_weights_and_settings_of_a_compiled_gan_are_all_there():
    gan, wanted = load_gan(FILES / "gan.keras"), expected("gan_expected")
    arrays = arrays_by_path(gan)
    shared = set(arrays) & set(wanted)
    assert len(shared) > 20 and all(np.array_equal(arrays[path], wanted[path]) for path in shared)
    assert type(gan.objective).__name__ == "Hinge" and (gan.penalty.gamma, gan.penalty.every) == (0.7, 3)
    assert type(gan.augment).__name__ == "DiffAugment" and gan.seed == 3 and gan.spec.truncation == 0.8
    (regularizer,) = gan.regularizers
    assert type(regularizer).__name__ == "L2SP" and regularizer.weight == 0.01
    assert float(gan.g_optimizer.learning_rate) == pytest.approx(4e-3)


@pytest.mark.parametrize(("name", "prior"), [("vae", "GaussianPrior"), ("vae_mixture", "MixturePrior")])
def test_vae_generates_and_measures_the_same(name, prior, folder):
    vae, wanted = load_vae(FILES / f"{name}.keras"), expected(f"{name}_expected")
    assert type(vae.prior).__name__ == prior
    assert (vae.beta, vae.free_bits, vae.kl_annealing_kimg) == (0.7, 0.05, 0.2)
    assert_same_images(vae.generate(4, seed=0), wanted["images"])
    from keras_transfer_gen.data.sources import read_images

    images = read_images("data", 32).images[:4]
    assert_near(vae.encode(images)[0], wanted["z_mean"], "z_mean")
    assert_same_images(vae.reconstruct(images), wanted["reconstructed"])
    measured = vae.evaluate(images, samples=4, seed=0, return_dict=True)
    assert measured["elbo"] == pytest.approx(float(wanted["evaluate_elbo"]), rel=1e-4)


@pytest.mark.usefixtures("quick_scores", "deterministic")
@pytest.mark.parametrize("settings", [RUN_GAN, RUN_VAE], ids=["run_gan", "run_vae"])
def test_interrupted_run_continues_with_the_same_weights(settings, folder):
    fine_tune(settings)
    model, state = load_checkpoint(latest_checkpoint(RunFolder(settings.out).adapted))
    wanted = expected(f"{settings.out}_final")
    assert_same_images(model.generate(4, seed=0), wanted["images"])
    arrays = arrays_by_path(model)
    if settings is RUN_GAN:
        optimizers = {"g_optimizer": model.g_optimizer, "d_optimizer": model.d_optimizer}
    else:
        optimizers = {"optimizer": model.optimizer}
    for name, optimizer in optimizers.items():
        arrays |= {f"{name}/{i:03}": keras.ops.convert_to_numpy(v) for i, v in enumerate(optimizer.variables)}
    shared = set(arrays) & set(wanted)
    assert len(shared) > 30
    for name in sorted(shared):
        assert_near(arrays[name], wanted[name], name)
    assert [record["kimg"] for record in state["records"]] == wanted["curve_kimg"].tolist()


def test_finished_run_is_finished_and_a_model(folder, scripted):
    wanted = expected("run_finished_expected")
    assert_same_images(load_gan("run_finished").generate(4, seed=0), wanted["images"])
    run = RunFolder("run_finished")
    run.saved_model.mkdir(parents=True)  # left out of the repository for its size, and so is the next
    (run.path / "curves.png").touch()
    reporter = scripted()
    metrics = fine_tune(FINISHED, reporter)
    assert metrics == json.loads(run.metrics_file.read_text()) and "has finished already" in reporter.lines[0]


def test_exported_saved_model_is_a_source():
    wanted = expected("exported_saved_model_expected")
    assert_same_images(load_gan(FILES / "exported_saved_model").generate(4, seed=0), wanted["images"])

import json
import os

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.inputs.run_images import RunImages
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, Training
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.finalize import finalize
from keras_transfer_gen.recipes.training.vae.family import VaeFamily


@pytest.fixture(scope="module")
def ended(tmp_path_factory, vae_file, sample_images, quick):
    """(folder, metrics, images) of a VAE that was trained for no step, ended with a fitted prior."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        settings = FineTuneVaeSettings(
            data="d", source="s", out=tmp_path_factory.mktemp("runs") / "run", method="full", prior="full"
        )
        learnt = kid_protocol.make_reference(sample_images[:8], "learnt")
        images = RunImages(
            read_images(sample_images[:8], 32), learnt, learnt, holdout=sample_images[6:], holdout_name="held",
            validation=sample_images[8:10],
        )  # fmt: skip
        with Run.open("finetune", settings, VaeFamily(), SILENT) as run:
            run.begin(images, "the best")
            training = Training(load_vae(vae_file), Branch.main(run.folder), best_kimg=0.5)
            training.save(settings.out)
            training.records = [{"kimg": 0.0, "elbo": -5.0}, {"kimg": 0.5, "elbo": -1.0}]
            metrics = finalize(run, images, training)
    return run.folder, metrics, images


def test_run_holds_everything_that_a_vae_has(ended):
    run, metrics, _ = ended
    assert set(os.listdir(run.path)) >= {
        "config.json", "spec.json", "metrics.json", "README.md", "before_after.png", "reconstructions.png",
        "curves.png", "neighbours.png", "training.gif", "checkpoints", "export",
    }  # fmt: skip
    assert json.loads(run.metrics_file.read_text()) == metrics
    assert sorted(os.listdir(run.tflite.parent)) == [
        "decoder.tflite", "encoder.tflite", "sampler.tflite", "saved_model"
    ]  # fmt: skip
    config = run.config()
    assert config["finished"] and config["resolved"]["selection"] == "the best"
    assert config["resolved"]["held_out"] == 6 and "everything" in run.card_file.read_text()


def test_both_priors_are_measured_and_the_fitted_one_is_kept(ended, sample_images):
    run, metrics, images = ended
    vae = load_vae(run.path)
    assert isinstance(vae.prior, GaussianPrior) and metrics["prior"] == "full"
    np.testing.assert_allclose(vae.prior.mean, vae.encode(images.prior_images)[0].mean(0), atol=1e-5)
    found = vae.evaluate(images.holdout, return_dict=True)
    assert metrics["elbo_after"]["value"] == pytest.approx(found["elbo"], rel=1e-6)
    assert metrics["active_units"] == int(found["active_units"]) and metrics["best_kimg"] == 0.5
    vae.set_prior(StandardNormal())
    found = vae.evaluate(images.holdout, return_dict=True)
    assert metrics["elbo_standard_prior"]["value"] == pytest.approx(found["elbo"], rel=1e-6)
    assert metrics["kid_standard_prior"]["value"] != metrics["kid_after"]["value"]
    assert metrics["elbo_before"] is None and metrics["elbo_scratch"] is None


def test_exports_draw_from_the_fitted_prior(ended):
    run, _, _ = ended
    vae, noise = load_vae(run.path), probe_latents(8)
    expected = vae.decoder(vae.prior(noise), training=False)
    check_parity(expected, run_tflite(run.tflite.with_name("sampler.tflite"), noise))
    exported = load_vae(run.saved_model)
    assert np.abs(exported.generate(4).astype(int) - vae.generate(4)).max() <= 1
    assert np.abs(np.asarray(expected) - np.asarray(vae.decoder(noise, training=False))).max() > 0.05


def test_sheet_shows_what_was_held_out_beside_its_reconstruction(ended):
    run, _, images = ended
    with Image.open(run.path / "reconstructions.png") as image:
        sheet = np.asarray(image)
    np.testing.assert_array_equal(sheet[24:56, :32], images.holdout[0])
    made = load_vae(run.path).reconstruct(images.holdout[:1])[0]
    left = 3 * 32 + 24
    np.testing.assert_array_equal(sheet[24:56, left : left + 32], made)

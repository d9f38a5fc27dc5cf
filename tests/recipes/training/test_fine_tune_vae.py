import dataclasses
import json
import os
import shutil

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.mixture import MixturePrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.latent_tools.restyle import restyle
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture(scope="module")
def many(tmp_path_factory, sample_images):
    """24 images on black, which the source has never seen, as an .npz file."""
    path = tmp_path_factory.mktemp("many") / "many.npz"
    np.savez(path, images=255 - np.concatenate([sample_images, sample_images[:, ::-1]]))
    return path


@pytest.fixture
def settings(vae_file, many, tmp_path):
    return FineTuneVaeSettings(
        data=many, source=vae_file, out=tmp_path / "run", reference=many, kimg=0.064, batch_size=8,
        precision="float32", learning_rate=3e-3,
    )  # fmt: skip


def moved(before, after):
    """{role: whether any weight moved}."""
    pairs = {role: (network, after.roles[role]) for role, network in before.roles.items()}
    return {
        role: any((a != b).any() for a, b in zip(old.get_weights(), new.get_weights(), strict=True))
        for role, (old, new) in pairs.items()
    }


def test_decoder_alone_moves_and_the_run_is_whole(settings, vae_file, sample_images, scripted):
    metrics = fine_tune(dataclasses.replace(settings, compare_scratch=True), reporter := scripted())
    run = RunFolder(settings.out)
    assert json.loads(run.metrics_file.read_text()) == metrics
    for name in ("elbo_before", "elbo_before_refitted", "elbo_after", "elbo_scratch", "bits_per_dim"):
        assert metrics[name]["n_images"] == 24 and np.isfinite(metrics[name]["value"])
    assert isinstance(metrics["active_units"], int) and metrics["kimg"] == 0.064
    assert metrics["elbo_after"]["value"] > metrics["elbo_before"]["value"]
    assert metrics["elbo_before_refitted"]["value"] > metrics["elbo_before"]["value"] and metrics["put_aside"] == 4
    for name in ("kid_before", "kid_after", "kid_scratch", "kid_standard_prior"):
        assert metrics[name]["n_fake"] == 12
    adapted = load_vae(settings.out)
    assert moved(load_vae(vae_file), adapted) == {"encoder": False, "decoder": True}
    assert isinstance(adapted.prior, GaussianPrior) and adapted.spec.licence == "CC0-1.0"
    assert adapted.spec.source.startswith(f"Adapted from {vae_file} on ")
    found = adapted.evaluate(np.load(settings.data)["images"], return_dict=True)
    assert found["elbo"] == pytest.approx(metrics["elbo_after"]["value"], rel=1e-6)
    config = run.config()
    assert config["finished"] and config["resolved"]["held_out"] == 24
    assert config["resolved"]["selection"].startswith("the weights with the best ELBO on 4 images")

    assert fine_tune(dataclasses.replace(settings, compare_scratch=True), reporter := scripted()) == metrics
    assert "nothing to do" in reporter.lines[0]
    found = restyle(settings.out, sample_images, detail=0.0)  # the run keeps its source
    latents, _ = load_vae(vae_file).encode(sample_images)
    np.testing.assert_array_equal(found.images, adapted.decode(latents))
    assert found.kid["reference"] == str(settings.reference)


def test_prior_alone_moves_no_network_and_the_bound_rises(settings, vae_file, no_exports):
    metrics = fine_tune(dataclasses.replace(settings, method="prior", prior="mixture"))
    adapted = load_vae(settings.out)
    assert moved(load_vae(vae_file), adapted) == {"encoder": False, "decoder": False}
    assert isinstance(adapted.prior, MixturePrior)
    assert metrics["elbo_after"]["value"] > metrics["elbo_before"]["value"] and metrics["seconds"] == 0.0
    assert 0 <= metrics["prior_seconds"] < 60 and metrics["kimg"] == 0.0 and metrics["elbo_scratch"] is None


@pytest.mark.parametrize("method", ["bsa", "anchored", "full"])
def test_methods_move_what_they_name(settings, vae_file, method, no_exports):
    fine_tune(dataclasses.replace(settings, method=method, prior="standard"))
    adapted = load_vae(settings.out)
    assert moved(load_vae(vae_file), adapted) == {"encoder": method != "bsa", "decoder": True}
    assert len(adapted.regularizers) == (2 if method == "anchored" else 0)
    assert isinstance(adapted.prior, StandardNormal)


def test_interrupted_run_goes_on_and_ends_as_one_in_one_piece(
    settings, tmp_path, scripted, deterministic, no_exports
):  # fmt: skip
    whole = dataclasses.replace(settings, deterministic=True, evaluate_every_kimg=0.016)
    fine_tune(whole)
    parts = dataclasses.replace(whole, out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.032, label="adapting"))
    run = RunFolder(parts.out)
    assert run.config()["resolved"]["selection"].startswith("the weights with the best ELBO on 4 images")
    notes = run.notes()
    del notes["elbo_before_refitted"]  # as in a run of an earlier version
    run.notes_file.write_text(json.dumps(notes))
    assert fine_tune(parts)["elbo_before_refitted"] is None
    first, second = (load_vae(run.out) for run in (whole, parts))
    for role, network in first.roles.items():
        for a, b in zip(network.get_weights(), second.roles[role].get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_larger_budget_continues_a_finished_run_wherever_its_source_is(settings, vae_file, tmp_path, no_exports):
    source = tmp_path / "moved.keras"
    shutil.copy(vae_file, source)
    settings = dataclasses.replace(settings, source=str(source), kimg=0.008)
    first = fine_tune(settings)
    assert RunFolder(settings.out).source_vae_file.is_file()
    second = fine_tune(dataclasses.replace(settings, kimg=0.016))
    assert (first["kimg"], second["kimg"]) == (0.008, 0.016)
    assert second["elbo_before"] == first["elbo_before"]


def test_grey_images_change_the_channels(settings, many, no_exports):
    metrics = fine_tune(dataclasses.replace(settings, channels=1, method="prior"))
    adapted = load_vae(settings.out)
    assert adapted.spec.channels == 1 and adapted.generate(2).shape == (2, 32, 32, 1)
    assert metrics["elbo_after"]["value"] > metrics["elbo_before"]["value"]


@pytest.mark.slow
def test_exported_source_is_adapted_and_compared_with_a_conv_vae(settings, vae_file, tmp_path, no_exports):
    folder = export_saved_model(load_vae(vae_file), tmp_path / "saved")
    settings = dataclasses.replace(settings, source=str(folder), compare_scratch=True, kimg=0.016, prior="full")
    metrics = fine_tune(settings)
    assert np.isfinite(metrics["elbo_scratch"]["value"])
    assert metrics["elbo_after"]["value"] > metrics["elbo_before"]["value"]


def test_what_cannot_be_used_is_refused_and_leaves_nothing(settings, source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`source` must be a model saved from a VAE"):
        fine_tune(dataclasses.replace(settings, source=str(source_file)))
    with pytest.raises(checks.UserFileError, match="`data` must be"):
        fine_tune(dataclasses.replace(settings, data=str(tmp_path / "none")))
    assert not os.path.exists(settings.out)

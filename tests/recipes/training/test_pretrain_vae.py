import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.pretrain import pretrain
from keras_transfer_gen.recipes.training.vae.family import LAST

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture
def settings(digits, tmp_path):
    return PretrainVaeSettings(
        data=digits, out=tmp_path / "run", image_size=28, channels=1, max_channels=16, min_channels=8, latent_dim=4,
        kimg=0.024, batch_size=4, precision="float32", licence="CC0-1.0", deterministic=True, free_bits=0.1,
    )  # fmt: skip


def everything_of(run):
    from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint

    vae, _ = load_checkpoint(latest_checkpoint(run.adapted))
    return [keras.ops.convert_to_numpy(variable) for part in (vae, vae.optimizer) for variable in part.variables]


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic")
def test_run_is_measured_drawn_and_exported_and_interruptions_leave_no_trace(settings, tmp_path, scripted, request):
    metrics = pretrain(settings, reporter := scripted())
    assert any("collapsed" in line for line in reporter.lines) == bool(metrics["collapse"])
    run = RunFolder(settings.out)
    assert json.loads(run.metrics_file.read_text()) == metrics
    assert metrics["elbo_before"] is None and metrics["elbo_scratch"] is None and metrics["kimg"] == 0.024
    assert metrics["elbo_after"]["n_images"] == metrics["bits_per_dim"]["n_images"] == 4
    assert metrics["kid_after"]["n_real"] == 20  # those held out were not learnt
    vae = load_vae(settings.out)
    assert vae.spec.family == "vae" and vae.spec.licence == "CC0-1.0" and vae.free_bits == 0.1
    for name in (
        "before_after.png", "neighbours.png", "reconstructions.png", "curves.png", "training.gif", "README.md",
        "history.csv", "export/sampler.tflite", "export/encoder.tflite", "export/decoder.tflite",
    ):  # fmt: skip
        assert (run.path / name).is_file()
    exported = load_vae(run.saved_model)
    assert np.abs(exported.generate(3).astype(int) - vae.generate(3)).max() <= 1
    assert pretrain(settings, reporter := scripted()) == metrics and "nothing to do" in reporter.lines[0]

    request.getfixturevalue("no_exports")
    parts = dataclasses.replace(settings, out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        pretrain(parts, scripted(at=0.012, label="training"))
    assert RunFolder(parts.out).config()["resolved"]["selection"] == LAST
    pretrain(parts)
    found, expected = (everything_of(RunFolder(part.out)) for part in (parts, settings))
    assert len(found) > 50 and all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.usefixtures("no_exports")
def test_reference_is_what_the_bound_is_taken_on(settings, digits):
    settings = dataclasses.replace(settings, reference=digits, deterministic=False, kimg=0.004)
    metrics = pretrain(settings)
    assert metrics["elbo_after"]["n_images"] == 24 and metrics["elbo_after"]["reference"] == str(digits)
    assert metrics["elbo_after"]["value"] == pytest.approx(
        load_vae(settings.out).evaluate(np.load(digits)["images"][..., None], return_dict=True)["elbo"]
    )

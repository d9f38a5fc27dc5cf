import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.defaults import PRETRAIN_LEARNING_RATE
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.training.pretrain import pretrain

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture
def settings(digits, tmp_path):
    return PretrainSettings(
        data=digits, out=tmp_path / "run", image_size=28, channels=1, max_channels=16, min_channels=8, latent_dim=16,
        kimg=0.024, batch_size=4, precision="float32", licence="CC0-1.0", deterministic=True,
    )  # fmt: skip


@pytest.mark.usefixtures("deterministic")
def test_grey_images_of_28_pixels_are_learnt_and_interruptions_leave_no_trace(
    settings, tmp_path, scripted, everything_of, request
):  # fmt: skip
    metrics = pretrain(settings)
    assert metrics["kid_before"] is None and metrics["kid_scratch"] is None and metrics["kimg"] == 0.024
    gan = load_gan(settings.out)
    assert gan.generate(2).shape == (2, 28, 28, 1)
    assert gan.spec.source == f"Trained from nothing on {settings.data}." and gan.spec.licence == "CC0-1.0"
    assert float(gan.g_optimizer.learning_rate) == pytest.approx(PRETRAIN_LEARNING_RATE)
    run = RunFolder(settings.out)
    for name in ("before_after.png", "neighbours.png", "curves.png", "training.gif", "README.md"):
        assert (run.path / name).is_file()
    assert pretrain(settings, reporter := scripted()) == metrics and "nothing to do" in reporter.lines[0]

    request.getfixturevalue("no_exports")
    parts = dataclasses.replace(settings, out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        pretrain(parts, scripted(at=0.012, label="training"))
    pretrain(parts)
    found, expected = (everything_of(RunFolder(part.out).adapted) for part in (parts, settings))
    assert len(found) > 50 and all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.usefixtures("no_exports")
def test_start_interrupted_while_it_is_measured_goes_on(settings, monkeypatch):
    settings = dataclasses.replace(settings, deterministic=False, kimg=0.004)

    def interrupted(run, **values):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "note", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pretrain(settings)
    assert RunFolder(settings.out).open("pretrain", settings) == "continue"
    assert pretrain(settings)["kimg"] == 0.004


def test_balance_needs_folders(settings):
    with pytest.raises(checks.UserError, match=r"`balance` must be 0.*--balance"):
        pretrain(dataclasses.replace(settings, balance=1.0, deterministic=False))

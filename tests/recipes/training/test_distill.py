import dataclasses
import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.maths.psnr import peak_signal_to_noise
from keras_transfer_gen.networks.dcgan.narrowing import megabytes
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.distill import DistillSettings
from keras_transfer_gen.recipes.training.distill import distill
from keras_transfer_gen.recipes.training.gan.student import StudentFamily

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture(scope="module")
def settings(source_file, tmp_path_factory):
    return DistillSettings(
        source=source_file, size_mb=0.02, out=tmp_path_factory.mktemp("runs") / "small", images=16, kimg=0.032,
        batch_size=8, precision="float32", feature_weight=0, ema_halflife_kimg=0.004,
    )  # fmt: skip


def test_an_interrupted_student_goes_on_with_its_teacher_and_is_a_run_like_any_other(
    settings, source_file, scripted, monkeypatch
):
    taught, set_teacher = [], StudentFamily.set_teacher

    def noted(family, model, source):
        set_teacher(family, model, source)
        taught.append((float(model.kimg), model.regularizers[0]._teacher.network is source.model.ema_generator))

    monkeypatch.setattr(StudentFamily, "set_teacher", noted)
    with pytest.raises(checks.Interrupted):
        distill(settings, scripted(at=0.016, label="distilling"))
    metrics = distill(settings)
    assert taught == [(0.0, True), (0.016, True)] and metrics["kimg"] == 0.032

    folder, student, teacher = RunFolder(settings.out), load_gan(settings.out), load_gan(source_file)
    assert metrics["megabytes"] == megabytes(student.generator) <= 0.02 < metrics["teacher_megabytes"]
    assert metrics == json.loads(folder.metrics_file.read_text("utf-8"))
    generated = [model.generate(12, seed=0) for model in (teacher, student)]
    assert metrics["psnr"] == pytest.approx(peak_signal_to_noise(*generated), abs=0.01)
    assert np.isfinite([metrics["psnr_before"], metrics["kid_after"]["value"], metrics["kid_floor"]["value"]]).all()
    assert student.spec.source.startswith(f"Distilled from {source_file}.") and student.spec.licence == "CC0-1.0"
    latents = np.random.default_rng(0).standard_normal((2, 16)).astype(np.float32)
    np.testing.assert_allclose(run_tflite(folder.tflite, latents), student.ema_generator(latents), atol=1e-4)
    assert folder.tflite.stat().st_size < 60_000 and folder.saved_model.is_dir()
    assert "imitates" in folder.card_file.read_text("utf-8")
    assert distill(settings, reporter := scripted()) == metrics and "nothing to do" in reporter.lines[0]


def test_teachers_that_have_no_student_are_refused(settings, vae_file, tmp_path):
    for source, size, text in (
        (settings.source, 50, "below the .* of the teacher"),
        (vae_file, 0.02, "VAE"),
        (tmp_path / "nothing", 0.1, "must be a preset"),
    ):
        with pytest.raises(checks.USER_ERRORS, match=text):
            distill(dataclasses.replace(settings, source=str(source), size_mb=size, out=str(tmp_path / "new")))


def test_several_workers_have_no_student(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}')
    with pytest.raises(checks.UserError, match="`TF_CONFIG` must be one worker for `ktg distill`"):
        distill(dataclasses.replace(settings, out=tmp_path / "small"))

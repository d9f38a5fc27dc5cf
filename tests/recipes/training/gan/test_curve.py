import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import Phase, run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training import Branch, Training
from keras_transfer_gen.recipes.scoring import selection
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan.curve import FILE, BestKidCurve, KidCurve, kept_source
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.recipes.training.gan.models import model_from_source
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint


@pytest.fixture
def settings(shared_image_folder, source_file, tmp_path):
    return FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path / "run", kimg=0.04, batch_size=4,
        precision="float32",
        penalty="none", augment="none",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def ten_points(monkeypatch):
    """Runs of a few images are scored ten times."""
    monkeypatch.setattr(BestKidCurve, "points", 10)
    monkeypatch.setattr(BestKidCurve, "apart", 0.0)


class Scores:
    """A score that takes given values, in tens, in turn and keeps the averaged weights that it saw."""

    def __init__(self, *values):
        self.values, self.seen = list(values), []

    def __call__(self, gan):
        self.seen.append(gan.ema_generator.get_weights())
        return {"kid": 10.0 * self.values.pop(0)}


def run(settings, training, score, kimg=None, from_source=False, blends=False):
    """Trains with the curve of `settings.select`, whose scores are given; returns the kimg of the kept weights."""

    class Images:
        image_set, labelled = read_images(settings.data, 32), False

    run = Run("finetune", settings, GanFamily(), SILENT, "start", tf.distribute.get_strategy())
    run.note(arithmetic="float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "curve_scores", lambda reference, measure: score)
        best = BestKidCurve(None, settings.out, from_source, blends=blends)
        curve = KidCurve(None) if settings.select == "last" else best
    branch = Branch.main(run.folder)
    training.branch = dataclasses.replace(branch, samples=None)
    run_phases(run, training, Images, [Phase("", kimg or settings.kimg, curve=curve)])
    return training.best_kimg


def begun(settings):
    return Training(model_from_source(load_gan(settings.source), dataclasses.replace(settings, feature_weight=0.0)))


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_averaged_generator_of_the_lowest_score_is_taken(settings):
    training, score = begun(settings), Scores(9.0, 7.0, 3.0, 3.0, 5.0, 4.0, 6.0, 8.0, 9.0, 9.0)
    assert run(settings, training, score) == pytest.approx(0.012)
    assert same(training.model.ema_generator.get_weights(), score.seen[2])
    assert training.model.kimg == pytest.approx(0.04) and len(training.records) == 10
    kept = load_gan(RunFolder(settings.out).best / FILE)
    assert same(kept.ema_generator.get_weights(), score.seen[2])


def test_checkpoint_keeps_the_last_weights_from_which_a_longer_run_goes_on(settings):
    score = Scores(*range(1, 11))
    run(settings, begun(settings), score)
    gan, state = load_checkpoint(latest_checkpoint(RunFolder(settings.out).adapted))
    assert same(gan.ema_generator.get_weights(), score.seen[-1]) and gan.kimg == pytest.approx(0.04)
    training, more = Training(gan, records=state["records"]), Scores(5.0, 0.5, 5.0)
    longer = dataclasses.replace(settings, evaluate_every_kimg=0.004)
    assert run(longer, training, more, kimg=0.052) == pytest.approx(0.048)
    assert same(training.model.ema_generator.get_weights(), more.seen[1])


def test_longer_run_keeps_what_was_better_before(settings):
    score = Scores(5.0, 1.0, *range(2, 10))
    run(settings, begun(settings), score)
    gan, state = load_checkpoint(latest_checkpoint(RunFolder(settings.out).adapted))
    training = Training(gan, records=state["records"])
    assert run(dataclasses.replace(settings, evaluate_every_kimg=0.004), training, Scores(2.0), 0.044) == 0.008
    assert same(training.model.ema_generator.get_weights(), score.seen[1])


def test_last_weights_are_kept_where_asked_for(settings):
    settings = dataclasses.replace(settings, select="last")
    training, score = begun(settings), Scores(*range(1, 11))
    assert run(settings, training, score) is None
    assert len(score.seen) == 5 and same(training.model.ema_generator.get_weights(), score.seen[-1])
    assert not RunFolder(settings.out).best.exists()


def test_run_without_a_file_of_the_best_begins_anew(settings):
    run(settings, begun(settings), Scores(*range(1, 11)))
    (RunFolder(settings.out).best / FILE).unlink()
    gan, state = load_checkpoint(latest_checkpoint(RunFolder(settings.out).adapted))
    training = Training(gan, records=state["records"])
    assert run(dataclasses.replace(settings, evaluate_every_kimg=0.004), training, Scores(8.0), 0.044) == 0.044


def test_source_is_kept_where_nothing_on_the_way_is_better(settings):
    training, score = begun(settings), Scores(314.0, 340.0, 345.0, *([332.0] * 8))
    source = training.model.ema_generator.get_weights()
    assert run(settings, training, score, from_source=True) == 0.0
    assert kept_source(training) and same(training.model.ema_generator.get_weights(), source)
    assert [record["kimg"] for record in training.records[:2]] == [0.0, pytest.approx(0.004)]
    assert not same(score.seen[-1], source) and len(training.records) == 11


def test_source_gives_way_to_better_weights_and_is_scored_once(settings):
    training, score = begun(settings), Scores(50.0, 60.0, 40.0, *([45.0] * 8))
    assert run(settings, training, score, from_source=True) == pytest.approx(0.008)
    assert not kept_source(training)
    gan, state = load_checkpoint(latest_checkpoint(RunFolder(settings.out).adapted))
    training = Training(gan, records=state["records"])
    longer = dataclasses.replace(settings, evaluate_every_kimg=0.004)
    assert run(longer, training, Scores(39.0), 0.044, from_source=True) == 0.044
    assert sum("source" in record for record in training.records) == 1


def test_source_that_blends_known_images_gives_way_to_weights_nearly_as_good(settings):
    training, score = begun(settings), Scores(50.0, 70.0, 55.0, *([58.0] * 8))
    assert run(settings, training, score, from_source=True, blends=True) == pytest.approx(0.008)
    assert not kept_source(training) and training.records[0]["blends"]
    longer = dataclasses.replace(settings, evaluate_every_kimg=0.004)
    assert run(longer, training, Scores(56.0), 0.044, from_source=True, blends=True) == pytest.approx(0.008)


def test_source_that_blends_known_images_stays_where_training_makes_it_much_worse(settings):
    training = begun(settings)
    source = training.model.ema_generator.get_weights()
    score = Scores(50.0, *([61.0] * 10))
    assert run(settings, training, score, from_source=True, blends=True) == 0.0
    assert not kept_source(training)  # it draws other images than the source did
    assert same(training.model.ema_generator.get_weights(), source)


@pytest.mark.usefixtures("quick_scores")
def test_whole_run_gives_its_best_and_says_so(finished):
    folder = RunFolder(finished.out)
    _, state = load_checkpoint(latest_checkpoint(folder.adapted))
    best = selection.best_record(state["records"])
    metrics = json.loads(folder.metrics_file.read_text())
    assert metrics["best_kimg"] == pytest.approx(best["kimg"]) and metrics["kimg"] == pytest.approx(0.04)
    assert state["records"][0]["kimg"] == 0 and state["records"][0]["source"]
    assert metrics["kept_source"] == (best["kimg"] == 0)
    words = "of the source" if metrics["kept_source"] else f"at {best['kimg']:.2f} kimg"
    assert f"- Weights: those {words}, which were best" in folder.card_file.read_text()
    assert (folder.best_scratch / FILE).is_file()
    assert load_gan(folder.path).kimg == pytest.approx(best["kimg"])


@pytest.mark.usefixtures("quick_scores", "no_exports")
def test_other_images_take_the_best_of_the_former_ones_away(settings, shared_image_folder, tmp_path):
    shutil.copytree(shared_image_folder, tmp_path / "pictures")
    settings = dataclasses.replace(settings, data=str(tmp_path / "pictures"), kimg=0.008)
    fine_tune(settings)
    next(path for path in sorted((tmp_path / "pictures").rglob("*")) if path.is_file()).unlink()
    folder, seen = RunFolder(settings.out), []
    forget = RunFolder.forget_best
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "forget_best", lambda run: (seen.append(run.best.exists()), forget(run))[1])
        fine_tune(dataclasses.replace(settings, kimg=0.012))
    assert seen == [True] and folder.best.exists()

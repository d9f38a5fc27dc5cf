"""A training that diverges, goes back and then learns: by a regulariser that is NaN where the rate is too high."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import protocols
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs import rollback
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.runs.training_loop import train
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.training.callbacks import read_history


@keras.saving.register_keras_serializable("tests")
class TooFast(protocols.Regularizer):
    """Its gradient is NaN from step 3 on while the generator's learning rate is above 0.003."""

    phases = ("g",)

    def losses(self, step):
        rate = tf.convert_to_tensor(step.gan.g_optimizer.learning_rate)
        factor = tf.where((step.index >= 3) & (rate > 0.003), float("nan"), 0.0)
        return {"g": factor * tf.reduce_mean(step.fake, axis=(1, 2, 3))}


def open_run(out, reporter, **changed):
    settings = FineTuneSettings(
        data="photos", source="a.keras", out=out, batch_size=4, kimg=0.024, penalty="none", augment="none",
        learning_rate=0.008, **changed,
    )  # fmt: skip
    run = Run("finetune", settings, GanFamily(), reporter, "start", tf.distribute.get_strategy())
    run.note(arithmetic="float32")
    return run


def go(run, source_file, kimg):
    def make():
        gan = load_gan(source_file)
        rates = [keras.optimizers.Adam(0.008, beta_1=0.0) for _ in range(2)]
        gan.compile(penalty=None, regularizers=[TooFast()], g_optimizer=rates[0], d_optimizer=rates[1])
        return gan

    training = resume_training(run, Branch.main(run.folder), make)
    images = read_images(np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8), 32)
    train(run, training, images, Phase("training", kimg))
    return training


@pytest.mark.usefixtures("deterministic")
def test_run_goes_back_with_a_lower_rate_and_an_interrupted_one_goes_on_alike(
    source_file, tmp_path, scripted, monkeypatch, everything_of
):
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "0")
    tf.config.experimental.enable_op_determinism()
    reporter = scripted()
    run = open_run(tmp_path / "through", reporter)
    training = go(run, source_file, kimg=0.024)
    back = [line for line in reporter.lines if "went back" in line]
    for line, rate in zip(back, ("0.004 (1", "0.002 (2"), strict=True):
        reason = r"the training diverged at 0\.02 kimg \(the weight \S+ is not finite\)"
        end = rf": it went back to 0\.01 kimg, with the learning rate {re.escape(rate)} of at most 3 times\)"
        assert re.fullmatch(reason + end, line)
    assert training.model.kimg == 0.024 and float(training.model.g_optimizer.learning_rate) == np.float32(0.002)
    assert [row["kimg"] for row in read_history(run.folder.history_file)] == [0.004, 0.008, 0.012, 0.016, 0.02, 0.024]
    assert all(np.isfinite(array).all() for array in everything_of(run.folder.adapted))

    other = open_run(tmp_path / "in_parts", scripted())
    go(other, source_file, kimg=0.016)  # both returns are behind it
    again = go(other, source_file, kimg=0.024)
    assert [entry["learning_rate"] for entry in again.rollbacks] == pytest.approx([0.004, 0.002])
    pairs = zip(everything_of(run.folder.adapted), everything_of(other.folder.adapted), strict=True)
    assert all(np.array_equal(one, two) for one, two in pairs)

    changed = dataclasses.replace(other.settings, learning_rate=0.001)  # what a person changes counts anew
    assert rollback.times_gone_back(again, other.settings) == 2 and rollback.times_gone_back(again, changed) == 0


def test_rates_of_all_optimizers_are_lowered_exactly(source_file):
    gan = load_gan(source_file)
    gan.compile(g_optimizer=keras.optimizers.SGD(0.4), d_optimizer=keras.optimizers.SGD(0.1))
    assert rollback.lower_rates(gan, times=2) == np.float32(0.1) / 4
    assert float(gan.g_optimizer.learning_rate) == np.float32(0.4) / 4


def test_return_is_described_in_one_sentence():
    entry = {"kimg": 3.0, "back_to_kimg": 2.5, "reason": "d_loss is nan", "learning_rate": 0.001}
    expected = (
        "the training diverged at 3.00 kimg (d_loss is nan): it went back to 2.50 kimg, with the learning rate 0.001"
    )
    assert rollback.describe_rollback(entry) == expected

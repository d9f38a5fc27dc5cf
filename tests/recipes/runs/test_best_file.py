import dataclasses

import pytest

from keras_transfer_gen.recipes.runs.best_file import POINTS, BestFile, often_enough
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


def test_highest_value_is_kept_and_the_earliest_of_equals(source_file, tmp_path):
    gan, best = load_gan(source_file), BestFile(tmp_path / "best" / "gan.keras", tmp_path)
    for step, value in enumerate((-9.0, -3.0, -3.0, -5.0)):
        gan.images_seen.assign(1000 * step)
        best.offer(gan, value)
    assert best.value == -3.0 and load_gan(best.file).kimg == 1.0


def test_what_was_better_before_stays(source_file, tmp_path):
    best = BestFile(tmp_path / "gan.keras", tmp_path, value=2.0)
    best.offer(load_gan(source_file), 2.0)
    assert best.value == 2.0 and not best.file.exists()


def test_scores_come_at_tenths_unless_told():
    settings = FineTuneSettings(data="photos", source="noto_gan_64", out="run")
    assert often_enough(settings, 20.0).evaluate_every_kimg == pytest.approx(20.0 / POINTS)
    told = dataclasses.replace(settings, evaluate_every_kimg=3.0)
    assert often_enough(told, 20.0) == told

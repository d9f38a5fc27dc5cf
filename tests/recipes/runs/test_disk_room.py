import shutil
from types import SimpleNamespace

import numpy as np

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs import disk_room
from keras_transfer_gen.training.checkpoint import save_checkpoint


def test_missing_bytes_are_what_is_needed_less_what_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=4_000_000))
    expected = "it needs 12.0 MB and 4.0 MB are free: 8.0 MB are missing"
    assert disk_room.describe_missing(tmp_path, 12_000_000) == expected
    assert "more than a quota" in disk_room.describe_missing(tmp_path, 3_000_000)


def test_size_of_a_checkpoint_is_guessed_well_before_there_is_one(source_file, tmp_path):
    gan = load_gan(source_file)
    gan.compile()
    guess = disk_room.checkpoint_bytes(gan, tmp_path)
    save_checkpoint(gan, tmp_path, {})
    exact = disk_room.checkpoint_bytes(gan, tmp_path)
    assert exact == sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert np.isclose(
        guess, sum(v.numpy().nbytes for part in (gan, *gan.list_optimizers()) for v in part.variables), 0.01
    )
    assert guess < exact < 4 * guess + 500_000  # tiny weights: the file is mostly headings


def test_line_names_what_stays(source_file, tmp_path):
    gan = load_gan(source_file)
    gan.compile()
    assert "There is no earlier one" in disk_room.unsaved_line(gan, tmp_path)
    save_checkpoint(gan, tmp_path, {})
    assert "The one before it, step-000000000, stays" in disk_room.unsaved_line(gan, tmp_path)

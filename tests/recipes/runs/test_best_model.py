import errno

import pytest

from keras_transfer_gen import files
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.best_model import BestModel


def test_highest_value_is_kept_and_the_earliest_of_equals(source_file, tmp_path):
    gan, best = load_gan(source_file), BestModel(tmp_path / "best" / "gan.keras", tmp_path)
    for step, value in enumerate((-9.0, -3.0, -3.0, -5.0)):
        gan.images_seen.assign(1000 * step)
        best.offer(gan, value)
    assert best.value == -3.0 and load_gan(best.file).kimg == 1.0


def test_full_disk_keeps_the_best_before_and_says_so(source_file, tmp_path, monkeypatch):
    lines, gan = [], load_gan(source_file)
    best = BestModel(tmp_path / "gan.keras", tmp_path, say=lines.append)
    best.offer(gan, 1.0)

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "atomic_path", full)
        gan.images_seen.assign(2000)
        best.offer(gan, 2.0)
        assert lines == [
            "the disk is full: the weights at 2.00 kimg, the best so far, are not kept; the best ones before stay"
        ]
        with pytest.raises(OSError, match="No space"):
            BestModel(tmp_path / "gan.keras", tmp_path).offer(gan, 2.0)
    assert best.value == 1.0 and load_gan(best.file).kimg == 0.0
    best.offer(gan, 1.5)  # there is room again
    assert load_gan(best.file).kimg == 2.0


def test_what_was_better_before_stays(source_file, tmp_path):
    best = BestModel(tmp_path / "gan.keras", tmp_path, value=2.0)
    best.offer(load_gan(source_file), 2.0)
    assert best.value == 2.0 and not best.file.exists()

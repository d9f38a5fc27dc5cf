import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks, files
from keras_transfer_gen.data import batches, decode, growing_draws, large_folders
from keras_transfer_gen.data.batches import load_images, stream_images
from keras_transfer_gen.data.lazy_images import LazyImages
from keras_transfer_gen.data.sources import read_images


@pytest.fixture
def folder(tmp_path):
    """Twelve grey images of different levels in two folders, and a file that is no image."""
    for number in range(12):
        path = tmp_path / "images" / ("a" if number < 5 else "b") / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 20 * number).save(path)
    (tmp_path / "images" / "notes.txt").write_text("")
    return tmp_path / "images"


def test_lazy_stream_equals_the_one_that_decodes_everything_first(folder, tmp_path):
    lazy = load_images(folder, 8, 1, 4, cache_gb=1e-6, cache_dir=tmp_path / "cache", seed=3)
    whole = load_images(folder, 8, 1, 4, cache_dir=tmp_path / "cache", seed=3)
    assert isinstance(lazy.image_set.images, LazyImages) and lazy.element_spec == whole.element_spec
    for step in (0, 5):  # also from the middle: a resumed run
        pairs = zip(lazy.from_step(step).take(3), whole.from_step(step).take(3), strict=True)
        assert all(np.array_equal(one, two) for one, two in pairs)
    assert lazy.steps_per_epoch == whole.steps_per_epoch == 250
    assert next(iter(lazy)).shape == (4, 8, 8, 1)


def test_large_folder_is_recognised_and_a_batch_needs_only_its_pool(folder, tmp_path, monkeypatch):
    assert not large_folders.is_large(folder) and not large_folders.is_large(np.zeros(3))
    assert not large_folders.is_large("a\0b") and not large_folders.is_large(folder / "notes.txt")
    monkeypatch.setattr(large_folders, "LARGE", 10)
    monkeypatch.setattr(growing_draws, "FIRST", 3)
    assert large_folders.is_large(folder)
    stream = load_images(folder, 8, 1, 4, cache_dir=tmp_path / "cache")
    assert isinstance(stream.image_set, large_folders.LazyImageSet)
    first = next(iter(stream.from_step(0)))
    assert set(first.numpy()[:, 0, 0, 0].tolist()) <= {0, 20, 40}  # the first three files


def test_names_groups_and_classes_are_there_once_they_are_asked_for(folder):
    image_set = read_images(folder, 8, 1, cache_gb=0)
    assert len(image_set) == 12 and image_set.images.store is None
    assert image_set.labels.tolist() == [0] * 5 + [1] * 7 == image_set.groups.tolist()
    assert image_set.class_names == ["a", "b"] and image_set.names[5] == "b/05.png"
    part = image_set.subset([6, 0])
    assert part.names == ["b/06.png", "a/00.png"] and np.asarray(part.images)[:, 0, 0, 0].tolist() == [120, 0]
    assert part.digest != image_set.digest and len(part.digest) == 64
    labelled = load_images(folder, 8, 1, 4, cache_gb=0, labels="folders", balance=1.0)
    images, labels = next(iter(labelled.from_step(0)))
    assert ((images.numpy()[:, 0, 0, 0] >= 100) == labels.numpy()).all()
    assert image_set.describe_skipped() == "" and image_set.describe_hidden() == ""


def test_pass_shows_each_image_once(folder):
    stream = stream_images(read_images(folder, 8, 1, cache_gb=0), 5, epoch="pass")
    shown = [image[0, 0, 0] for batch in stream for image in batch.numpy()]
    assert sorted(shown) == [20 * number for number in range(12)]


def test_what_cannot_be_read_lazily_says_so(folder, tmp_path):
    with pytest.raises(checks.UserError, match="`cache_gb` must be left out for this source"):
        read_images(np.zeros((2, 8, 8, 1), np.uint8), 8, 1, cache_gb=1)
    with pytest.raises(checks.UserError, match="no name ends as that of an image"):
        empty = tmp_path / "empty"
        empty.mkdir()
        read_images(empty, 8, 1, cache_gb=1)
    with pytest.raises(checks.UserError, match="`cache_gb` must be"):
        read_images(folder, 8, 1, cache_gb=-1)


def test_cache_that_cannot_be_written_is_done_without(folder, monkeypatch):
    def refuse(*arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(large_folders, "BoundedCache", refuse)
    image_set = large_folders.read_large_folder(folder, decode.Frame(8, 1))
    assert image_set.images.store is None and image_set.images[1][0, 0, 0] == 20
    assert files.cache_folder("pictures") and batches.CACHE_GB == 20.0

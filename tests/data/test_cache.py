import json

import numpy as np
import pytest

from keras_transfer_gen.data import cache
from keras_transfer_gen.data.image_set import digest_of

SHAPE = (4, 4, 3)
KEY = "0123abcd"
IMAGES = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), np.uint8)


class Produce:
    """Writes `IMAGES` and counts how often it is called."""

    def __init__(self, notes=None, count=5):
        self.calls, self.notes, self.count = 0, notes or {"names": ["a"]}, count

    def __call__(self, write):
        self.calls += 1
        for image in IMAGES[: self.count]:
            write(image)
        return self.notes


def test_cached_records_produces_once(tmp_path):
    produce = Produce({"names": ["ü\n", "bad\udcff"]})
    for _ in range(2):
        images, digest, notes = cache.cached_records(KEY, SHAPE, produce, tmp_path)
        np.testing.assert_array_equal(images, IMAGES)
        assert digest == digest_of(IMAGES) and notes == {"names": ["ü\n", "bad\udcff"]}
        assert not images.flags.writeable and not isinstance(images, np.memmap)
    assert produce.calls == 1
    cache.cached_records("other", SHAPE, produce, tmp_path)
    assert produce.calls == 2


def test_cached_records_default_folder_is_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "own"))
    cache.cached_records(KEY, SHAPE, Produce())
    assert (tmp_path / "own/pictures" / KEY / cache.INDEX).is_file()


@pytest.mark.parametrize("limit", [10, 2**30])
@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "no records", "no json", "odd json", "list"])
def test_cached_records_rebuilds_what_is_damaged(tmp_path, monkeypatch, damage, limit):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", limit)
    produce = Produce()
    cache.cached_records(KEY, SHAPE, produce, tmp_path)
    records, index = tmp_path / KEY / cache.RECORDS, tmp_path / KEY / cache.INDEX
    content = bytearray(records.read_bytes())
    if damage == "flip":
        content[7] ^= 1
        records.write_bytes(content)
    elif damage == "cut":
        records.write_bytes(content[:-1])
    elif damage == "longer":
        records.write_bytes(content + b"x")
    elif damage == "no records":
        records.unlink()
    else:
        index.write_text({"no json": "{", "odd json": json.dumps({"count": "5"}), "list": "[]"}[damage])
    images = cache.cached_records(KEY, SHAPE, produce, tmp_path)[0]
    np.testing.assert_array_equal(images, IMAGES)
    assert produce.calls == 2
    cache.cached_records(KEY, SHAPE, produce, tmp_path)
    assert produce.calls == 2


def test_cached_records_maps_what_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", IMAGES.nbytes - 1)
    for key in (KEY, None):
        images, digest, _ = cache.cached_records(key, SHAPE, Produce(), tmp_path)
        assert isinstance(images, np.memmap) and digest == digest_of(IMAGES)
        np.testing.assert_array_equal(images, IMAGES)
        with pytest.raises(ValueError, match="read-only"):
            images[0] = 0


def test_cached_records_without_a_key_keeps_only_what_must_stay(tmp_path, monkeypatch):
    images = cache.cached_records(None, SHAPE, Produce(), tmp_path)[0]
    np.testing.assert_array_equal(images, IMAGES)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    for _ in range(2):
        cache.cached_records(None, SHAPE, Produce(), tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == [digest_of(IMAGES)]


def test_cached_records_works_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    images, digest, notes = cache.cached_records(KEY, SHAPE, Produce(), tmp_path / "file")
    np.testing.assert_array_equal(images, IMAGES)
    assert digest == digest_of(IMAGES) and notes == {"names": ["a"]} and not images.flags.writeable


def test_cached_records_may_be_empty(tmp_path):
    for _ in range(2):
        images, _, _ = cache.cached_records(KEY, SHAPE, Produce(count=0), tmp_path)
        assert images.shape == (0, *SHAPE)


def test_cached_records_leaves_nothing_after_an_interruption(tmp_path):
    def interrupted(write):
        write(IMAGES[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.cached_records(KEY, SHAPE, interrupted, tmp_path)
    assert list(tmp_path.iterdir()) == []

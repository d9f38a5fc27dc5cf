import os

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data import cache, decode, lazy_images
from keras_transfer_gen.data.bounded_cache import BoundedCache
from keras_transfer_gen.data.folder_index import FolderIndex
from keras_transfer_gen.data.lazy_images import LazyImages

FRAME = decode.Frame(8, 1)


@pytest.fixture
def folder(tmp_path):
    """Grey images 0 to 5; number 2 is damaged."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(6):
        Image.new("L", (10, 10), 10 * number).save(folder / f"{number}.png")
    (folder / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return folder


def levels(images):
    return np.asarray(images)[..., 0, 0, 0].tolist()


def test_it_reads_like_an_array(folder):
    images = LazyImages(FolderIndex(folder), FRAME)
    assert images.shape == (6, 8, 8, 1) and images.nbytes == 6 * 64 and images.dtype == np.uint8
    assert images[1].shape == (8, 8, 1) and images[-1][0, 0, 0] == 50
    assert levels(images[[4, 0, 4]]) == [40, 0, 40] and levels(images[3:5]) == [30, 40]
    assert levels(images[np.array([True, False, False, False, False, True])]) == [0, 50]
    assert images[[]].shape == (0, 8, 8, 1) and images[[[0, 1], [3, 4]]].shape == (2, 2, 8, 8, 1)
    assert levels(images.subset([5, 3])) == [50, 30] and levels(images.subset([5, 3, 1]).subset([2])) == [10]
    assert levels(images.read_files(np.array([1]))) == [10] and levels(list(images)[:2]) == [0, 10]


def test_file_that_cannot_be_used_is_replaced_by_the_next_and_noted_once(folder):
    images = LazyImages(FolderIndex(folder), FRAME)
    assert levels(images[[2, 2, 3]]) == [30, 30, 30]
    assert [file.path for file in images.skipped] == ["2.png"]
    (folder / "5.png").write_bytes(b"")
    assert levels(images[[5]]) == [0]  # after the last one comes the first


def test_folder_without_any_usable_image_ends_with_a_reason(folder, monkeypatch):
    for path in folder.iterdir():
        path.write_bytes(b"")
    monkeypatch.setattr(lazy_images, "ATTEMPTS", 12)
    with pytest.raises(checks.UserError, match=r"no usable image among 12 files in a row .* such as 0.png \(empty"):
        LazyImages(FolderIndex(folder), FRAME)[0]


def test_cache_is_used_until_the_file_changes(folder, tmp_path, monkeypatch):
    store = BoundedCache(tmp_path / "cache", FRAME.shape, 1e-5)
    images = LazyImages(FolderIndex(folder), FRAME, store)
    assert levels(images[[4]]) == [40] and len(store) == 1
    with monkeypatch.context() as patch:
        patch.setattr(decode, "decode_image", None)  # not needed again
        assert levels(LazyImages(FolderIndex(folder), FRAME, store)[[4]]) == [40]
    Image.new("L", (10, 10), 7).save(folder / "4.png")
    os.utime(folder / "4.png", ns=(1, 1))
    assert levels(images[[4]]) == [7]


def test_what_is_too_large_for_memory_is_never_read_as_a_whole(folder, monkeypatch):
    images = LazyImages(FolderIndex(folder), FRAME)
    assert np.asarray(images.subset([0, 1])).shape == (2, 8, 8, 1)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 100)
    with pytest.raises(checks.UserError, match="images that fit into memory together.*6 images"):
        np.asarray(images)

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.data import cache
from keras_transfer_gen.data.decode import Frame, decode_pillow
from keras_transfer_gen.data.image_set import Original, Skipped, digest_of
from keras_transfer_gen.data.pillow_images import read_pillow_images
from tests.image_file_fixtures import RANDOM


def images():
    """Images of several sizes and modes."""
    colours = [Image.fromarray(RANDOM.integers(0, 256, (30 + 5 * n, 40, 3), np.uint8)) for n in range(3)]
    return [*colours, colours[0].convert("L"), colours[1].convert("RGBA"), colours[2].convert("P")]


@pytest.mark.parametrize("frame", [Frame(32), Frame(28, 1, "pad", "black")])
def test_images_are_decoded_one_by_one_in_their_order(frame):
    pillow = images()
    image_set = read_pillow_images(pillow, frame)
    np.testing.assert_array_equal(image_set.images, [decode_pillow(image, frame)[0] for image in pillow])
    assert image_set.names[-1] == "00005" and image_set.digest == digest_of(image_set.images)
    assert image_set.originals[3] == Original("array", "L", 40, 30)
    assert image_set.labels is None and image_set.groups.tolist() == [0] * 6 and image_set.skipped == []


def test_unusable_images_are_skipped_under_their_number():
    closed = Image.new("RGB", (8, 8))
    closed.close()
    image_set = read_pillow_images([Image.new("RGB", (8, 8)), closed, Image.new("L", (8, 8))], Frame(32))
    assert image_set.names == ["00000", "00002"] and len(image_set) == 2
    assert image_set.skipped == [Skipped("00001", "broken image")]


def test_progress_counts_images():
    calls = []
    read_pillow_images(images()[:3], Frame(32), progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_images_that_are_too_many_for_memory_are_mapped(tmp_path, monkeypatch):
    pillow = images()
    whole = read_pillow_images(pillow, Frame(32), tmp_path)
    assert list(tmp_path.iterdir()) == []  # nothing is kept that can't be recognised again
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    mapped = read_pillow_images(pillow, Frame(32), tmp_path)
    assert isinstance(mapped.images, np.memmap) and mapped.digest == whole.digest

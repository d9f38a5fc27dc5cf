"""How grey images are read and split; nothing is fetched here."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.scripts import import_script

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def script():
    return import_script(EXAMPLES, "fetch_grey")


def test_idx_files_are_read(script):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = gzip.compress(b"\x00\x00\x08\x03" + struct.pack(">3i", 2, 3, 4) + values.tobytes())
    np.testing.assert_array_equal(script.read_idx(content), values)
    with pytest.raises(ValueError, match="not an IDX file"):
        script.read_idx(gzip.compress(b"\x00\x00\x0d\x01" + struct.pack(">i", 1) + b"abcd"))


def test_digits_are_split_without_overlap_and_repeatably(script):
    counts = [230, 221, 240, 225, 222, 250, 221, 223, 229, 235]
    rng = np.random.default_rng(1)
    digits = [np.concatenate([rng.random(784 * count), [0.5]]) for count in counts]  # one number too many
    parts = script.split_digits([list(values) for values in digits])
    assert {name: images.shape for name, (images, _) in parts.items()} == {
        "train": (200, 28, 28, 1), "reference": (2000, 28, 28, 1)
    }  # fmt: skip
    rows = {name: {image.tobytes() for image in images} for name, (images, _) in parts.items()}
    assert not rows["train"] & rows["reference"] and len(rows["train"]) == 200
    for images, labels in parts.values():
        for image, label in list(zip(images, labels, strict=True))[::97]:
            own = np.rint(digits[int(label)][:-1].reshape(-1, 28, 28, 1) * 255).astype(np.uint8)
            assert (own == image).all(axis=(1, 2, 3)).any()
    again = script.split_digits(digits)
    np.testing.assert_array_equal(again["train"][0], parts["train"][0])

import hashlib

import numpy as np
import pytest

from keras_transfer_gen.data.image_set import ImageSet, Skipped, count_of, digest_of, numbered_names, printable


def test_digest_of_depends_on_pixels_and_shape():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    shape = b"(2, 4, 4, 3)"
    parts = b"".join(len(part).to_bytes(8, "little") + part for part in (shape, images.tobytes()))
    assert digest_of(images) == hashlib.sha256(parts).hexdigest()
    assert digest_of(images.reshape(4, 2, 4, 3)) != digest_of(images)
    assert digest_of(images[:0]) == digest_of(np.zeros((0, 4, 4, 3), np.uint8)) != digest_of(images[:0, :2])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b/ünï.png", "a b/ünï.png"),
        ("a\nb\tc\r.png", "a\\nb\\tc\\r.png"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("line\u2028sep", "line\\u2028sep"),
        ("bad\udcff.png", "bad\\udcff.png"),
        ("\U0001f468\u200d\U0001f680.png", "\U0001f468\u200d\U0001f680.png"),  # a joiner is part of the emoji
    ],
)
def test_printable_is_one_encodable_line(name, shown):
    assert printable(name) == shown
    assert len(printable(name).splitlines()) == 1
    printable(name).encode("utf-8")


def image_set(*skipped, hidden=()):
    images = np.zeros((0, 4, 4, 3), np.uint8)
    groups = np.zeros(0, np.int32)
    return ImageSet(images, None, [], [], groups, digest_of(images), list(skipped), [], list(hidden))


def test_describe_skipped_counts_and_names_the_first_reasons():
    files = [Skipped(f"{name}\n.png", "empty file") for name in "abcd"]
    assert image_set().describe_skipped() == ""
    assert image_set(files[0]).describe_skipped() == "1 file skipped: a\\n.png (empty file)"
    assert image_set(*files).describe_skipped(2) == (
        "4 files skipped: a\\n.png (empty file), b\\n.png (empty file), ..."
    )


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        ([], ""),
        ([".a\n.png"], "1 hidden file (.a\\n.png)"),
        ([".git/"], "1 hidden folder (.git/)"),
        ([".a", ".b", ".c"], "3 hidden files (.a, .b, ...)"),
        ([".a", ".git/"], "2 hidden files and folders (.a, .git/)"),
    ],
)
def test_describe_hidden_counts_and_names_the_first(hidden, text):
    assert image_set(hidden=hidden).describe_hidden(2) == text


def test_counts_and_numbered_names():
    assert [count_of(n, "file") for n in (0, 1, 1200)] == ["0 files", "1 file", "1,200 files"]
    assert numbered_names(3) == ["00000", "00001", "00002"]

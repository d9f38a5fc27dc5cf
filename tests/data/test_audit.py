import json

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.data.audit import audit_images, find_warnings
from keras_transfer_gen.data.decode import Frame
from keras_transfer_gen.data.sources import read_images


def save(path, size, mode="RGB", level=0, kind="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(level).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, kind)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "mixed"
    save(root / "cats/a.png", (64, 64), level=1)
    save(root / "cats/b.png", (64, 64), level=1)
    save(root / "cats/c.bmp", (64, 64), level=1, kind="BMP")  # another file, the same pixels
    save(root / "dogs/d.png", (20, 200), level=2)
    save(root / "dogs/e.png", (100, 80), "L", level=3)
    save(root / "f.png", (64, 64), "RGBA", level=4)
    (root / "dogs/new\nline\t.png").write_bytes(b"")
    (root / "notes.txt").write_text("hello")
    (root / ".hidden.png").write_bytes(b"")
    (root / ".git").mkdir()
    return root


def test_audit_images_counts_and_warns(folder):
    audit = audit_images(folder)
    assert audit.usable == 6 and len(audit.image_set) == 6
    assert audit.folders == {".": 1, "cats": 3, "dogs": 2}
    assert audit.sizes == {"64x64": 4, "20x200": 1, "100x80": 1}
    assert audit.modes == {"RGB": 4, "L": 1, "RGBA": 1} and audit.formats == {"PNG": 5, "BMP": 1}
    assert (audit.smallest, audit.largest) == (20, 200)
    assert audit.duplicates == [["cats/a.png", "cats/b.png", "cats/c.bmp"]]
    assert audit.warnings == [
        "2 files skipped",
        "only 6 images: a GAN may copy them",
        "1 image is smaller than 64 px and will be enlarged",
        "2 exact duplicates",
        "1 image is at least twice as long as wide, and the crop drops half or more of each: "
        'resize_mode="pad" (--resize-mode pad) keeps all of it',
        "1 image is grey among coloured ones",
    ]


def test_audit_skipped_lines_are_one_line_each(folder):
    assert audit_images(folder).skipped_lines() == [
        "dogs/new\\nline\\t.png\tempty file",
        "notes.txt\tnot an image: .txt",
    ]


def test_audit_to_dict_is_json(folder):
    report = json.loads(json.dumps(audit_images(folder).to_dict(), ensure_ascii=False))
    assert report["usable"] == 6 and report["smallest"] == 20 and len(report["digest"]) == 64
    assert report["skipped"][1] == {"path": "notes.txt", "reason": "not an image: .txt"}
    assert set(report) == {
        "source", "usable", "folders", "sizes", "modes", "formats", "smallest", "largest", "duplicates", "skipped",
        "warnings", "digest", "hidden", "classes",
    }  # fmt: skip
    assert report["hidden"] == [".git/", ".hidden.png"]


def test_audit_counts_and_names_hidden_files(folder):
    assert audit_images(folder).hidden_line() == "not looked at: 2 hidden files and folders (.git/, .hidden.png)"
    assert audit_images(np.zeros((1, 32, 32, 3), np.uint8)).hidden_line() == ""


def test_find_warnings_needs_no_audit(folder):
    image_set = read_images(folder, resize_mode="pad")
    warnings = find_warnings(image_set, Frame(64, resize_mode="pad"))
    assert warnings == [text for text in audit_images(folder).warnings if "twice as long" not in text]


def test_audit_images_of_no_usable_image_is_no_error(tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.png").write_bytes(b"")
    audit = audit_images(tmp_path / "bad")
    assert audit.usable == 0 and audit.smallest == audit.largest == 0 and audit.duplicates == []
    assert audit.warnings == ["1 file skipped", "no usable image"]
    assert audit.skipped_lines() == ["a.png\tempty file"]
    with pytest.raises(UserFileError, match="nothing at this path"):
        audit_images(tmp_path / "missing")


def test_audit_images_of_a_good_array_has_no_warnings():
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 1), np.uint8)
    audit = audit_images(images, 32, 1)
    assert audit.warnings == [] and audit.formats == {"array": 60} and audit.source == "the ndarray"


def test_audit_counts_the_classes_where_labels_are_asked_for():
    images = np.zeros([4, 32, 32, 3], np.uint8)
    labelled = audit_images(images, 32, labels=["cat", "dog", "dog", "dog"])
    assert labelled.classes == {"cat": 1, "dog": 3} == labelled.to_dict()["classes"]
    assert audit_images(images, 32).to_dict()["classes"] == {}

import json

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.inputs import preview_sheet, subjects
from keras_transfer_gen.recipes.inputs.prepare import PrepareOptions, prepare_images, resize_by_area


@pytest.fixture(autouse=True)
def quick_preview(monkeypatch):
    monkeypatch.setattr(preview_sheet, "preview_sheet", lambda images, augment, seed: images[0])


@pytest.fixture
def photos(tmp_path):
    """12 different photographs of 96 x 64 in two folders, a smaller copy of the first, and a text file."""
    rng = np.random.default_rng(0)
    for number in range(12):
        tiles = rng.integers(0, 256, (4, 6, 3), np.uint8)
        image = Image.fromarray(tiles).resize((96, 64), Image.Resampling.BICUBIC)
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    with Image.open(tmp_path / "photos/a/00.png") as image:
        image.resize((72, 48)).save(tmp_path / "photos/a/copy.jpg", quality=90)
    (tmp_path / "photos/notes.txt").write_text("no image")
    return tmp_path / "photos"


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def names_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_images_get_one_size_and_near_identical_ones_and_text_are_left_out(photos, tmp_path):
    prepared = prepare_images(photos, tmp_path / "out", PrepareOptions(image_size=32))
    assert (prepared.train, prepared.reference) == (12, 0) and prepared.duplicates == {"a/copy.jpg": "a/00.png"}
    assert [(file.path, file.reason) for file in prepared.skipped] == [("notes.txt", "not an image: .txt")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["prepare.json", "preview.png", "train"]
    assert names_in(tmp_path / "out/train") == names_in(photos)
    assert {read(path).shape for path in (tmp_path / "out/train").rglob("*.png")} == {(32, 32, 3)}
    square = read(photos / "a/00.png")[:, 16:80]
    means = square.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(read(tmp_path / "out/train/a/00.png") - means).max() <= 1
    record = json.loads((tmp_path / "out/prepare.json").read_text())
    assert record["options"]["image_size"] == 32 and record["train"] == 12
    assert any("ktg init" in line for line in prepared.lines())


def test_reference_is_put_aside_from_each_class(photos, tmp_path):
    prepared = prepare_images(photos, tmp_path / "out", PrepareOptions(image_size=16, split=0.34, channels=1))
    train, reference = names_in(tmp_path / "out/train"), names_in(tmp_path / "out/reference")
    assert len(train) == prepared.train and len(reference) == prepared.reference
    assert 2 <= prepared.reference <= 4  # two of each class at most, in whole groups
    assert sorted(train + reference) == names_in(photos)
    assert read(tmp_path / "out/train" / train[0]).shape == (16, 16)


def test_folders_stay_on_one_side_where_that_is_asked_for(photos, tmp_path):
    prepare_images(photos, tmp_path / "out", PrepareOptions(image_size=16, split=0.5, split_by="folders"))
    sides = [{name[0] for name in names_in(tmp_path / "out" / side)} for side in ("train", "reference")]
    assert sides in ([{"a"}, {"b"}], [{"b"}, {"a"}])


def test_duplicates_stay_and_images_are_padded_where_that_is_asked_for(photos, tmp_path):
    options = PrepareOptions(image_size=96, keep_duplicates=True, crop="pad", background="#00ff00")
    prepared = prepare_images(photos, tmp_path / "out", options)
    assert prepared.train == 13 and prepared.enlarged == 1 and prepared.duplicates == {}
    assert read(tmp_path / "out/train/a/00.png")[0, 0].tolist() == [0, 255, 0]
    assert "1 image smaller" in prepared.lines()[1]


def test_faces_and_subjects_are_cut_out_and_images_without_are_skipped(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(subjects, "require_opencv", lambda: "cv2")
    boxes = iter([(0, 0, 32, 32)] * 5 + [None] * 20)
    monkeypatch.setattr(subjects, "find_face", lambda image, cv2: next(boxes))
    prepared = prepare_images(photos, tmp_path / "faces", PrepareOptions(image_size=32, crop="faces"))
    assert prepared.train == prepared.faces_or_subjects == 5 and prepared.skipped[-1].reason == "not an image: .txt"
    assert "no face was recognised" in {file.reason for file in prepared.skipped}
    first = read(photos / "a/00.png")[:32, :32]
    np.testing.assert_array_equal(read(tmp_path / "faces/train/a/00.png"), first)

    def left_half(image, cv2):
        mask = np.zeros(image.size[::-1], np.float32)
        mask[:, : image.width // 2] = 1.0
        return mask

    monkeypatch.setattr(subjects, "find_subject", left_half)
    options = PrepareOptions(image_size=16, crop="subject", remove_background=True, background="black")
    prepared = prepare_images(photos, tmp_path / "subjects", options)
    assert prepared.faces_or_subjects == 13 and read(tmp_path / "subjects/train/a/00.png")[:, -1].max() < 80
    monkeypatch.setattr(subjects, "find_subject", lambda image, cv2: None)
    with pytest.raises(checks.UserError, match="nothing stands out from the background"):
        prepare_images(photos, tmp_path / "none", options)
    assert not (tmp_path / "none").exists()


def test_two_files_of_one_name_get_a_number(tmp_path):
    (tmp_path / "photos").mkdir()
    for suffix, colour in (("png", "red"), ("gif", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"photos/a.{suffix}")
    prepare_images(tmp_path / "photos", tmp_path / "out", PrepareOptions(image_size=8))
    assert names_in(tmp_path / "out/train") == ["a.png", "a_2.png"]


def test_only_an_earlier_result_is_replaced(photos, tmp_path):
    out, options = tmp_path / "out", PrepareOptions(image_size=16)
    prepare_images(photos, out, options)
    with pytest.raises(checks.UserFileError, match="Give --overwrite to replace"):
        prepare_images(photos, out, options)
    assert prepare_images(photos, out, options, overwrite=True).train == 12
    (out / "mine.txt").write_text("mine")
    with pytest.raises(checks.UserFileError, match="It also holds mine.txt"):
        prepare_images(photos, out, options, overwrite=True)
    for other in (photos, photos / "out", tmp_path):
        with pytest.raises(checks.UserError, match="a folder apart from the images"):
            prepare_images(photos, other, options)
    with pytest.raises(checks.UserFileError, match="an existing folder of images"):
        prepare_images(tmp_path / "nowhere", out, options)


@pytest.mark.parametrize("values", [
    {"split": 1.0}, {"split_by": "name"}, {"image_size": 2}, {"channels": 2}, {"crop": "face"}, {"background": "wite"},
    {"seed": -1},
])  # fmt: skip
def test_options_that_can_not_be_used_are_refused(values):
    with pytest.raises(checks.UserError, match=f"`{next(iter(values))}` must be"):
        PrepareOptions(**values)


def test_resizing_takes_the_mean_of_areas():
    levels = np.arange(36, dtype=np.uint8).reshape(6, 6)
    small = np.asarray(resize_by_area(Image.fromarray(levels), 4)).astype(float)
    assert small[0, 0] == round((0 + 0.5 * 1 + 0.5 * 6 + 0.25 * 7) / 2.25) and small.mean() == 17.5
    assert resize_by_area(Image.fromarray(levels), 12).size == (12, 12)

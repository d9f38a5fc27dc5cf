import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.sources import describe_source, read_images
from tests.image_file_fixtures import RANDOM, REASONS, USABLE, pack_zip, save_png


def test_read_images_names_source_count_and_reasons_where_nothing_is_usable(tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    with pytest.raises(UserError, match=r"no usable image in .*/bad: it is empty\. Check source= \(--data\)\."):
        read_images(bad)
    (bad / ".a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"in .*/bad: it is empty but for 1 hidden file \(\.a\.png\)\."):
        read_images(bad)
    for name in ("a\n.png", "b.txt", "c.png", "d.png"):
        (bad / name).write_bytes(b"text" if name == "b.txt" else b"")
    with pytest.raises(UserError) as caught:
        read_images(bad)
    reasons = "a\\n.png (empty file), b.txt (not an image: .txt), c.png (empty file), ..."
    assert f"4 files skipped: {reasons}" in str(caught.value)


def test_read_images_names_a_missing_path_and_what_is_like_it(tmp_path):
    (tmp_path / "photos").mkdir()
    message = r"`source` must be a folder.*nothing at this path. Did you mean .*photos\?"
    with pytest.raises(UserFileError, match=message):
        read_images(tmp_path / "photo")
    with pytest.raises(UserFileError) as caught:
        read_images(tmp_path / "photos_reference")  # too unlike to be a misspelling
    assert "Did you mean" not in str(caught.value)
    for source in ("no/such/folder", "x" * 5000, "nul\0byte", "tdfs:mnist"):
        with pytest.raises(UserFileError, match="There is nothing at this path"):
            read_images(source)


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        (7, "Check source="),
        (None, "Check source="),
        ("", "Check source="),
        (b"photos", "Check source="),
        (Image.new("L", (4, 4)), "Put a single image in a list"),
        (iter(["a.png"]), "Make a list of it first"),
    ],
)
def test_read_images_refuses_other_kinds(source, advice):
    message = rf'`source` must be a folder, .zip, .npz or .npy file, a list of paths .*"tfds:NAME.*{advice}'
    with pytest.raises(UserError, match=message):
        read_images(source)


def test_read_images_takes_a_list_of_paths(photos):
    paths = [photos / "dogs/3.png", str(photos / "cats/1.png"), photos / "notes.txt", photos / "gone.png"]
    image_set = read_images(paths, 32)
    assert image_set.names == ["dogs/3.png", "cats/1.png"] and len(image_set) == 2
    for name, image in zip(image_set.names, image_set.images, strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(photos / name)))
    assert image_set.labels.tolist() == [1, 0] and image_set.class_names == ["cats", "dogs"]
    assert {file.path: file.reason for file in image_set.skipped} == {
        "gone.png": "cannot be read: no such file or directory",
        "notes.txt": REASONS["notes.txt"],
    }
    assert read_images(tuple(paths), 32).digest == image_set.digest


def test_read_images_takes_a_list_of_pillow_images(photos):
    paths = [photos / name for name in USABLE]
    image_set = read_images([Image.open(path) for path in paths], 32)
    assert image_set.digest == read_images(paths, 32).digest
    assert image_set.names == ["00000", "00001", "00002", "00003"] and image_set.labels is None


@pytest.mark.parametrize(
    ("kinds", "advice"),
    [
        (("path", "image"), r"Received: source='a list of Image, str'\. Make them all paths or all Pillow images\."),
        (("image", "array"), r"'a list of Image, ndarray'\. Make them all paths"),
        (("array", "array"), r"'a list of ndarray'\. Arrays of one size become one array: np\.stack\(images\)\."),
    ],
)
def test_read_images_refuses_a_mixed_list(kinds, advice):
    items = {"path": "a.png", "image": Image.new("L", (4, 4)), "array": np.zeros((32, 32, 3), np.uint8)}
    message = rf"`source` must be a list of paths alone or of Pillow images alone\. .*{advice}"
    with pytest.raises(UserError, match=message):
        read_images([items[kind] for kind in kinds])


def test_read_images_of_an_unusable_list_says_why(tmp_path):
    with pytest.raises(UserError, match="no usable image in the list of 0 items: it is empty"):
        read_images([])
    with pytest.raises(UserError, match=r"in the list of 1 item: 1 file skipped: .* \(a folder in a list of files\)"):
        read_images([tmp_path])


def test_messages_about_many_arrays_are_short():
    with pytest.raises(UserError) as caught:
        read_images([np.zeros((64, 64, 3), np.uint8)] * 60)
    assert len(str(caught.value)) < 300


def test_fit_is_the_old_name_of_resize_mode():
    images = RANDOM.integers(0, 256, (2, 20, 40, 3), np.uint8)
    with pytest.warns(DeprecationWarning, match=r"read_images\(fit=\) is now called resize_mode="):
        old = read_images(images, 32, fit="pad")
    assert old.digest == read_images(images, 32, resize_mode="pad").digest != read_images(images, 32).digest


def test_read_images_refuses_a_single_image(tmp_path):
    save_png(tmp_path / "one.png")
    with pytest.raises(UserFileError, match=r"This is a single file. To use one image, put it in a list"):
        read_images(tmp_path / "one.png")
    assert len(read_images([tmp_path / "one.png"], 32)) == 1


def test_read_images_refuses_a_damaged_zip(photos, tmp_path):
    path = pack_zip(tmp_path / "photos.zip", photos)
    content = path.read_bytes()
    for damaged in (b"", b"text", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(UserFileError, match=r"a readable zip file.*damaged in the archive"):
            read_images(path)


def test_read_images_of_an_array_and_an_npz(tmp_path):
    images = RANDOM.integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", images=images)
    assert read_images(images, 32).digest == read_images(tmp_path / "a.npz", 32).digest == digest_of(images)


def test_describe_source_is_one_line():
    assert describe_source("a\nb") == "a\\nb"
    assert describe_source(np.zeros(3)) == "the ndarray"
    assert describe_source(["a", "b"]) == "the list of 2 items"

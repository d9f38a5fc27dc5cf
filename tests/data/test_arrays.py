import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.data import arrays, cache
from keras_transfer_gen.data.arrays import read_array, read_array_file
from keras_transfer_gen.data.decode import Frame

RANDOM = np.random.default_rng(0)
FRAME = Frame(32)
IMAGES = RANDOM.integers(0, 256, (4, 32, 32, 3), np.uint8)


def test_read_array_of_the_right_size_is_a_locked_copy():
    images = IMAGES.copy()
    image_set = read_array(images, FRAME)
    images[:] = 0
    np.testing.assert_array_equal(image_set.images, IMAGES)
    assert not image_set.images.flags.writeable
    assert image_set.names == ["00000", "00001", "00002", "00003"] and image_set.groups.tolist() == [0] * 4
    assert image_set.labels is None and image_set.skipped == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bands", [None, 1, 2, 3, 4])
def test_read_array_fits_any_size_and_bands(bands, channels):
    shape = (3, 40, 64) if bands is None else (3, 40, 64, bands)
    images = RANDOM.integers(0, 256, shape, np.uint8)
    image_set = read_array(images, Frame(28, channels))
    mode = {None: "L", 1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[bands]
    square = images[1, :, 12:52]
    if mode in ("LA", "RGBA"):
        alpha = square[..., -1:] / 255
        square = np.uint8(np.round(square[..., :-1] * alpha + 255 * (1 - alpha)))
    image = Image.fromarray(square.squeeze()).convert("RGB").resize((28, 28), Image.Resampling.LANCZOS)
    expected = np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(28, 28, channels)
    assert np.abs(image_set.images[1].astype(int) - expected).max() <= 2
    assert (image_set.originals[0].width, image_set.originals[0].mode) == (64, mode)


@pytest.mark.parametrize(
    "images",
    [
        IMAGES.astype(np.float32),
        IMAGES.astype(np.int64),
        IMAGES / 255.0,
        np.float32(IMAGES / 255.0),
        np.float16(IMAGES / 255.0),
        np.float32(IMAGES / 127.5 - 1),
    ],
)
def test_read_array_takes_numbers_with_a_plain_range(images):
    np.testing.assert_array_equal(read_array(images, FRAME).images, IMAGES)


@pytest.mark.parametrize(
    "images",
    [
        IMAGES / 255.0 * 0.4 + 0.6,  # [0, 1], or the light half of [-1, 1]
        IMAGES / 255.0 * 1.01,
        IMAGES / 100.0 - 1.2,  # standardised
        IMAGES.astype(np.int32) * 2,
        IMAGES > 128,
        (IMAGES > 128).astype(np.int64),
        np.where(IMAGES > 250, np.nan, 0.5),
        np.zeros((4, 32, 32, 3)),
        IMAGES.astype(object),
    ],
)
def test_read_array_refuses_numbers_whose_range_is_not_plain(images):
    with pytest.raises(UserError, match=r"must be images with uint8 0..255, or floats.* from .*uint8 first"):
        read_array(images, FRAME)


@pytest.mark.parametrize("shape", [(32, 32), (2, 32, 32, 5), (2, 0, 32, 3), (1, 2, 32, 32, 3), (5,)])
def test_read_array_refuses_other_shapes(shape):
    with pytest.raises(UserError, match=r"must be an array \[N, H, W\] or .*Received: source=array uint8 \["):
        read_array(np.zeros(shape, np.uint8), FRAME)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_read_array_takes_one_image_for_one(channels):
    with pytest.raises(UserError, match=r"`source` must be an array of images.*images\[None\]"):
        read_array(np.zeros((40, 50, channels), np.uint8), FRAME)


def test_read_array_hints_at_channels_first():
    with pytest.raises(UserError, match=r"images.transpose\(0, 2, 3, 1\)"):
        read_array(np.zeros((2, 3, 32, 32), np.uint8), FRAME)


def test_read_array_checks_labels_and_groups():
    image_set = read_array(IMAGES, FRAME, np.array([0, 2, 1, 2]), np.array([7, 3, 7, 9]))
    assert image_set.labels.tolist() == [0, 2, 1, 2] and image_set.labels.dtype == np.int32
    assert image_set.class_names == ["0", "1", "2"] and image_set.groups.tolist() == [1, 0, 1, 2]
    image_set = read_array(IMAGES, FRAME, np.array(["dog", "cat", "dog", "ant"]))
    assert image_set.labels.tolist() == [2, 1, 2, 0] and image_set.class_names == ["ant", "cat", "dog"]
    for labels in ([0, 1], [0.5] * 4, [-1, 0, 0, 0], [[1]] * 4):
        with pytest.raises(UserError, match="`labels` must be one integer from 0 on"):
            read_array(IMAGES, FRAME, np.array(labels))
    with pytest.raises(UserError, match="`groups` must be one integer for each of 4 images"):
        read_array(IMAGES, FRAME, None, np.array([1.5] * 4))


def test_read_array_caches_what_it_fits_and_reports_progress(tmp_path):
    calls = []
    images = RANDOM.integers(0, 256, (3, 40, 40, 3), np.uint8)
    first = read_array(images, FRAME, cache_dir=tmp_path, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    again = read_array(images, FRAME, cache_dir=tmp_path, progress=lambda *call: calls.append(call))
    assert again.digest == first.digest and len(calls) == 3
    padded = read_array(images, Frame(32, resize_mode="pad"), cache_dir=tmp_path)
    assert padded.digest == first.digest  # the images are square
    assert len(list(tmp_path.iterdir())) == 2


def test_read_array_does_not_copy_what_is_too_large(monkeypatch):
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    images = IMAGES.copy()
    image_set = read_array(images, FRAME)
    assert np.shares_memory(image_set.images, images)
    assert images.flags.writeable and not image_set.images.flags.writeable


def test_read_array_file_picks_images_or_the_only_array(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=IMAGES, labels=[0, 1, 0, 1], groups=[5, 5, 6, 6], other=np.zeros(3))
    image_set = read_array_file(path, FRAME)
    assert image_set.labels.tolist() == [0, 1, 0, 1] and image_set.groups.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(image_set.images, IMAGES)
    np.savez(path, IMAGES)
    np.testing.assert_array_equal(read_array_file(path, FRAME).images, IMAGES)
    np.savez(path, x=IMAGES, y=IMAGES)
    with pytest.raises(UserError, match=r"an .npz file with an array `images`.*It holds: x, y"):
        read_array_file(path, FRAME)


def test_read_array_file_reads_npy(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", IMAGES)
    assert not isinstance(read_array_file(tmp_path / "a.npy", FRAME).images, np.memmap)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    image_set = read_array_file(tmp_path / "a.npy", FRAME)
    assert isinstance(image_set.images, np.memmap)
    np.testing.assert_array_equal(image_set.images, IMAGES)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_read_array_file_never_loads_objects(tmp_path, suffix):
    class Trap:
        def __reduce__(self):
            return (exit, (77,))

    path = tmp_path / f"a{suffix}"
    array = np.array([Trap(), IMAGES], dtype=object)
    np.savez(path, images=array) if suffix == ".npz" else np.save(path, array)
    with pytest.raises(UserFileError, match=rf"a readable {suffix} file.*Python objects, which are never loaded"):
        read_array_file(path, FRAME)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_read_array_file_refuses_damaged_files(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    np.savez_compressed(path, images=IMAGES) if suffix == ".npz" else np.save(path, IMAGES)
    content = path.read_bytes()
    changed = bytearray(content)
    changed[400:420] = bytes(20)
    for damaged in (
        b"",
        b"text",
        content[:100],
        content[: len(content) // 2],
        content[:-30],
        *[bytes(changed)] * (suffix == ".npz"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(UserFileError, match=rf"a readable {suffix} file.*damaged, cut off or something else"):
            read_array_file(path, FRAME)


def test_read_array_file_refuses_bombs(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=np.zeros((800, 64, 64, 3), np.uint8))
    with pytest.raises(UserError, match="an .npz file that is no zip bomb.*unpacks to .* times its size"):
        read_array_file(path, FRAME)
    monkeypatch.setattr(arrays, "MAX_ARRAY_BYTES", 1000)
    with pytest.raises(UserError, match="Save it as .npy"):
        read_array_file(path, FRAME)
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000, 1000, 1000, 3), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n")
    with pytest.raises(UserFileError, match="damaged, cut off"):
        read_array_file(path, FRAME)

import os
import resource
import stat
import struct
import threading
import time
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.data import cache, decode, sources
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.sources import read_images

RANDOM = np.random.default_rng(0)


def save(path, size=(32, 32), colour=None, **options):
    """A PNG of noise or one colour; returns its pixels."""
    pixels = RANDOM.integers(0, 256, (size[1], size[0], 3), np.uint8)
    if colour is not None:
        pixels[:] = colour
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "PNG", **options)
    return pixels


def pack(path, folder):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.fixture
def folder(tmp_path):
    """Two classes, two good images each, and files of every bad kind."""
    root = tmp_path / "photos"
    for name in ("cats/1.png", "cats/2 ü.png", "dogs/3.png", "dogs/4.jpg"):  # 4.jpg is really a PNG
        save(root / name)
    good = (root / "cats/1.png").read_bytes()
    (root / "empty.png").write_bytes(b"")
    (root / "text.png").write_text("no image at all")
    (root / "cut.png").write_bytes(good[: len(good) // 2])
    (root / "notes.txt").write_text("my notes")
    (root / "drawing.svg").write_text("<svg/>")
    (root / "bomb.png").write_bytes(bomb())
    (root / ".hidden.png").write_bytes(b"")
    return root


REASONS = {
    "bomb.png": "10 billion pixels: over the limit of 50 million",
    "cut.png": "truncated image",
    "drawing.svg": "unsupported format: .svg",
    "empty.png": "empty file",
    "notes.txt": "not an image: .txt",
    "text.png": "not an image",
}
NAMES = ["cats/1.png", "cats/2 ü.png", "dogs/3.png", "dogs/4.jpg"]


def bomb():
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(bytes(10**6))
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (header, body)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("packed", [False, True])
def test_read_images_skips_counts_and_names_what_is_bad(folder, tmp_path, packed):
    source = pack(tmp_path / "photos.zip", folder) if packed else folder
    for _ in range(2):  # the second time from the cache
        sample_images = read_images(source, 32)
        assert sample_images.names == NAMES
        assert {file.path: file.reason for file in sample_images.skipped} == REASONS
        assert [file.path for file in sample_images.skipped] == sorted(REASONS)
        assert sample_images.labels.tolist() == [0, 0, 1, 1] and sample_images.class_names == ["cats", "dogs"]
        assert sample_images.groups.tolist() == [0, 0, 1, 1]
        assert sample_images.images.shape == (4, 32, 32, 3) and len(sample_images) == 4
        assert sample_images.digest == digest_of(sample_images.images)
        for name, image in zip(sample_images.names, sample_images.images, strict=True):
            np.testing.assert_array_equal(image, np.asarray(Image.open(folder / name)))
        assert {original.format for original in sample_images.originals} == {"PNG"}


def test_read_images_decodes_once(folder, monkeypatch):
    first = read_images(folder, 32)
    monkeypatch.setattr(decode, "decode_image", None)
    again = read_images(str(folder), 32)
    assert again.digest == first.digest and again.originals == first.originals
    with pytest.raises(TypeError):
        read_images(folder, 32, background="black")


def test_read_images_sees_changed_content_and_names(folder):
    first = read_images(folder, 32)
    facts = (folder / "cats/1.png").stat()
    save(folder / "cats/1.png")
    os.utime(folder / "cats/1.png", (facts.st_atime, facts.st_mtime))
    assert read_images(folder, 32).digest != first.digest
    (folder / "dogs/3.png").rename(folder / "dogs/5.png")
    assert read_images(folder, 32).names[-1] == "dogs/5.png"


def test_read_images_reports_progress(folder):
    calls = []
    for _ in range(2):
        read_images(folder, 32, progress=lambda done, total: calls.append((done, total)))
        assert calls[-1] == (6, 6)  # bomb.png and cut.png begin like images
        assert all(done <= total == 6 for done, total in calls)


def test_read_images_reads_odd_names(tmp_path):
    names = ["line\nbreak.png", "tab\t.png", "ü ß 😀.png", "n" * 240 + ".png", "-rf.png", "a'\"b.png", "noextension"]
    names.append(os.fsdecode(b"bad\xff.png"))
    for name in names:
        save(tmp_path / "odd" / name)
    for _ in range(2):
        sample_images = read_images(tmp_path / "odd", 32)
        assert sample_images.names == sorted(names) and sample_images.skipped == []


def test_read_images_is_independent_of_threads(folder, monkeypatch):
    several = read_images(folder, 32, cache_dir=folder / ".a")
    monkeypatch.setattr(sources, "WORKERS", 1)
    one = read_images(folder, 32, cache_dir=folder / ".b")
    assert one.digest == several.digest and one.names == several.names


def test_read_images_maps_what_is_too_large_for_memory(folder, monkeypatch):
    whole = read_images(folder, 32)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 100)
    mapped = read_images(folder, 32)
    assert isinstance(mapped.images, np.memmap) and mapped.digest == whole.digest
    np.testing.assert_array_equal(mapped.images, whole.images)


def test_read_images_is_quiet_about_oddities(tmp_path):
    (tmp_path / "a").mkdir()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\x7f\xff\xff\xff\x7f"
    save(tmp_path / "a/1.png", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_images(tmp_path / "a", 32)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_read_images_skips_locked_files(folder):
    (folder / "cats/1.png").chmod(0)
    skipped = {file.path: file.reason for file in read_images(folder, 32).skipped}
    assert skipped["cats/1.png"] == "cannot be read: permission denied"


def test_read_images_skips_files_that_fail_while_read(folder, monkeypatch):
    def locked(entry):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sources.entries.Entry, "check_size", locked)
    with pytest.raises(UserError, match=r"no usable image in .*photos: 10 skipped"):
        read_images(folder, 32)


def test_read_images_names_source_count_and_reasons_where_nothing_is_usable(tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    with pytest.raises(UserError, match=r"in .*/bad: it is empty, or holds hidden files alone\. .*--data"):
        read_images(bad)
    for name in ("a\n.png", "b.txt", "c.png", "d.png"):
        (bad / name).write_bytes(b"text" if name == "b.txt" else b"")
    with pytest.raises(UserError) as caught:
        read_images(bad)
    assert "4 skipped: a\\n.png (empty file), b.txt (not an image: .txt), c.png (empty file), ..." in str(caught.value)


def test_read_images_names_a_missing_path_and_what_is_like_it(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(
        UserFileError, match=r"`source` must be a folder.*nothing at this path. Did you mean .*/photos\?"
    ):
        read_images(tmp_path / "photo")
    for source in ("no/such/folder", "x" * 5000, "nul\0byte", "tdfs:mnist"):
        with pytest.raises(UserFileError, match="There is nothing at this path"):
            read_images(source)


@pytest.mark.parametrize("source", [7, None, "", [np.zeros((32, 32, 3), np.uint8)], b"photos"])
def test_read_images_refuses_other_kinds(source):
    with pytest.raises(UserError, match='`source` must be a folder, .zip, .npz or .npy file, an array.*"tfds:NAME'):
        read_images(source)


def test_read_images_refuses_a_single_image(tmp_path):
    save(tmp_path / "one.png")
    with pytest.raises(UserFileError, match="a single file of another kind"):
        read_images(tmp_path / "one.png")


def test_read_images_refuses_a_damaged_zip(folder, tmp_path):
    path = pack(tmp_path / "photos.zip", folder)
    content = path.read_bytes()
    for damaged in (b"", b"text", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(UserFileError, match=r"a readable zip file.*damaged in the archive"):
            read_images(path)


def test_read_images_skips_damaged_and_encrypted_members(folder, tmp_path):
    path = pack(tmp_path / "photos.zip", folder)
    with zipfile.ZipFile(path) as archive:
        place = {info.filename: info.header_offset for info in archive.infolist()}
        body = {name: start + 30 + len(name.encode()) for name, start in place.items()}
    content = bytearray(path.read_bytes())
    content[body["cats/1.png"] + 100] ^= 255
    directory = content.index(b"PK\1\2")
    at = content.index(b"dogs/3.png", directory) - 46
    content[at + 8] |= 1
    content[place["dogs/3.png"] + 6] |= 1
    path.write_bytes(content)
    sample_images = read_images(path, 32)
    reasons = {file.path: file.reason for file in sample_images.skipped}
    assert sample_images.names == ["cats/2 ü.png", "dogs/4.jpg"]
    assert reasons["cats/1.png"] in ("cannot be read: damaged in the archive", "truncated image")
    assert reasons["dogs/3.png"] == "cannot be read: encrypted"


def test_read_images_of_a_zip_bomb_costs_no_memory_and_leaves_no_file(tmp_path):
    path = tmp_path / "bomb.zip"
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 2**27 + 54, 0, 0, 54, 40, 7000, 6000, 1, 24, 0, 0, 0, 0, 0, 0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(2**27))
        archive.writestr("white.bmp", header + bytes(2**27))
        archive.writestr("../../outside.png", b"")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        UserError, match=r"3 skipped: \.\./\.\./outside.png \(empty file\), white.bmp \(zip bomb: unpacks to"
    ):
        read_images(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB
    assert not (tmp_path.parent.parent / "outside.png").exists()


def test_read_images_does_not_wait_for_a_pipe(folder):
    os.mkfifo(folder / "pipe.png")
    assert stat.S_ISFIFO((folder / "pipe.png").stat().st_mode)
    skipped = {file.path: file.reason for file in read_images(folder, 32).skipped}
    assert skipped["pipe.png"] == "not a file"


def test_read_images_of_an_array_and_an_npz(tmp_path):
    images = RANDOM.integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", images=images)
    assert read_images(images, 32).digest == read_images(tmp_path / "a.npz", 32).digest == digest_of(images)


def test_read_images_stops_soon_after_an_interruption(folder, monkeypatch):
    started = []
    for number in range(40):
        save(folder / f"more/{number}.png")

    def slow(item, frame):
        started.append(item)
        time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "_decode", slow)
    with pytest.raises(KeyboardInterrupt):
        read_images(folder, 32)
    assert len(started) < 40 and threading.active_count() < 20
    assert not list(folder.parent.glob(".cache/pictures/*"))


def test_describe_is_one_line():
    assert sources.describe("a\nb") == "a\\nb"
    assert sources.describe(np.zeros(3)) == "the ndarray"

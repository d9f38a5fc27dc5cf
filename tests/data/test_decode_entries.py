import os
import stat
import struct
import threading
import time
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data import cache, decode, decode_entries
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.sources import read_images
from tests.image_file_fixtures import REASONS, USABLE, pack_zip, save_png


@pytest.mark.parametrize("packed", [False, True])
def test_skips_counts_and_names_what_is_bad(photos, tmp_path, packed):
    source = pack_zip(tmp_path / "photos.zip", photos) if packed else photos
    for _ in range(2):  # the second time from the cache
        image_set = read_images(source, 32)
        assert image_set.names == USABLE
        assert {file.path: file.reason for file in image_set.skipped} == REASONS
        assert [file.path for file in image_set.skipped] == sorted(REASONS)
        assert image_set.labels.tolist() == [0, 0, 1, 1] and image_set.class_names == ["cats", "dogs"]
        assert image_set.groups.tolist() == [0, 0, 1, 1]
        assert image_set.images.shape == (4, 32, 32, 3) and len(image_set) == 4
        assert image_set.digest == digest_of(image_set.images)
        for name, image in zip(image_set.names, image_set.images, strict=True):
            np.testing.assert_array_equal(image, np.asarray(Image.open(photos / name)))
        assert {original.format for original in image_set.originals} == {"PNG"}


def test_decodes_once(photos, monkeypatch):
    first = read_images(photos, 32)
    monkeypatch.setattr(decode, "decode_image", None)
    again = read_images(str(photos), 32)
    assert again.digest == first.digest and again.originals == first.originals
    with pytest.raises(TypeError):
        read_images(photos, 32, background="black")


def test_sees_changed_content_and_names(photos):
    first = read_images(photos, 32)
    facts = (photos / "cats/1.png").stat()
    save_png(photos / "cats/1.png")
    os.utime(photos / "cats/1.png", (facts.st_atime, facts.st_mtime))
    assert read_images(photos, 32).digest != first.digest
    (photos / "dogs/3.png").rename(photos / "dogs/5.png")
    assert read_images(photos, 32).names[-1] == "dogs/5.png"


def test_reports_progress(photos):
    calls = []
    for _ in range(2):
        read_images(photos, 32, progress=lambda done, total: calls.append((done, total)))
        assert calls[-1] == (6, 6)  # bomb.png and cut.png begin like images
        assert all(done <= total == 6 for done, total in calls)


def test_reads_odd_names(tmp_path):
    names = ["line\nbreak.png", "tab\t.png", "ü ß 😀.png", "n" * 240 + ".png", "-rf.png", "a'\"b.png", "noextension"]
    names.append(os.fsdecode(b"bad\xff.png"))
    for name in names:
        save_png(tmp_path / "odd" / name)
    for _ in range(2):
        image_set = read_images(tmp_path / "odd", 32)
        assert image_set.names == sorted(names) and image_set.skipped == []


def test_is_independent_of_threads(photos, monkeypatch):
    threaded = read_images(photos, 32, cache_dir=photos / ".a")
    monkeypatch.setattr(decode_entries, "WORKERS", 1)
    serial = read_images(photos, 32, cache_dir=photos / ".b")
    assert serial.digest == threaded.digest and serial.names == threaded.names


def test_maps_what_is_too_large_for_memory(photos, monkeypatch):
    whole = read_images(photos, 32)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 100)
    mapped = read_images(photos, 32)
    assert isinstance(mapped.images, np.memmap) and mapped.digest == whole.digest
    np.testing.assert_array_equal(mapped.images, whole.images)


def test_is_quiet_about_oddities(tmp_path):
    (tmp_path / "a").mkdir()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\x7f\xff\xff\xff\x7f"
    save_png(tmp_path / "a/1.png", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_images(tmp_path / "a", 32)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_skips_locked_files(photos):
    (photos / "cats/1.png").chmod(0)
    skipped = {file.path: file.reason for file in read_images(photos, 32).skipped}
    assert skipped["cats/1.png"] == "cannot be read: permission denied"


def test_skips_files_that_fail_while_read(photos, monkeypatch):
    def locked(entry):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(decode_entries.entries.FileEntry, "check_size", locked)
    with pytest.raises(UserError, match=r"no usable image in .*photos: 10 files skipped"):
        read_images(photos, 32)


def test_skips_damaged_and_encrypted_members(photos, tmp_path):
    path = pack_zip(tmp_path / "photos.zip", photos)
    with zipfile.ZipFile(path) as archive:
        offsets = {info.filename: info.header_offset for info in archive.infolist()}
        body = {name: start + 30 + len(name.encode()) for name, start in offsets.items()}
    content = bytearray(path.read_bytes())
    content[body["cats/1.png"] + 100] ^= 255
    directory = content.index(b"PK\1\2")
    central = content.index(b"dogs/3.png", directory) - 46
    content[central + 8] |= 1
    content[offsets["dogs/3.png"] + 6] |= 1
    path.write_bytes(content)
    image_set = read_images(path, 32)
    reasons = {file.path: file.reason for file in image_set.skipped}
    assert image_set.names == ["cats/2 ü.png", "dogs/4.jpg"]
    assert reasons["cats/1.png"] in ("cannot be read: damaged in the archive", "truncated image")
    assert reasons["dogs/3.png"] == "cannot be read: encrypted"


def test_zip_bomb_is_never_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 2**24 + 54, 0, 0, 54, 40, 7000, 6000, 1, 24, 0, 0, 0, 0, 0, 0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(2**24))
        archive.writestr("white.bmp", header + bytes(2**24))
        archive.writestr("../../outside.png", b"")
    message = r"3 files skipped: \.\./\.\./outside.png \(empty file\), white.bmp \(zip bomb: unpacks to"
    tracemalloc.start()
    with pytest.raises(UserError, match=message):
        read_images(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**22  # bytes
    assert not (tmp_path.parent.parent / "outside.png").exists()


def test_does_not_wait_for_a_pipe(photos):
    os.mkfifo(photos / "pipe.png")
    assert stat.S_ISFIFO((photos / "pipe.png").stat().st_mode)
    skipped = {file.path: file.reason for file in read_images(photos, 32).skipped}
    assert skipped["pipe.png"] == "not a file"


def test_stops_soon_after_an_interruption(photos, monkeypatch):
    started, others = [], threading.active_count()
    for number in range(40):
        save_png(photos / f"more/{number}.png")

    def slow(item, frame):
        started.append(item)
        time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(decode_entries, "_decode", slow)
    with pytest.raises(KeyboardInterrupt):
        read_images(photos, 32)
    assert len(started) < 40 and threading.active_count() < others + 20
    assert not list(photos.parent.glob(".cache/pictures/*"))

import os
import zipfile

import pytest

from keras_transfer_gen.data import entries
from keras_transfer_gen.data.decode import UnusableError


def names(listing):
    return [entry.name for entry in listing.entries]


def write(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_list_folder_is_sorted_recursive_and_leaves_hidden_files_out(tmp_path):
    odd = "ü b\nc\td.png"
    for name in ("b.png", "a/z.png", "a/.hidden.png", ".git/x.png", "Thumbs.db", "__MACOSX/._b.png", odd, "n" * 250):
        write(tmp_path / name)
    listing = entries.list_folder(tmp_path)
    assert names(listing) == sorted(["b.png", "a/z.png", odd, "n" * 250]) and listing.skipped == []
    assert listing.hidden == sorted(["a/.hidden.png", ".git/", "Thumbs.db", "__MACOSX/"])
    with listing.entries[0].open() as stream:
        assert stream.read() == b"x" and listing.entries[0].size == 1


def test_list_folder_fingerprint_is_the_content(tmp_path):
    write(tmp_path / "a", b"1")
    write(tmp_path / "b", b"1")
    write(tmp_path / "c", b"2")
    a, b, c = (entry.fingerprint() for entry in entries.list_folder(tmp_path).entries)
    assert a == b != c


def test_list_folder_follows_links_but_reads_each_folder_once(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root / "real/a.png")
    write(outside / "b.png")
    (root / "loop").symlink_to(root)
    (root / "real/up").symlink_to("..")
    (root / "again").symlink_to("real")  # sorted before "real": the image is found under its own path all the same
    (root / "there").symlink_to(outside)
    (root / "alias.png").symlink_to("real/a.png")
    listing = entries.list_folder(root)
    assert names(listing) == ["alias.png", "real/a.png", "there/b.png"] and listing.skipped == []


def test_list_folder_names_what_is_no_file(tmp_path):
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "me.png").symlink_to("me.png")
    os.mkfifo(tmp_path / "pipe.png")
    listing = entries.list_folder(tmp_path)
    assert listing.entries == []
    assert {file.path: file.reason for file in listing.skipped} == {
        "gone.png": "cannot be read: broken link",
        "me.png": "cannot be read: broken link",
        "pipe.png": "not a file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_list_folder_names_a_locked_folder(tmp_path):
    write(tmp_path / "locked/a.png")
    (tmp_path / "locked").chmod(0)
    listing = entries.list_folder(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert listing.entries == []
    assert [(file.path, file.reason) for file in listing.skipped] == [("locked", "cannot be read: permission denied")]


def test_list_zip_leaves_hidden_members_and_folders_out(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("b/", "b/2.png", "1.png", "__MACOSX/b/._2.png", ".DS_Store", "b/.x/3.png", "../up.png"):
            archive.writestr(name, b"content")
    with zipfile.ZipFile(path) as archive:
        listing = entries.list_zip(archive, path)
        assert names(listing) == ["../up.png", "1.png", "b/2.png"] and listing.skipped == []
        assert listing.hidden == [".DS_Store", "__MACOSX/b/._2.png", "b/.x/3.png"]
        with listing.entries[1].open() as stream:
            assert stream.read() == b"content"
        assert len({entry.fingerprint() for entry in listing.entries}) == 3


def test_list_paths_keeps_the_order_and_names_paths_from_their_common_folder(tmp_path, monkeypatch):
    for name in ("cats/b.png", "dogs/a.png", "dogs/.c.png"):
        write(tmp_path / name, name.encode())
    listing = entries.list_paths([tmp_path / "dogs/a.png", str(tmp_path / "cats/b.png"), tmp_path / "dogs/.c.png"])
    assert names(listing) == ["dogs/a.png", "cats/b.png", "dogs/.c.png"]
    assert listing.skipped == listing.hidden == []  # a hidden file that is named is wanted
    with listing.entries[1].open() as stream:
        assert stream.read() == b"cats/b.png"
    monkeypatch.chdir(tmp_path)
    assert names(entries.list_paths(["cats/b.png", "cats/../dogs/a.png"])) == ["cats/b.png", "dogs/a.png"]
    assert names(entries.list_paths(["dogs/a.png"])) == ["a.png"]


def test_list_paths_says_what_is_no_file(tmp_path):
    write(tmp_path / "folder/a.png")
    paths = [tmp_path / "gone.png", tmp_path / "folder", "nul\0byte"]
    reasons = [file.reason for file in entries.list_paths(paths).skipped]
    assert reasons == [
        "cannot be read: no such file or directory",
        "a folder in a list of files",
        "cannot be read: embedded null byte",
    ]
    assert entries.list_paths([]) == entries.Listing([], [], [])


def entry(size, packed):
    return entries.FileEntry("a.png", size, packed, None, None)


def test_check_size_refuses_large_files_and_bombs():
    entry(entries.MAX_FILE_BYTES, entries.MAX_FILE_BYTES).check_size()
    entry(10**6, 1).check_size()  # small, however packed
    with pytest.raises(UnusableError, match="^file of 300 MB: over the limit of 256 MB$"):
        entry(300 * 2**20, 300 * 2**20).check_size()
    with pytest.raises(UnusableError, match="^zip bomb: unpacks to 1,000 times its size$"):
        entry(10**7, 10**4).check_size()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (RuntimeError("File 'a' is encrypted, password required for extraction"), "encrypted"),
        (NotImplementedError("That compression method is not supported"), "packed in an unknown way"),
        (zipfile.BadZipFile("Bad CRC-32"), "damaged in the archive"),
        (EOFError(), "damaged in the archive"),
        (OSError("odd"), "odd"),
    ],
)
def test_why_unreadable_is_short(error, reason):
    assert isinstance(error, entries.READ_ERRORS)
    assert entries.why_unreadable(error) == f"cannot be read: {reason}"

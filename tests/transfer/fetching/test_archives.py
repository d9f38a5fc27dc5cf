import gzip
import io
import tarfile
import tracemalloc

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching import archives
from keras_transfer_gen.transfer.fetching.limits import Limits

FILES = {"saved_model.pb": b"graph" * 200, "variables/variables.index": b"i", "assets/empty": b""}


def tar_of(*members, end=True):
    """Bytes of a tar of (name or TarInfo, content)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        length = tar.offset
    return buffer.getvalue() if end else buffer.getvalue()[:length]


def odd(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.fixture
def unpack(tmp_path):
    """Function: unpacks bytes into `tmp_path/work/model` and returns that; nothing beside it may appear."""

    def run(content, **limits):
        (tmp_path / "archive").write_bytes(content)
        (tmp_path / "work").mkdir()
        try:
            return archives.unpack(
                tmp_path / "archive", tmp_path / "work" / "model", source="m.tar.gz", limits=Limits(**limits)
            )
        finally:
            assert {path.name for path in tmp_path.iterdir()} == {"archive", "work"}
            assert {path.name for path in (tmp_path / "work").iterdir()} <= {"model"}

    return run


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_files_come_out_as_they_went_in(unpack, packed):
    content = tar_of((odd("assets/", tarfile.DIRTYPE), b""), *FILES.items(), ("./deep/er/" + "long" * 60, b"x" * 512))
    folder = unpack(gzip.compress(content, mtime=0) if packed else content)
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == {**FILES, "deep/er/" + "long" * 60: b"x" * 512}


def test_modes_and_owners_are_not_taken_over(unpack):
    info = tarfile.TarInfo("saved_model.pb")
    info.mode, info.uid = 0o6777, 12345
    facts = (unpack(tar_of((info, b""))) / "saved_model.pb").stat()
    assert facts.st_mode & 0o7111 == 0 and facts.st_uid != 12345


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/tmp/evil", "..", "C:/evil", "a\\..\\evil", "//host/share", "new\nline"]
)
def test_paths_that_lead_out_are_refused(unpack, name):
    with pytest.raises(
        UserFileError, match=r"Received: source='m\.tar\.gz'\. Its entry .* leads out .*ask its publisher"
    ):
        unpack(tar_of((name, b"evil"), *FILES.items()))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a link to 'saved_model.pb'"),
        (tarfile.LNKTYPE, "a link to 'saved_model.pb'"),
        (tarfile.CHRTYPE, "a device or a pipe"),
        (tarfile.BLKTYPE, "a device or a pipe"),
        (tarfile.FIFOTYPE, "a device or a pipe"),
        (tarfile.CONTTYPE, "of an unknown kind"),
        (b"Q", "of an unknown kind"),
    ],
)
def test_links_and_devices_are_refused(unpack, kind, words):
    with pytest.raises(UserFileError, match=f"Its entry 'odd' is {words}, which no SavedModel has"):
        unpack(tar_of(*FILES.items(), (odd("odd", kind, "saved_model.pb"), b"")))


def test_sparse_files_are_refused(unpack):
    """A header of some bytes claims a file of a terabyte of zeros."""
    info = tarfile.TarInfo("big")
    info.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(2**40), "GNU.sparse.name": "big"}
    with pytest.raises(UserFileError, match="is a sparse file"):
        unpack(tar_of((info, b"")))


def test_a_name_is_unpacked_once(unpack):
    with pytest.raises(UserFileError, match=r"holds '\./saved_model\.pb' twice"):
        unpack(tar_of(*FILES.items(), ("./saved_model.pb", b"other")))


@pytest.mark.parametrize("second", ["a/b", "a"])
def test_a_file_is_no_folder(unpack, second):
    with pytest.raises(UserFileError, match="twice"):
        unpack(tar_of(("a", b"x"), (second, b"y") if second != "a" else (odd("a", tarfile.DIRTYPE), b"")))


def test_bomb_is_stopped_by_what_comes_out(unpack, tmp_path):
    """32 MiB of zeros in 32 KiB; the header says the truth, and nothing relies on it."""
    content = gzip.compress(tar_of(("zeros", bytes(2**25))))
    with pytest.raises(UserFileError, match=r"unpacks to more than 200 times its size: an archive bomb"):
        unpack(content, ratio_from=2**20)
    assert len(content) < 2**16 and (tmp_path / "work/model/zeros").stat().st_size < 2**23


def test_unpacked_size_is_limited(unpack, tmp_path):
    with pytest.raises(UserFileError, match=r"more than the limit of 4 MiB.*KTG_MAX_DOWNLOAD_GB"):
        unpack(gzip.compress(tar_of(("zeros", bytes(2**24)))), unpacked=2**22)
    assert (tmp_path / "work/model/zeros").stat().st_size <= 2**22


def test_zeros_behind_the_end_are_counted_too(unpack):
    with pytest.raises(UserFileError, match="more than the limit of 1 MiB"):
        unpack(gzip.compress(tar_of(*FILES.items()) + bytes(2**23)), unpacked=2**20)


def test_number_of_members_is_limited(unpack):
    members = [(f"f{number}", b"") for number in range(11)]
    assert len(list(unpack(tar_of(*members[:10]), members=10).iterdir())) == 10


def test_too_many_members_are_refused(unpack):
    with pytest.raises(UserFileError, match="more than 10 files and folders"):
        unpack(tar_of(*[(f"f{number}", b"") for number in range(11)]), members=10)


def test_header_of_gigabytes_is_not_read_into_memory(unpack):
    """`tarfile` reads a long name whole: 64 MiB of it pack into 64 KiB."""
    long_name = odd("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    long_name.size = 2**26
    content = gzip.compress(long_name.tobuf(tarfile.GNU_FORMAT) + b"a" * 2**26)
    tracemalloc.start()
    with pytest.raises(UserFileError, match="The archive is damaged"):
        unpack(content)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_headers_that_nest_for_ever_are_damage(unpack):
    link = odd("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    link.size = 1
    block = link.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")
    with pytest.raises(UserFileError, match="The archive is damaged"):
        unpack(gzip.compress(block * 5000, mtime=0))


@pytest.mark.parametrize("keep", [20, 0.5, -1], ids=["start", "middle", "checksum"])
def test_cut_gzip_is_cut(unpack, keep):
    content = gzip.compress(tar_of(*FILES.items()))
    with pytest.raises(UserFileError, match=r"The archive is cut.*Fetch or pack it again"):
        unpack(content[: int(keep * len(content)) if isinstance(keep, float) else keep])


@pytest.mark.parametrize("keep", [700, 512 * 4, 512 * 4 + 100], ids=["in a file", "between members", "in a header"])
def test_cut_tar_is_cut(unpack, keep):
    with pytest.raises(UserFileError, match="The archive is (cut|damaged)"):
        unpack(tar_of(*FILES.items())[:keep])


def test_tar_without_the_mark_of_its_end_is_cut(unpack):
    with pytest.raises(UserFileError, match="the mark of its end is missing"):
        unpack(gzip.compress(tar_of(*FILES.items(), end=False)))


def test_damaged_header_is_no_end(unpack):
    content = bytearray(tar_of(*FILES.items()))
    second = 512 * 3  # behind the first header and its two blocks
    content[second + 100] ^= 0xFF
    with tarfile.open(fileobj=io.BytesIO(bytes(content))) as tar:
        assert tar.getnames() == ["saved_model.pb"]  # why the check is needed: tarfile stops without a word
    with pytest.raises(UserFileError, match="The archive is damaged"):
        unpack(bytes(content))


def test_wrong_gzip_checksum_is_damage(unpack):
    content = bytearray(gzip.compress(tar_of(*FILES.items())))
    content[-6] ^= 0xFF
    with pytest.raises(UserFileError, match="The archive is damaged"):
        unpack(bytes(content))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04" + bytes(300), "It is a zip file"),
        (b"\n<!DOCTYPE HTML><p>Sign in", "It is a web page"),
        (b'{"error": 404}', "It is a text file"),
        (b"GIF89a" * 200, "It is no tar archive"),
        (gzip.compress(b"no tar" * 500, mtime=0), "It is no tar archive"),
        (b"\x1f\x8b but no gzip" * 50, "The archive is damaged"),
    ],
)
def test_other_files_are_named(unpack, content, words):
    with pytest.raises(UserFileError, match=rf"`source` must be a SavedModel packed as .*{words}\. .*"):
        unpack(content)


def test_full_disk_says_where(unpack, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives, "_copy", full)
    with pytest.raises(UserFileError, match=r"cannot unpack to .*saved_model\.pb: No space left.*TFHUB_CACHE_DIR"):
        unpack(tar_of(*FILES.items()))

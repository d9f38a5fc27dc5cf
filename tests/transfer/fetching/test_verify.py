import os
import subprocess
import sys

import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.transfer.fetching.cache import Entry, Record
from keras_transfer_gen.transfer.fetching.verify import (
    check_digest,
    check_encrypted,
    check_same_as_first,
    check_trusted,
    folder_digest,
    parse_digest,
)


def test_addresses_need_trust_and_paths_need_none(tmp_path):
    for source in ("https://tfhub.dev/a/b/1", " HTTPS://A.example/x "):
        with pytest.raises(UserError, match=r"A SavedModel is a program.*add trust=True or --trust"):
            check_trusted(source)
        assert check_trusted(source, trust=True) is None
    assert all(check_trusted(source) is None for source in ("model.tar.gz", tmp_path, None))


def test_unencrypted_addresses_are_refused():
    with pytest.raises(UserFileError, match=r"anyone on the way could alter what comes by http\. Give its https"):
        check_encrypted("http://models.example/x", "http://models.example/x")
    assert check_encrypted("https://models.example/x", "x") is check_encrypted("http://127.0.0.1/x", "x") is None


@pytest.mark.parametrize("digest", ["abc", "g" * 64, 5, ""])
def test_digest_must_be_one(digest):
    with pytest.raises(UserError, match="`sha256` must be 64 hexadecimal digits.*sha256sum"):
        parse_digest(digest)


def test_digest_is_taken_in_the_forms_in_which_pages_print_it():
    assert parse_digest(None) is None
    assert parse_digest(f" SHA256:{'AB' * 32} ") == parse_digest("ab" * 32) == "ab" * 32


def test_other_digest_is_refused():
    assert check_digest(None, "b", "m", "Again.") is check_digest("a", "a", "m", "Again.") is None
    with pytest.raises(UserFileError, match=r"an archive with the SHA-256 a, but it has b\. Received: .*Again\."):
        check_digest("a", "b", "m", "Again.")


def test_address_must_give_the_model_that_it_gave_first(tmp_path):
    entry = Entry(tmp_path / "0123")
    new = Record("https://a.example/m", "files", sha256="ab")
    assert check_same_as_first(entry, new) is None
    for first in (Record(new.handle, "files", sha256="cd"), Record(new.handle, "others", sha256="ab")):
        entry.write_record(first)
        assert check_same_as_first(entry, new) is None
    entry.write_record(Record(new.handle, "others", sha256="cd", date="2026-01-02"))
    with pytest.raises(UserFileError, match=r"that it gave on 2026-01-02, but it is another.*sha256='ab'"):
        check_same_as_first(entry, new)


def fill(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("saved_model_schema_version: 1")
    return root


def test_digest_depends_on_names_and_contents_alone(tmp_path):
    first = fill(tmp_path / "first", "b", "a/c")
    second = fill(tmp_path / "second", "a/c", "b")
    os.utime(second / "b", (0, 0))
    same = folder_digest(first)
    assert folder_digest(second) == same and len(same) == 64
    (second / "b").rename(second / "d")
    assert folder_digest(second) != same
    (second / "d").rename(second / "b")
    (second / "a" / "c").write_text("x")
    assert folder_digest(second) != same


def test_digest_ends_on_loops_and_pipes(tmp_path):
    folder = fill(tmp_path / "model", "a/b")
    same = folder_digest(folder)
    (folder / "a" / "up").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    (folder / "broken").symlink_to(folder / "nothing")
    assert folder_digest(folder) == same


def test_nothing_heavy_is_loaded():
    code = "import sys, keras_transfer_gen.transfer.fetching.verify; print({'tensorflow', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

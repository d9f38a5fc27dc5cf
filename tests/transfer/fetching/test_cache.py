import os
import tempfile
import warnings
from pathlib import Path

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching import cache
from keras_transfer_gen.transfer.fetching.cache import (
    Entry,
    Record,
    archive_entry,
    cache_root,
    hub_entry,
    make_root,
)
from keras_transfer_gen.transfer.fetching.verify import folder_digest

HANDLE = "https://tfhub.dev/google/progan-128/1"


@pytest.fixture(scope="module")
def hub():
    """tensorflow-hub, whose import is what the upper bound of setuptools in setup.py is for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which warns of its end
        import tensorflow_hub
    return tensorflow_hub.compressed_module_resolver


def test_tensorflow_hub_can_be_imported(hub):
    assert hub.__name__ == "tensorflow_hub.compressed_module_resolver"


def test_place_is_that_of_tensorflow_hub(hub, hub_root):
    for handle in (HANDLE, HANDLE + "/", "https://models.example/ä.tar.gz?x=1"):
        assert str(hub_entry(handle).folder) == hub._module_dir(handle)
    assert hub_entry(HANDLE).folder != hub_entry(HANDLE + "/").folder


def test_default_root_is_that_of_tensorflow_hub(hub, tmp_path, monkeypatch):
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert str(cache_root()) == hub.resolver.tfhub_cache_dir(use_temp=True)
    monkeypatch.setattr(hub.resolver.FLAGS["tfhub_cache_dir"], "value", str(tmp_path / "flag"))
    assert str(cache_root()) == hub.resolver.tfhub_cache_dir(use_temp=True) == str(tmp_path / "flag")


def test_cache_in_a_cloud_is_refused(monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket/cache")
    with pytest.raises(UserFileError, match=r"`TFHUB_CACHE_DIR` must be a local folder.*gs://bucket/cache"):
        hub_entry(HANDLE)


def test_default_root_that_others_can_fill_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    monkeypatch.setattr(cache, "_flag", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = tmp_path / "tfhub_modules"
    root.mkdir()
    assert cache_root() == root
    root.chmod(0o777)
    with pytest.raises(UserFileError, match="the default belongs to another user.*folder of your own"):
        cache_root()
    root.chmod(0o755)
    if os.getuid() == 0:
        os.chown(root, 4242, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(UserFileError, match="the default belongs to another user"):
        cache_root()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(root))  # named on purpose
    assert cache_root() == root


def test_archives_lie_in_our_own_cache(hub_root):
    assert archive_entry("ab").folder == Path(os.environ["KTG_CACHE_DIR"], "saved_models", "ab")


def test_folder_of_the_cache_is_made_or_named(tmp_path):
    make_root(Entry(tmp_path / "a" / "b" / "model"))
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserFileError, match=r"cannot create the cache .*file.*TFHUB_CACHE_DIR"):
        make_root(Entry(tmp_path / "file" / "model"))


@pytest.fixture
def entry(tmp_path):
    return Entry(tmp_path / "0123")


def fill(folder, text="graph"):
    folder.mkdir()
    (folder / "saved_model.pb").write_text(text)
    return folder


def test_placed_model_has_its_record(entry, tmp_path):
    assert not entry.is_filled() and entry.read_record() is None
    with entry.scratch() as scratch:
        model = fill(scratch / "model")
        record = Record(HANDLE, folder_digest(model), "https://store.example/x", "ab" * 32, 5)
        entry.store(model, record, scratch)
    assert entry.is_filled() and entry.read_record() == record
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0123", "0123.descriptor.txt", "0123.ktg.json"]
    assert (tmp_path / "0123.descriptor.txt").read_text().startswith(f"Module: {HANDLE}\nDownload Time: 20")
    assert entry.check_unaltered(entry.folder, record, source="m") is None


def test_placing_replaces_what_is_there(entry):
    fill(entry.folder, "old")
    with entry.scratch() as scratch:
        entry.store(fill(scratch / "model", "new"), Record(HANDLE, ""), scratch)
    assert (entry.folder / "saved_model.pb").read_text() == "new"


def test_empty_folder_is_not_filled(entry):
    entry.folder.mkdir()
    assert not entry.is_filled()


@pytest.mark.parametrize("name", [None, "saved_model.pb", "more"])
def test_altered_model_is_refused(entry, name):
    record = Record(HANDLE, folder_digest(fill(entry.folder)), date="2026-01-02T03:04:05+00:00")
    if name:
        (entry.folder / name).write_text("x")
    with pytest.raises(
        UserFileError, match=r"those of 2026-01-02T03:04:05\+00:00.*altered since.*Delete .*0123 to fetch"
    ):
        entry.check_unaltered(entry.folder if name else None, record, source="m")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"handle": "x"}'])
def test_damaged_record_says_what_to_delete(entry, content):
    entry.record_path.write_text(content)
    with pytest.raises(
        UserFileError, match=r"`record` must be a readable record.*0123\.ktg\.json.*Delete it, and .*0123 if"
    ):
        entry.read_record()


def test_scratch_goes_whatever_happens_and_clears_up_after_the_dead(entry, tmp_path):
    (tmp_path / "0123.ktg-partial-dead" / "deep").mkdir(parents=True)
    (tmp_path / "4567.ktg-partial-alive").mkdir()
    with pytest.raises(KeyError), entry.scratch(clean=True) as scratch:
        assert scratch.parent == tmp_path and not (tmp_path / "0123.ktg-partial-dead").exists()
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["4567.ktg-partial-alive"]


def test_disk_that_can_not_be_written_is_named(entry, monkeypatch):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    with entry.scratch() as scratch:
        model = fill(scratch / "model")
        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(UserFileError, match=r"cannot write .*0123.*Read-only file system.*TFHUB_CACHE_DIR"):
            entry.store(model, Record(HANDLE, ""), scratch)

import pytest

from keras_transfer_gen.recipes.machine import cache_contents

SHA1, SHA256 = "a" * 40, "b" * 64


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with an entry of each kind, and beside each a file that somebody else put there."""
    root = tmp_path / "cache"
    monkeypatch.setenv("KTG_CACHE_DIR", str(root))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    ours = [
        f"pictures/{SHA256}/records.u8", f"pictures/unnamed-{'c' * 32}/records.u8", f"features/{SHA256}.npz",
        f"saved_models/{SHA256}/saved_model.pb", f"saved_models/{SHA256}.ktg.json", f"networks/{SHA1}/a.pkl",
        "logs/native.log",
    ]  # fmt: skip
    others = ["pictures/holiday.jpg", "features/mine/a.npz", "photos/b.jpg", "networks/notes.txt"]
    for name in [*ours, *others]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"12345")
    return root, others


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_contents_are_counted_and_what_is_not_ours_is_named(cache):
    root, _ = cache
    parts = {part.name: part.to_dict() for part in cache_contents.cache_parts()}
    assert cache_contents.cache_folder() == root
    assert parts["pictures"]["bytes"] == 10 and parts["pictures"]["not_ours"] == ["holiday.jpg"]
    assert parts["saved_models"]["entries"] == 2 and parts["features"]["not_ours"] == ["mine"]
    (finding, hub) = cache_contents.check_cache()
    assert finding.facts["bytes"] == 35 and hub.name == "TF Hub"


def test_clearing_removes_what_is_ours_and_nothing_else(cache):
    root, others = cache
    assert cache_contents.clear_cache() == (35, [])
    assert files_in(root) == sorted(others) and not (root / "logs").exists()
    assert cache_contents.clear_cache() == (0, [])


def test_clearing_never_follows_a_link(cache, tmp_path):
    root, _ = cache
    outside = tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    (outside / "b" / "kept.txt").write_text("kept")
    (root / "pictures" / ("d" * 64)).symlink_to(outside / "b", target_is_directory=True)
    (root / "logs" / "native.log").unlink()
    (root / "logs").rmdir()
    (root / "logs").symlink_to(outside, target_is_directory=True)
    (outside / "native.log").write_text("kept")
    cache_contents.clear_cache()
    assert files_in(outside) == ["b/kept.txt", "native.log"] and not (root / "pictures" / ("d" * 64)).is_symlink()


def test_model_that_is_being_fetched_stays(cache):
    root, _ = cache
    (root / f"saved_models/{SHA256}.ktg.lock").touch()
    (root / f"networks/{SHA1}/lock").touch()
    freed, left = cache_contents.clear_cache()
    assert (root / f"saved_models/{SHA256}/saved_model.pb").is_file() and (root / f"networks/{SHA1}/a.pkl").is_file()
    assert freed == 20 and str(root / f"networks/{SHA1}") in left


def test_cache_that_is_a_file_is_a_fault(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "file"))
    assert cache_contents.check_cache()[0].status == "fault" and cache_contents.clear_cache() == (0, [])

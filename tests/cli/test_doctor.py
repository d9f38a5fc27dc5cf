import json

import pytest

from keras_transfer_gen.recipes.machine import doctor
from keras_transfer_gen.recipes.machine.finding import Finding


@pytest.fixture
def findings(monkeypatch):
    """Function: status of the one thing that is looked at."""

    def set_status(status):
        finding = Finding("disk", "cache", status, "little room", "Delete something.")
        monkeypatch.setattr(doctor, "examine", lambda reporter: [finding])

    return set_status


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("note", 0), ("warning", 0), ("fault", 1)])
def test_exit_code_is_1_only_where_something_is_broken(ktg, findings, status, code):
    findings(status)
    result = ktg("doctor")
    assert result.exit_code == code and "disk\tcache" in result.stdout
    assert f"{status}: cache: little room. Delete something." in result.stdout
    result = ktg("doctor", "--json")
    content = json.loads(result.stdout)
    assert (result.exit_code, content["ok"]) == (code, code == 0)
    assert content["findings"][0]["fix"] == "Delete something."


def test_cache_is_shown_and_cleared(ktg, ktg_json, tmp_path, monkeypatch):
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    file, other = tmp_path / "cache/features" / ("a" * 64 + ".npz"), tmp_path / "cache/features/other.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"123")
    other.write_bytes(b"4")
    assert ktg_json("cache")["bytes"] == 3 and file.is_file()
    shown = ktg("cache")
    assert shown.exit_code == 0 and "features\tfeatures of images, for scores\t1\t0.0 MB" in shown.stdout
    assert "1 entries that ktg did not write" in shown.stdout
    cleared = ktg_json("cache", "--clear")
    assert (cleared["freed_bytes"], cleared["bytes"], cleared["left"]) == (3, 0, [])
    assert not file.exists() and other.is_file() and "removed 0.0 MB" in ktg("cache", "--clear").stdout

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks" / "engine"


@pytest.fixture
def million_files(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import million_files

    return million_files


def test_folder_holds_links_to_real_images_in_sub_folders(million_files, tmp_path, monkeypatch):
    monkeypatch.setattr(million_files, "PER_FOLDER", 3)
    million_files.make_folder(tmp_path, 7, million_files.IMAGES)
    links = sorted(tmp_path.rglob("*.png"))
    assert len(links) == 7 and all(link.is_symlink() and link.read_bytes()[:4] == b"\x89PNG" for link in links)
    assert len(list(tmp_path.iterdir())) == 3 and 0 < million_files.peak_gb() < 100

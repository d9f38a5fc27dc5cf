import os
import shutil
from collections import namedtuple

import pytest

from keras_transfer_gen.recipes.machine import resources

Usage = namedtuple("Usage", "total used free")


def test_memory_of_this_machine_is_known_or_said_to_be_unknown(monkeypatch):
    (finding,) = resources.check_memory()
    assert finding.facts["total_bytes"] > 1e8
    monkeypatch.setattr(resources, "total_memory", lambda: None)
    (finding,) = resources.check_memory()
    assert finding.status == "note" and not finding.facts


def test_limit_of_a_container_counts(monkeypatch, tmp_path):
    (tmp_path / "limit").write_text("1000000\n")
    (tmp_path / "none").write_text("max\n")
    monkeypatch.setattr(resources, "CGROUP_LIMITS", (str(tmp_path / "none"), str(tmp_path / "limit")))
    assert resources.total_memory() == 1_000_000
    (finding,) = resources.check_memory()
    assert finding.status == "warning" and "--batch-size" in finding.fix


def test_free_memory_of_a_container_is_what_its_limit_leaves(monkeypatch, tmp_path):
    for name, text in {"limit": "1000", "used": "700", "stat": "anon 600\ninactive_file 50\n", "none": "max"}.items():
        (tmp_path / name).write_text(text)
    files = {name: str(tmp_path / name) for name in ("limit", "used", "stat", "none", "missing")}
    monkeypatch.setattr(resources, "CGROUP_LIMITS", (files["none"], files["limit"]))
    monkeypatch.setattr(resources, "CGROUP_USED", (files["missing"], files["used"]))
    monkeypatch.setattr(resources, "CGROUP_FILE_CACHES", ((files["stat"], "inactive_file"),) * 2)
    assert resources.free_memory() == 350  # files in memory are given up
    monkeypatch.setattr(resources, "CGROUP_FILE_CACHES", ((files["missing"], ""),) * 2)
    assert resources.free_memory() == 300


@pytest.mark.parametrize(("free", "status"), [(5e9, "ok"), (1e9, "warning"), (1e6, "fault")])
def test_little_disk_space_has_its_fix(monkeypatch, free, status):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1e12, 0, free))
    findings = {finding.name: finding for finding in resources.check_disk()}
    assert {finding.status for finding in findings.values()} == {status}
    assert status == "ok" or "KTG_CACHE_DIR" in findings["cache"].fix
    assert status == "ok" or "TMPDIR" in findings["temporary files"].fix


def test_folder_that_can_not_be_written_is_a_fault(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert {finding.status for finding in resources.check_disk()} == {"fault"}

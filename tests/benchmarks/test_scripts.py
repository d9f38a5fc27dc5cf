"""Every benchmark can be imported with the package as it is, and explains its options."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("**/*.py") if "ArgumentParser" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_benchmark_explains_its_options(path, monkeypatch, capsys):
    name = path.stem
    if name.endswith("_against_pytorch"):
        pytest.importorskip("torch", reason="the extra `bench` brings PyTorch for this benchmark alone")
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module(name)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == 0
    assert module.__doc__.splitlines()[0][:30] in capsys.readouterr().out.replace("\n", " ")

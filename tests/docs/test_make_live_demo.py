"""The live demo of the documentation: written by its script, and alive in a browser."""

import importlib
import sys
from pathlib import Path

from tests.chromium import chromium, needs_chromium

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_demo_is_a_page_that_generates(source_file, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    script = importlib.import_module("make_live_demo")
    monkeypatch.setattr(
        sys, "argv", ["make_live_demo.py", "--model", str(source_file), "--out", str(tmp_path / "demo")]
    )
    for _ in range(2):  # the second one replaces the first
        script.main()
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"index.html", "files", "litert_notices"}
    needs_chromium()
    with chromium(tmp_path / "profile") as page:
        page.open((tmp_path / "demo" / "index.html").as_uri())
        page.run("ktg.ready.then(() => ktg.drawn)")
        assert page.run("ktg.psnr") > 30 and page.run("FACTS.levels") is None and page.complaints == []
        assert page.run("document.title") == str(source_file)
        assert page.run("document.getElementById('error').hidden")

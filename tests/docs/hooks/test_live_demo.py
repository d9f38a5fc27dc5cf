import runpy
from pathlib import Path

HOOK = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs/hooks/live_demo.py"))


def test_the_demo_is_shown_where_it_was_written(tmp_path):
    def shown(text):
        return HOOK["on_page_markdown"](text, None, {"docs_dir": str(tmp_path)}, None)

    text = f"before\n\n{HOOK['MARK']}\n\nafter"
    assert shown(text) == text
    (tmp_path / "live_demo").mkdir()
    (tmp_path / "live_demo" / "index.html").touch()
    assert 'src="live_demo/index.html"' in shown(text) and HOOK["MARK"] not in shown(text)
    assert shown("no demo here") == "no demo here"


def test_a_page_has_the_mark():
    assert HOOK["MARK"] in (Path(__file__).resolve().parents[3] / "docs" / "browser.md").read_text("utf-8")

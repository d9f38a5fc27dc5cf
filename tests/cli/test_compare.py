import json

import pytest


def test_runs_are_compared_in_tables_in_json_and_on_a_page(ktg, finished, tmp_path):
    result = ktg("compare", finished.out, finished.out, "--out", str(tmp_path / "c.html"))
    assert result.exit_code == 0, result.stderr
    assert "kid_after" in result.stdout and "All settings are the same." in result.stdout
    page = (tmp_path / "c.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "All settings are the same." in page
    result = ktg("compare", finished.out, finished.out, "--json")
    comparison = json.loads(result.stdout)
    assert comparison["runs"] == [str(finished.out)] * 2 and comparison["settings"] == {}


@pytest.mark.parametrize(("arguments", "message"), [
    ((), "two RUN folders or more"), (("--out", "page.txt"), "a file that ends in .html"),
    (("--out", "/nowhere/page.html"), "Make the folder first"), (("/nowhere",), "RUN folder of `ktg finetune`"),
])  # fmt: skip
def test_what_can_not_be_compared_is_refused(ktg, finished, arguments, message):
    runs = [finished.out] if not arguments else [finished.out, finished.out]
    result = ktg("compare", *map(str, runs), *arguments)
    assert result.exit_code == 2 and message in result.stderr and len(result.stderr.splitlines()) == 1

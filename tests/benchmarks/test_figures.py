"""No page holds a figure that the results no longer have; TensorFlow is not loaded here."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.scripts import import_script

ROOT = Path(__file__).resolve().parents[2]
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?!\w|\.\d)")
UNMEASURED = {
    "3.11",
    "3.12",
    "3.13",
    "0.1",
    "0.2",
    "2.0",
    "1.25",
    "2.21",
}  # versions; a point of the benchmarks in kimg


@pytest.fixture(scope="module")
def figures():
    return import_script(ROOT / "benchmarks", "figures")


def test_no_figure_of_the_pages_is_stale(figures, capsys):
    assert figures.main(["--check"]) == 0, capsys.readouterr().err


def test_stale_table_and_stale_value_are_found_and_written(figures):
    text = "# Page\n\n<!-- figures: near -->\nold\n<!-- /figures -->\n\nIt is <!--f near.kid-->1.0<!--/f--> now.\n"
    new, faults = figures.rewrite(text, {"near": "| a |"}, {"near.kid": "2.0"})
    assert faults == ["line 7: near.kid is stale", "line 3: near is stale"]
    assert "<!-- figures: near -->\n\n| a |\n\n<!-- /figures -->" in new and "-->2.0<!--" in new
    assert figures.rewrite(new, {"near": "| a |"}, {"near.kid": "2.0"}) == (new, [])


def test_unknown_names_and_marks_without_an_end_are_found(figures):
    text = "<!--f nothing-->1<!--/f-->\n<!--f near-->2\n<!-- /figures -->\n"
    _, faults = figures.rewrite(text, {}, {"near": "2"})
    assert faults == [
        "line 2: <!--f near--> has no other end", "line 3: <!-- /figures --> has no other end",
        "line 1: there is no figure named nothing",
    ]  # fmt: skip


def test_changed_results_make_the_check_fail_and_write_mends_it(figures, tmp_path, capsys):
    for folder in ("benchmarks/results", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.png", "*.py"))
    for card in (ROOT / "saved_models").glob("*/*.[jm][sd]*"):
        (tmp_path / card.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card, tmp_path / card.relative_to(ROOT))
    (tmp_path / "README.md").write_text("From <!--f near.before-->98.2<!--/f-->.\n")
    assert figures.main(["--check"], tmp_path) == 0
    file = tmp_path / "benchmarks/results/near/results.json"
    result = json.loads(file.read_text())
    file.write_text(json.dumps({**result, "before": 12.34}))
    assert figures.main(["--check"], tmp_path) == 1
    told = capsys.readouterr().err
    assert "README.md, line 1: near.before is stale" in told and "figures.py --write" in told
    assert figures.main(["--write"], tmp_path) == 0 == figures.main(["--check"], tmp_path)
    assert (tmp_path / "README.md").read_text() == "From <!--f near.before-->12.3<!--/f-->.\n"


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_measured_figures_of_a_page_are_marked(figures, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for pattern in (figures.BLOCK, figures.VALUE, re.compile(r"```.*?```", re.DOTALL), re.compile(r"`[^`\n]*`")):
        text = pattern.sub("", text)
    assert set(DECIMAL.findall(text)) - UNMEASURED == set()

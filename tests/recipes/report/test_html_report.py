import base64
import io
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from keras_transfer_gen.recipes.report import html_report
from keras_transfer_gen.recipes.runs.run_folder import RunFolder

CARD = "# cats\n\nA <b>generator</b>.\n\n![before and after](before_after.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
CONFIG = {"command": "finetune", "settings": {"kimg": 10.0, "data": "<photos>", "freeze": []}, "resolved": {"seed": 3}}


class Page(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def sources(self):
        return [attributes["src"] for tag, attributes in self.tags if tag == "img"]


def image(path, colour, kind="png"):
    Image.new("RGB", (4, 4), colour).save(path, kind)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "README.md").write_text(CARD)
    image(tmp_path / "before_after.png", "red")
    image(tmp_path / "training.gif", "blue", "gif")
    (tmp_path / "samples").mkdir()
    for number in range(9):
        image(tmp_path / f"samples/{number:05}.500kimg.png", (20 * number, 0, 0))
    return tmp_path


def test_report_holds_the_card_pictures_settings_and_numbers(run):
    page = Page(html_report.build_report(run, CONFIG, {"kimg": 10.0, "kid_after": {"value": 3.5, "std": None}}))
    assert [source.split(";")[0] for source in page.sources()] == [
        "data:image/png",
        "data:image/gif",
        *["data:image/png"] * 6,
    ]
    for text in (
        "cats",
        "Before and after",
        "ktg finetune",
        "<photos>",
        "kid_after.value",
        "3.5",
        "0.5 kimg",
        "8.5 kimg",
    ):
        assert text in page.text
    assert "Curves" not in page.text and "Reconstructions" not in page.text  # no such files
    first = base64.b64decode(page.sources()[0].split(",")[1])
    assert Image.open(io.BytesIO(first)).getpixel((0, 0)) == (255, 0, 0)


def test_warnings_stand_under_the_card_with_what_to_do(run):
    warnings = [{"kind": "collapse", "kimg": 2.5, "text": "Alike <b>.", "step": "Lower --learning-rate."}]
    text = Page(html_report.build_report(run, CONFIG, {"warnings": warnings})).text
    assert "Warnings" in text and "At 2.5 kimg: Alike <b>. Lower --learning-rate." in text
    assert (
        html_report.warnings_html([]) == "" and "Warnings" not in Page(html_report.build_report(run, CONFIG, {})).text
    )


def test_report_asks_for_nothing_and_shows_html_of_others_as_text(run):
    (run / "README.md").write_text(
        CARD + "\n<script>alert(1)</script> [x](javascript:alert) [y](https://example.org)\n"
    )
    text = html_report.build_report(run, {**CONFIG, "settings": {"data": "<script>2</script>"}}, {})
    page = Page(text)
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags and "b" not in tags and "<script>alert(1)</script>" in page.text
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["https://example.org"]
    assert not re.findall(r"(?:src|href)=\"(?!data:image/|https://example.org)", text) and "url(" not in text
    policies = [attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv")]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_report_tells_each_divergence(run):
    entry = {"kimg": 3.0, "back_to_kimg": 2.5, "reason": "d_loss is nan", "learning_rate": 0.001}
    text = html_report.build_report(run, CONFIG, {"rollbacks": [entry]})
    assert "<h2>Divergences</h2>" in text
    assert "<td>3.00 kimg</td><td>d_loss is nan</td><td>2.50 kimg</td><td>0.001</td>" in text
    assert "Divergences" not in html_report.build_report(run, CONFIG, {})


def test_table_shows_what_is_no_text_as_json():
    page = Page(html_report.table([("a", None), ("b", [1, "<x>"])], ["name", "value"]))
    assert page.text == 'namevalueanullb[1, "<x>"]' and [tag for tag, _ in page.tags].count("td") == 4


@pytest.mark.parametrize(("count", "expected"), [(6, [0, 1, 2, 3]), (2, [0, 3]), (3, [0, 2, 3])])
def test_sheets_are_spread_from_first_to_last(count, expected):
    assert html_report.spread([0, 1, 2, 3], count) == expected


def test_every_finished_run_has_a_report_of_its_own_scores(finished):
    folder = RunFolder(finished.out)
    page = Page(folder.report_file.read_text("utf-8"))
    metrics = json.loads(folder.metrics_file.read_text())
    assert json.dumps(metrics["kid_after"]["value"]) in page.text and "Settings" in page.text
    assert len(page.sources()) >= 4

import json
import re

import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.recipes.report.compare_runs import (
    compare_runs,
    comparison_page,
    curve_panels,
    read_run,
    table_rows,
)  # fmt: skip


def score(value, reference="photos"):
    return {"value": value, "std": 0.5, "n_real": 9, "reference": reference, "feature_network": "lite"}


def run(path, kimg=10.0, freeze=(), kid=30.0, reference="photos", name="kid"):
    metrics = {"kid_after": score(kid, reference), "kid_before": None, "kimg": kimg, "near_copies": {"made": 0.1}}
    settings = {"kimg": kimg, "freeze": list(freeze), "seed": 0}
    return {
        "path": path,
        "settings": settings,
        "metrics": metrics,
        "records": [{"kimg": 1.0, name: kid + 9}, {"kimg": kimg, name: kid}],
    }


def test_scores_are_listed_and_settings_that_differ():
    comparison = compare_runs([run("a"), run("b", kimg=20.0, freeze=["x=false"], kid=25.0)])
    assert comparison["runs"] == ["a", "b"] and comparison["notes"] == []
    assert list(comparison["scores"]) == ["kid_after", "kimg"]
    assert comparison["settings"] == {"kimg": [10.0, 20.0], "freeze": [[], ["x=false"]]}
    assert table_rows(comparison["scores"]) == [("kid_after", "30.0 ± 0.5", "25.0 ± 0.5"), ("kimg", "10", "20")]


def test_scores_against_different_images_are_named():
    comparison = compare_runs([run("a"), run("b", reference="others")])
    assert len(comparison["notes"]) == 1 and comparison["notes"][0].startswith(
        "kid_after was measured against different"
    )


def test_what_one_run_alone_has_is_left_empty_in_the_other():
    first, second = run("a"), run("b")
    del second["metrics"]["kid_after"], second["settings"]["seed"]
    comparison = compare_runs([first, second])
    assert comparison["scores"]["kid_after"][1] is None and comparison["settings"] == {"seed": [0, None]}
    assert table_rows(comparison["scores"])[0] == ("kid_after", "30.0 ± 0.5", "")


def test_curves_have_a_line_a_run_and_a_panel_a_score():
    panels = curve_panels([run("a"), run("b", kid=25.0), run("v", name="elbo")])
    assert [[line.label for line in panel.lines] for panel in panels] == [["a", "b"], ["v"]]
    assert panels[0].lines[1].values == [34.0, 25.0] and panels[0].lines[1].kimg == [1.0, 10.0]


def test_page_holds_tables_and_one_picture():
    text = comparison_page([run("a"), run("<b>", kimg=20.0)])
    assert text.count("<img ") == 1 and "&lt;b&gt;" in text and "<b>" not in text and "30.0 ± 0.5" in text
    assert not re.findall(r"src=\"(?!data:image/png)", text)


def test_run_is_read_with_its_scores_on_the_way(finished):
    read = read_run(finished.out)
    assert read["metrics"]["kid_after"]["value"] == pytest.approx(
        json.loads(json.dumps(read["metrics"]))["kid_after"]["value"]
    )
    assert [record["kimg"] for record in read["records"]] == sorted(record["kimg"] for record in read["records"])
    assert read["records"] and read["settings"]["g_lr_ratio"] is not None  # as it was resolved


def test_what_is_no_finished_run_is_refused(tmp_path):
    with pytest.raises(UserFileError, match="RUN folder of `ktg finetune` or `ktg pretrain`"):
        read_run(tmp_path)
    config = {"command": "finetune", "finished": False, "settings": {}, "resolved": {}, "stages": []}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="a finished RUN.*Give its command again"):
        read_run(tmp_path)

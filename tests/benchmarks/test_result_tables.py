"""Tables in Markdown from small results, the figures computed by hand."""

from pathlib import Path

import pytest

from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def tables():
    return import_script(BENCHMARKS, "result_tables")


def vae_run(*elbos):
    points = [{"kimg": float(index), "elbo": elbo} for index, elbo in enumerate(elbos)]
    return {"curve": points, "elbo_fitted": elbos[-1] + 10, "kid": 50.0, "prior_seconds": 0.5}


def test_old_names_are_read_as_todays_at_any_depth(tables):
    old = {"pictures": 100, "runs": {"scale-shift": [{"pictures": 3}], "full": []}, "before": 1.0}
    assert tables.with_new_names(old) == {
        "images": 100, "runs": {"bsa": [{"images": 3}], "full": []}, "before": 1.0
    }  # fmt: skip


def test_spread_tells_the_median_and_both_ends(tables):
    assert tables.spread([3.0, 1.0, 2.0]) == "2.0 (1.0 to 3.0)"
    assert tables.spread([4.0]) == "4.0"
    assert tables.spread([1.0, 2.0], "{:.0f}") == "2 (1 to 2)"


def test_markdown_has_a_line_for_the_header_and_each_row(tables):
    assert tables.markdown(["", "a"], [["x", 1], ["y", ""]]) == "| | a |\n|---|---|\n| x | 1 |\n| y | |"


def test_transfer_table_leaves_points_empty_that_a_method_did_not_reach(tables):
    def curve(*kids):
        return [{"kimg": kimg, "kid": kid} for kimg, kid in zip((5.0, 10.0, 20.0), kids, strict=False)]

    result = {
        "kimg": 10.0, "n_fake": 500, "n_real": 20, "images": 9, "date": "2026-01-01", "precision": "float32",
        "before": 90.0, "floor": 5.0, "command": "python x", "scratch_rate_search": {"0.1-0.1": 3.0},
        "rates": {"scratch": [0.1, 0.1], "fine-tune": [0.8, 0.1]},
        "curves": {"scratch": [curve(300.0, 200.0, 100.0)], "fine-tune": [curve(60.0, 50.0), curve(62.0, 54.0)]},
    }  # fmt: skip
    lines = tables.transfer_table(result).splitlines()
    assert "| | 5 kimg | 10 kimg | 20 kimg |" in lines
    assert "| scratch (learning rates 0.1-0.1) | 300.0 | 200.0 | 100.0 |" in lines
    assert "| fine-tune (learning rates 0.8-0.1) | 61.0 (60.0 to 62.0) | 52.0 (50.0 to 54.0) | |" in lines


def test_vae_table_tells_when_the_best_of_scratch_was_reached(tables):
    result = {
        "n_held": 5, "images": 9, "date": "2026-01-01", "n_fake": 500, "n_real": 20, "scratch_rate": 0.001,
        "command": "python x",
        "runs": {
            "scratch": [vae_run(-100.0, -60.0, -50.0, -70.0), vae_run(-100.0, -60.0, -70.0)],
            "full": [vae_run(-90.0, -40.0)], "prior": [vae_run(-80.0)],
        },
    }  # fmt: skip
    kimg, elbo = tables.best_of_scratch(result)
    assert (kimg, elbo) == (1.0, -60.0)  # means over the three points that both runs have: -100, -60, -60
    assert tables.first_kimg_at(result["runs"]["full"], elbo) == 1.0
    assert tables.first_kimg_at(result["runs"]["prior"], elbo) is None
    text = tables.vae_table(result)
    assert "| full | -40 | 1 | 1 kimg | 1.000 | -30 | 50.0 |" in text and "| prior | -80 | 0 | never | |" in text


def test_third_party_rows_without_a_ratio_had_equal_rates(tables):
    rows = [{"rate_ratio": 8.0}, {"g_lr_ratio": 4.0}, {}]
    assert [tables.rate_ratio_of(row) for row in rows] == [8.0, 4.0, 1.0]


def test_objectives_of_version_0_1_are_runs_alone(tables):
    runs = {"hinge, r1": [{"kid": 3.0, "kimg": 10.0}, {"kid": 1.0, "kimg": 12.0}]}
    expected = [["hinge, r1", "2.0", "1.0 to 3.0", "11.0"]]
    assert tables.objective_rows(runs) == tables.objective_rows({"date": "2026-01-01", "runs": runs}) == expected


def test_distill_table_has_the_teacher_and_a_row_for_each_student(tables):
    times = {"p50_1": 11.24, "p95_1": 12.0, "p50_2": 6.0, "p95_2": 6.5}
    student = {
        "size_mb": 1.0, "seed": 0, "kimg": 20.0, "megabytes": 0.99, "teacher_megabytes": 3.9, "psnr_before": 10.04,
        "psnr": 25.0, "kid_after": {"value": 12.345, "std": 1.0, "n_fake": 500, "n_real": 1000},
        "kid_floor": {"value": 0.5}, **{key: value / 2 for key, value in times.items()},
    }  # fmt: skip
    result = {
        "teacher": {"source": "noto", **times}, "students": [student, {**student, "seed": 1, "psnr": 26.0}],
        "date": "2026-01-01", "machine": "a machine", "load": 1.0, "command": "python x",
    }  # fmt: skip
    lines = tables.distill_table(result).splitlines()
    assert "| noto | | | 3.90 | | | 0.50 | 11.2 / 12.0 | 6.0 / 6.5 |" in lines
    assert "| 1 MB | 0 | 20 | 0.99 | 10.0 | 25.0 | 12.35 ± 1.00 | 5.6 / 6.0 | 3.0 / 3.2 |" in lines
    assert "| 1 MB | 1 | 20 | 0.99 | 10.0 | 26.0 | 12.35 ± 1.00 | 5.6 / 6.0 | 3.0 / 3.2 |" in lines
    assert "500 images to 1000 other images" in lines[0] and lines[-1] == "Command: `python x`"

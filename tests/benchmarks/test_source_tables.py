"""Tables of compared sources from small results, the figures computed by hand."""

from pathlib import Path

import pytest

from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def tables():
    return import_script(BENCHMARKS, "source_tables")


def test_sources_are_compared_class_by_class(tables):
    names = ("kid", "kid_second", "layout", "layout_precision", "precision", "recall", "recognised", "near_copies")
    runs = [
        {
            **dict.fromkeys(names, value), "seconds_for_64": 2.0,
            "per_class": {"cats": {"kid": 10 * value, "kid_second": 5.0, "recognised": 0.5, "recognised_real": 0.75}},
        }
        for value in (1.0, 3.0, 2.0)
    ]  # fmt: skip
    result = {"date": "2026-01-02", "command": "run", "sources": [{"source": "a", "megabytes": 1.25, "runs": runs}]}
    lines = tables.classes_table(result).splitlines()
    assert lines[0] == "Median (lowest to highest) of 3 seeds; 2026-01-02."
    assert lines[4].startswith("| `a` | 1.2 | 2.0 (1.0 to 3.0) | 2.0 (1.0 to 3.0) |") and lines[4].endswith(
        "| 2.0 (2.0 to 2.0) |"
    )
    assert lines[8] == "| cats | 0.75 | 20 (10 to 30) | 5 (5 to 5) | 0.50 (0.50 to 0.50) |"


def compared(tables, **more):
    def run(value):
        return {**dict.fromkeys([*tables.COMPARED, *tables.RIVALS], value), **more}

    sources = [{"source": "a", "runs": [run(1), run(3), run(2)]}]
    images = dict.fromkeys(tables.REAL, 0.5)
    result = {"date": "2026-01-02", "command": "python x", "sources": sources, "images": images}
    return tables.compared_table(result).splitlines()


def test_sources_are_compared_by_the_median_of_the_seeds(tables):
    lines = compared(tables)
    assert lines[0] == "Median (lowest to highest) of 3 seeds; 2026-01-02."
    assert lines[4].startswith("| `a` | 2.0 (1.0 to 3.0) |") and lines[4].count("|") == len(tables.COMPARED) + 2
    assert lines[5].startswith("| the images to learn themselves | 0.5 | 0.5 | 0.5 | 0.50 |")
    assert lines[5].endswith("| | | | |")  # no near-copies, minutes, images/s or seconds
    assert lines[9] == "| `a`, adapted |" + " 2.0 (1.0 to 3.0) |" * 3 + " 2.00 (1.00 to 3.00) | 2.0 (1.0 to 3.0) |"
    assert "`python x`" in lines[-1]


def test_models_before_and_from_scratch_stand_beside_the_adapted_one(tables):
    other = dict.fromkeys(tables.RIVALS, 9.0)
    lines = compared(tables, before=other, scratch={**other, "nats": None}, decoded=dict.fromkeys(tables.REAL, 0.25))
    assert lines[5].startswith("| reference, decoded from its own tokens by `a` | 0.2 (0.2 to 0.2) |")
    assert lines[10].startswith("| `a`, before | 9.0 (9.0 to 9.0) |")
    assert lines[11].startswith("| `a`, adapted | 2.0 (1.0 to 3.0) |")
    assert lines[12].startswith("| `a`, from scratch | 9.0") and lines[12].endswith("| 9.00 (9.00 to 9.00) | |")


def test_counterparts_have_a_row_for_each_restyling_and_for_each_pair(tables):
    def run(mean, share):
        return {name: {"mean": mean, "nearer": share} for name in tables.COUNTERPARTS}

    p = dict.fromkeys(tables.COUNTERPARTS, 0.0123)
    result = {
        "num": 8, "date": "2026-01-02", "command": "python x", "rows": [
            {"name": "input", "runs": [run(30.0, 0.0)], "p": p},
            {"name": "a", "runs": [run(20.0, 0.5), run(22.0, 1.0), run(21.0, 0.75)], "p": p},
        ], "against": [
            {"restyling": "a", "against": "b", **dict.fromkeys(tables.COUNTERPARTS, {"nearer": 0.75, "p": 0.2})}
        ],
    }  # fmt: skip
    lines = tables.counterparts_table(result).splitlines()
    assert lines[0].startswith("Distances of 8 images") and "of 3 seeds" in lines[0]
    assert lines[4].startswith("| input | 30.0 | | | 30.000 | | |")
    assert lines[5].startswith("| a | 21.0 (20.0 to 22.0) | 0.75 (0.50 to 1.00) | 0.012 | 21.000 (20.000 to 22.000) |")
    assert "| a against b | 0.75 | 0.2 | 0.75 | 0.2 | 0.75 | 0.2 |" in lines and "`python x`" in lines[-1]
    alone = tables.counterparts_table({**result, "against": []})
    assert "against b" not in alone and alone.endswith("Command: `python x`\n")


def test_gans_with_and_without_classes_stand_beside_real_images(tables):
    plain = dict.fromkeys(("kid", "kid_second", "layout", "precision", "recall", "clear", "kimg"), 2.0)
    runs = {"unconditional": [plain], "conditional": [{**plain, "recognised": 0.5, "recognised_real": 0.75}]}
    result = {
        "date": "2026-01-02", "command": "x", "minutes": 3.0, "images": 60000, "classes": 10, "clear_real": 0.9,
        "runs": runs,
    }  # fmt: skip
    lines = tables.conditional_table(result).splitlines()
    assert lines[0].endswith("3 minutes of training each, 60,000 images of 10 classes; 2026-01-02.")
    assert lines[4] == "| unconditional | 2.0 | 2.0 | 2.0 | 2.00 | 2.00 | 2.00 | | 2 |"
    assert lines[5].endswith("| 2.00 | 0.50 | 2 |")
    assert lines[6] == "| real images | | | | | | 0.90 | 0.75 | |"


def test_a_new_style_has_a_row_for_each_way(tables):
    runs = [dict.fromkeys(tables.NEW_STYLE, value) for value in (1.0, 3.0, 2.0)]
    result = {
        "date": "2026-01-02", "command": "python x", "learnt": 10, "unseen": 1234, "classes": ["a", "b"],
        "rows": [{"name": "source", "runs": runs}, {"name": "source, adapted", "runs": runs[:1] * 3}],
    }  # fmt: skip
    lines = tables.new_style_table(result).splitlines()
    assert "3 seeds, draws of 2 classes against 1,234 real images of them; learnt are 10 images" in lines[0]
    assert lines[2] == "| draws of | KID x 1000 | second network | layout | precision | recall |"
    assert lines[4] == "| source |" + " 2.0 (1.0 to 3.0) |" * 3 + " 2.00 (1.00 to 3.00) |" * 2
    assert lines[5].startswith("| source, adapted | 1.0 (1.0 to 1.0) |")


def test_kinds_have_a_row_for_each_way_to_choose(tables):
    runs = [dict.fromkeys(["kind", "kept", *tables.NEW_STYLE], value) for value in (1.0, 3.0, 2.0)]
    result = {
        "date": "2026-01-02", "command": "python x", "known": 7042, "drawn": 500,
        "rows": [{"name": "food, by ranks", "runs": runs}, {"name": "food, by kinds", "runs": runs[:1] * 3}],
    }  # fmt: skip
    lines = tables.kinds_table(result).splitlines()
    assert "3 seeds, 500 draws before training, of what is kept of 7,042 known images; 2026-01-02." in lines[0]
    assert lines[2] == "| kept for | of the kind | kept | KID x 1000 | second network | layout | precision | recall |"
    assert lines[4].startswith("| food, by ranks | 2.00 (1.00 to 3.00) | 2 (1 to 3) | 2.0 (1.0 to 3.0) |")
    assert lines[5].startswith("| food, by kinds | 1.00 (1.00 to 1.00) | 1 (1 to 1) |")

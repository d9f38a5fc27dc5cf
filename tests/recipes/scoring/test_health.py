import pytest

from keras_transfer_gen.recipes.scoring.health import find_health_warnings


def records(name, *values):
    return [{"kimg": float(index), name: value} for index, value in enumerate(values)]


@pytest.mark.parametrize(("name", "values", "kind", "kimg"), [
    ("memory_gap", (0.1, 0.8, 0.9, 0.9), "by heart", 2.0),
    ("memory_gap", (0.1, 0.8, None, 0.9), "by heart", 3.0),
    ("spread", (0.9, 0.8, 0.5, 0.4), "collapse", 3.0),
    ("precision", (0.5, 0.7, 0.5, 0.5), "precision", 3.0),
])  # fmt: skip
def test_each_sign_is_noticed_at_the_second_score_in_a_row(name, values, kind, kimg):
    (warning,) = find_health_warnings(records(name, *values))
    assert (warning.kind, warning.kimg) == (kind, kimg)
    line = warning.line()
    assert line.startswith(f"warning at {kimg:.2f} kimg: ") and "--" in line and "\n" not in line


@pytest.mark.parametrize(("name", "values"), [
    ("memory_gap", (0.9, 0.1, 0.9)), ("memory_gap", (0.9,)), ("spread", (0.5, 0.5, 0.5)), ("spread", (1.2, 0.7, 0.7)),
    ("precision", (0.7, 0.6, 0.6)), ("precision", (0.7, 0.5, 0.7)), ("kid", (1.0, 900.0, 900.0)),
])  # fmt: skip
def test_a_single_score_and_a_slow_change_are_no_sign(name, values):
    assert find_health_warnings(records(name, *values)) == []


def test_warnings_come_in_the_order_in_which_they_were_noticed():
    rows = [
        {"kimg": float(index), "memory_gap": gap, "precision": precision}
        for index, (gap, precision) in enumerate([(0.1, 0.9), (0.1, 0.2), (0.9, 0.2), (0.9, 0.2)])
    ]
    assert [(warning.kind, warning.kimg) for warning in find_health_warnings(rows)] == [
        ("precision", 2.0), ("by heart", 3.0),
    ]  # fmt: skip
    assert "90%" in find_health_warnings(rows)[1].text and "0.20" in find_health_warnings(rows)[0].text
    assert find_health_warnings([]) == []

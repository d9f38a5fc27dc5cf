"""Variants take turns, the first round is not counted, and the ratios are of neighbours."""

import sys
from pathlib import Path

import pytest

from tests.scripts import import_script

ENGINE = Path(__file__).resolve().parents[3] / "benchmarks" / "engine"


@pytest.fixture(scope="module")
def interleaved():
    return import_script(ENGINE, "interleaved")


def test_variants_take_turns_and_the_first_round_is_not_counted(interleaved):
    calls = []
    variants = {name: lambda steps, name=name: calls.append((name, steps)) for name in "AB"}
    seconds = interleaved.times_in_turn(variants, repeats=2, steps=3)
    assert calls == [("A", 3), ("B", 3)] * 3
    assert [len(values) for values in seconds.values()] == [2, 2]


def test_steps_are_repeated_and_the_last_is_waited_for(interleaved):
    calls = []
    interleaved.repeated(lambda: calls.append("step"), wait=lambda: calls.append("wait"))(3)
    interleaved.repeated(lambda: calls.append("step"))(1)
    assert calls == ["step"] * 3 + ["wait", "step"]


def test_speeds_are_of_the_median(interleaved):
    assert interleaved.speeds({"a": [0.1, 0.2, 100.0]}, batch=32) == {"a": 160.0}


def test_a_slow_moment_that_meets_both_does_not_change_the_ratio(interleaved):
    assert interleaved.paired_ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


def test_steps_that_pytorch_cannot_take_are_told_with_the_reason(interleaved, capsys):
    def fails(steps):
        raise RuntimeError("no kernel for bfloat16\nmore words")

    taken = []
    able, failed = interleaved.runnable({"eager": taken.append, "compile": fails})
    assert able == {"eager": taken.append} and taken == [1]
    assert failed == {"compile": "no kernel for bfloat16"} and "no kernel" in capsys.readouterr().out


def test_what_was_measured_where_is_said(interleaved, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(ENGINE / "peak_flops.py"), "--repeats", "2"])
    here = interleaved.measured_here()
    assert here["command"] == "python benchmarks/engine/peak_flops.py --repeats 2"
    assert "core" in here["machine"] and here["date"].count("-") == 2

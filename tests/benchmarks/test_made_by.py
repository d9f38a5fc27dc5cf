"""The command of a result, read again, gives the options that made it."""

import argparse
import datetime
import shlex
from pathlib import Path


def parse(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", nargs="+")
    parser.add_argument("--scratch", nargs="+", default=[])
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--out", type=Path)
    return parser.parse_args(words)


def test_command_gives_the_same_options_again(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
    from made_by import made_by

    options = parse(["--sources", "a b", "c", "--rate", "0", "--out", "runs/x"])
    options.learnt = "not a flag"
    head = made_by("example.py", options, without=["learnt"])
    program, script, *words = shlex.split(head["command"])
    del options.learnt
    assert (program, script) == ("python", "benchmarks/example.py")
    assert parse(words) == options
    assert "--image-size" not in words and "--scratch" not in words  # nothing was given
    assert head["date"] == datetime.date.today().isoformat()

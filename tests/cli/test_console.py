import io
import json

import numpy as np
import pytest
from rich.console import Console

from keras_transfer_gen.cli import console
from keras_transfer_gen.cli.console import ConsoleReporter, PlainProgress


def terminal(**changed):
    arguments = {"force_terminal": True, "color_system": "truecolor", "width": 80, "highlight": False, **changed}
    return Console(file=io.StringIO(), **arguments)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def plain(**changed):
    lines, clock = [], Clock()
    return lines, clock, PlainProgress(lines.append, "adapting", clock=clock, **changed)


def test_plain_progress_tells_a_line_now_and_then():
    lines, clock, progress = plain(unit="kimg")
    for second in range(31):
        clock.now = float(second)
        progress.tick(second / 100, 1.0, "100 images/s")
    assert lines == [
        "adapting: 0.1 of 1 kimg, 100 images/s, 2 min left",
        "adapting: 0.2 of 1 kimg, 100 images/s, 80 s left",
        "adapting: 0.3 of 1 kimg, 100 images/s, 70 s left",
    ]


def test_bar_counts_where_the_whole_is_not_known():
    shown = terminal()
    with ConsoleReporter(shown) as reporter, reporter.progress("fetching", None, "MB") as tell:
        tell(1.5)
        tell(3.25, None)
    assert "3.25 MB" in shown.file.getvalue() and "None" not in shown.file.getvalue()
    shown = terminal()
    with ConsoleReporter(shown) as reporter, reporter.progress("fetching", None, "MB") as tell:
        tell(2, 8)
    assert "2/8 MB" in shown.file.getvalue()


@pytest.mark.parametrize("total", [0.5, 0.512])
def test_plain_progress_ends_without_a_time_left(total):
    lines, clock, progress = plain(unit="kimg")
    progress.tick(0.256, total, "9 images/s")
    clock.now = 1.0
    progress.tick(0.512, total, "9 images/s")
    assert lines == [f"adapting: 0.512 of {total:.4g} kimg, 9 images/s"] and "left" not in lines[0]


def test_plain_counter_is_silent_about_quick_work_and_not_about_long():
    lines, clock, counter = plain(always_last=False)
    counter.tick(5, 10)
    counter.tick(10, 10)
    assert lines == []
    lines, clock, counter = plain(always_last=False)
    counter.tick(1, 10)
    clock.now = 20.0
    counter.tick(5, 10)
    clock.now = 21.0
    counter.tick(10, 10)
    assert lines == ["adapting: 5 of 10, 25 s left", "adapting: 10 of 10"]


def test_plain_progress_without_a_total_counts_up():
    lines, clock, progress = plain(unit="files")
    clock.now = 11.0
    progress.tick(3)
    assert lines == ["adapting: 3 files"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (3600, "60 min"), (7200, "2.0 h")]
)
def test_duration_is_in_words(seconds, text):
    assert console.duration(seconds) == text


def test_reporter_off_a_terminal_writes_plain_lines_to_stderr(capsys, monkeypatch):
    monkeypatch.setattr(console, "PLAIN_SECONDS", 0.0)
    with ConsoleReporter() as reporter:
        reporter.say("a [bracket] and a very long line " + "x" * 200)
        reporter.show(np.zeros((32, 32, 3), np.uint8))
        with reporter.progress("training", 2.0, "kimg") as tick:
            tick(1.0, 2.0, "fast")
            tick(2.0, 2.0, "fast")
        reporter.counter("reading")(3, 3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "a [bracket] and a very long line " + "x" * 200, "training: 1 of 2 kimg, fast", "training: 2 of 2 kimg, fast",
        "reading: 3 of 3",
    ]  # fmt: skip


def test_reporter_on_a_terminal_draws_bars_and_sheets():
    screen = terminal()
    with ConsoleReporter(screen) as reporter:
        with reporter.progress("training", 2.0, "kimg") as tick:
            tick(0.5)
            tick(1.0, 2.0, "150 images/s")
        count = reporter.counter("reading")
        count(1, 2)
        count(2, 2)
        count(2, 2)  # told once more where all was in the cache
        reporter.show(np.zeros((32, 32, 3), np.uint8))
    text = screen.file.getvalue()
    assert "150 images/s" in text and "1/2 kimg" in text and "reading" in text and "▀" in text


def test_sheets_are_left_out_where_the_terminal_has_few_colours():
    screen = terminal(color_system="standard")
    ConsoleReporter(screen).show(np.zeros((32, 32, 3), np.uint8))
    assert screen.file.getvalue() == ""


def test_cursor_comes_back_whatever_ends_the_work():
    screen = terminal()
    with pytest.raises(KeyboardInterrupt), ConsoleReporter(screen) as reporter:
        reporter.counter("reading")(1, 2)
        raise KeyboardInterrupt
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    text = screen.file.getvalue()
    assert text.count(hidden) == text.count(shown) == 1 and text.rindex(shown) > text.rindex(hidden)


@pytest.mark.parametrize("channels", [1, 3])
def test_half_blocks_show_two_pixels_a_character(channels):
    sheet = np.zeros((8, 16, channels), np.uint8)
    sheet[4:] = 255
    text = console.half_blocks(sheet, 4)
    lines = text.plain.splitlines()
    assert lines == ["▀" * 4] and str(text.spans[0].style) == "rgb(0,0,0) on rgb(255,255,255)"


def test_table_off_a_terminal_is_tab_separated(capsys):
    console.print_table("title", ["name", "value"], [("a", 1), ("[b]", "x" * 200)])
    console.print_table("title", ["", ""], [("a", None)])
    assert capsys.readouterr().out == "name\tvalue\na\t1\n[b]\t" + "x" * 200 + "\na\tNone\n"


def test_table_on_a_terminal_shows_brackets_as_they_are(monkeypatch):
    screen = terminal()
    monkeypatch.setattr(console, "Console", lambda **arguments: screen)
    console.print_table("title", ["name", "value"], [("tfds:x[test]", 1)])
    assert "tfds:x[test]" in screen.file.getvalue() and "title" in screen.file.getvalue()


def test_json_is_one_document_on_stdout(capsys):
    console.print_json({"ä": [1.5, None]})
    assert json.loads(capsys.readouterr().out) == {"ä": [1.5, None]}


def test_whole_numbers_are_told_whole():
    lines, clock, progress = plain()
    progress.tick(0, 20000)
    clock.now = 10.0
    progress.tick(12345, 20000)
    assert lines == ["adapting: 12345 of 20000, 6 s left"]

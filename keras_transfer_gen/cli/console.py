"""What a person sees: progress bars and contact sheets on stderr, tables on stdout; JSON on stdout for programs."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from keras_transfer_gen.recipes.report.reporter import Reporter

if TYPE_CHECKING:
    import numpy as np


SHEET_COLUMNS = 96  # characters; each shows two pixels, one above the other
PLAIN_SECONDS = 10.0  # between lines of progress where stderr is not a terminal


class ConsoleReporter(Reporter):
    """A `Reporter` on stderr: live bars on a terminal, a line now and then elsewhere.

    Use it as a context manager: whatever ends the work, no bar is left and the cursor is shown again.

    Args:
        console: `rich.console.Console` to write to; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self._bars = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.close()

    def say(self, line: str) -> None:
        self.console.print(line, markup=False, soft_wrap=True)

    def show(self, sheet: "np.ndarray") -> None:
        if self.console.is_terminal and self.console.color_system in ("truecolor", "256"):
            self.console.print(half_blocks(sheet, min(SHEET_COLUMNS, self.console.width - 1)))

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None, unit: str = "") -> Iterator[Callable[..., None]]:
        if not self.console.is_terminal:
            yield PlainProgress(self.say, label, unit).tick
            return
        columns = [
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
            Counted(unit), TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        ]  # fmt: skip
        with Progress(*columns, console=self.console) as bar:
            task = bar.add_task(label, total=total, note="")
            # total=None leaves the bar's own total as it is
            yield lambda done, total=None, note="": bar.update(task, completed=done, total=total, note=note)

    def counter(self, label: str) -> Callable[[int, Any], Any]:
        if not self.console.is_terminal:
            return PlainProgress(self.say, label, always_last=False).tick
        columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}")]
        bar = Progress(*columns, console=self.console, transient=True)
        task = bar.add_task(label, total=1)

        def tick(done: int, total: Any) -> None:
            bar.update(task, completed=done, total=total)
            if done >= total:
                bar.stop()
            elif not bar.live.is_started:
                self._bars.callback(bar.stop)
                bar.start()

        return tick


class Counted(ProgressColumn):
    """How much is done, "3/10 kimg", or "3 MB" where it is not known of how much.

    Args:
        unit: what is counted.
    """

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        whole = "" if task.total is None else f"/{task.total:.4g}"
        return Text(f"{task.completed:.4g}{whole} {self.unit}")


class PlainProgress:
    """Progress as lines of text, for logs: one every `PLAIN_SECONDS`.

    Args:
        say: function that is given each line.
        label: what is being done.
        unit: what is counted.
        always_last: whether the last line is written even where it comes before the first one was due.
        clock: function that gives seconds.
    """

    def __init__(
        self,
        say: Callable[[str], Any],
        label: str,
        unit: str = "",
        always_last: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.say, self.label, self.unit, self.always_last, self.clock = say, label, unit, always_last, clock
        self.start = self.last = clock()
        self.first: float | None = None
        self.shown = always_last

    def tick(self, done: float, total: float | None = None, note: str = "") -> None:
        """Writes a line where one is due."""
        now = self.clock()
        if self.first is None:
            self.first, self.start = done, now
        ended = total is not None and done >= total
        if now - self.last < PLAIN_SECONDS and not (ended and self.shown):
            return
        self.last, self.shown = now, True
        counted = _short(done) if total is None else f"{_short(done)} of {_short(total)}"
        parts = [f"{counted} {self.unit}".strip(), note]
        if total is not None and not ended and done > self.first:
            parts.append(f"{duration((now - self.start) * (total - done) / (done - self.first))} left")
        self.say(f"{self.label}: " + ", ".join(part for part in parts if part))


def _short(number: float) -> str:
    """Whole numbers as they are, others with four digits."""
    return f"{number:.0f}" if number == round(number) else f"{number:.4g}"


def duration(seconds: float) -> str:
    """A time in words: "45 s", "12 min", "2.0 h".

    Example:
        >>> duration(7200)
        '2.0 h'
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def half_blocks(sheet: "np.ndarray", columns: int) -> Text:
    """An image as coloured text: each character shows two pixels, one above the other.

    Args:
        sheet: uint8 `[H, W, C]`.
        columns: width in characters at most.

    Returns:
        `rich.text.Text`.
    """
    import numpy as np

    factor = -(-sheet.shape[1] // columns)
    height, width = sheet.shape[0] // factor // 2 * 2, sheet.shape[1] // factor
    cut = sheet[: height * factor, : width * factor]
    small = cut.reshape(height, factor, width, factor, -1).mean((1, 3)).round().astype(int)
    small = np.repeat(small, 3, axis=2) if small.shape[2] == 1 else small
    text = Text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for (r, g, b), (r2, g2, b2) in zip(upper, lower, strict=True):
            text.append("▀", style=f"rgb({r},{g},{b}) on rgb({r2},{g2},{b2})")
        text.append("\n")
    return text


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on stdout; plain tab-separated lines where stdout is not a terminal. An empty header is left out."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        for row in [header, *rows] if any(header) else rows:
            print("\t".join(str(cell) for cell in row))
        return
    table = Table(title=title, show_header=any(header))
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # as it is: a name may hold [brackets]
    console.print(table)


def print_outcome(content: dict[str, Any], json: bool, line: str) -> None:
    """What a command did, on stdout: `content` as JSON where that is asked for, else a line for people."""
    if json:
        print_json(content)
    else:
        print(line)


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(content, indent=2, ensure_ascii=False))

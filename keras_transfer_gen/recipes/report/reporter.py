"""How a recipe tells what it does. This one is silent; the command line draws bars, tables and images."""

import contextlib


class Reporter:
    """Hooks that a recipe calls; each does nothing here."""

    def say(self, line):
        """One line of text for a person."""

    def show(self, sheet):
        """A contact sheet, uint8 `[H, W, C]`."""

    @contextlib.contextmanager
    def progress(self, label, total, unit=""):
        """A bar: yields a function `(done, total=None, note="")`.

        Args:
            label: what is being done.
            total: how much there is to do, or None where it is not known.
            unit: what is counted, such as "kimg".
        """
        yield lambda done, total=None, note="": None

    def counter(self, label):
        """A function `(done, total)` that draws a bar until `done` reaches `total`."""
        return lambda done, total: None


SILENT = Reporter()

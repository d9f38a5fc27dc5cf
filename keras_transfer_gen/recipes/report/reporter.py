"""How a recipe reports its progress: this one is silent; the command line prints lines, bars and pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import Progress


class Reporter:
    """What a recipe calls to report its progress; each method does nothing here.

    A recipe takes a `Reporter` as its last argument. Give an object of a subclass to see what it does; override the
    methods that you need.

    Example:
        >>> class Lines(Reporter):
        ...     def say(self, line):
        ...         print(line)
        >>> Lines().say("12 images in photos/")
        12 images in photos/
    """

    def say(self, line: str) -> None:
        """A line of text for a person, such as "12 images in photos/".

        Args:
            line: text without a line break.
        """

    def show(self, sheet: np.ndarray) -> None:
        """A contact sheet of the images so far.

        Args:
            sheet: uint8 `[H, W, C]`.
        """

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None, unit: str = "") -> Iterator[Callable[..., None]]:
        """Shows how far a long piece of work is, while the `with` block runs.

        Args:
            label: what is done, such as "adapting".
            total: how much there is to do (float), or None where it is not known.
            unit: what is counted, such as "kimg".

        Yields:
            function `(done, total=None, note="")`, to be called as the work goes on; `total` replaces the first one,
            and `note` is a word on the speed.
        """
        yield lambda done, total=None, note="": None

    def counter(self, label: str) -> Progress:
        """Shows how far a short piece of work is.

        Args:
            label: what is done, such as "reading photos/".

        Returns:
            function `(done, total)`; the work has ended where they are equal.
        """
        return lambda done, total: None


SILENT = Reporter()

"""The RUN folder as a worker that isn't the first one sees it: everything is read, nothing is written."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_transfer_gen.recipes.runs.run_folder import RunFolder


class FollowerFolder(RunFolder):
    """A `RunFolder` that the first worker of a training writes; what is noted here stays in this process.

    Args:
        path: the RUN folder, on a file system that all workers share.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._notes: dict[str, Any] = {}

    @contextlib.contextmanager
    def locked(self, command: str, settings: Any, state: str) -> Iterator[None]:
        """Does nothing: the first worker holds the lock for all of them."""
        yield

    def clear(self) -> None:
        """Does nothing."""

    def sweep(self) -> None:
        """Does nothing."""

    def record(self, command: str, settings: Any, resolved: dict, finished: bool) -> None:
        """Does nothing."""

    def begin_stage(self, kimg: float) -> None:
        """Does nothing."""

    def forget_best(self) -> None:
        """Does nothing."""

    def keep_source(self, folder: Path, path: Path) -> None:
        """Does nothing."""

    def notes(self) -> dict[str, Any]:
        """What the first worker noted, as far as it was told by `note`."""
        return dict(self._notes)

    def note(self, **values: Any) -> None:
        """Keeps the values for this process."""
        self._notes |= values

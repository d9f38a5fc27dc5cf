"""A third-party model is fetched, checked and unpacked before anything else happens. Loads no TensorFlow."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.resolve import NETWORK_FILE, SAVED_MODEL, family_in, resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.transfer.fetching.address import is_address
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.fetching.fetch_file import fetch_file

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike, Progress
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


MEGABYTE = 1e6


def prefetch(
    source: PathLike | ModelRef,
    trust: bool = False,
    sha256: str | None = None,
    offline: bool | None = None,
    reporter: Reporter = SILENT,
) -> ModelRef:
    """Resolves a model and, where it is an address or an archive, fetches and unpacks it.

    Args:
        source: what `resolve_model` takes.
        trust: whether the user vouches for a model from the web.
        sha256: the digest that its archive must have, 64 hex digits; checked at the first use and at every later one.
        offline: True never makes a request; None asks the environment variable KTG_OFFLINE.
        reporter: shows the progress of a download.

    Returns:
        `ModelRef` whose path is on this machine and whose family is known: what takes it fetches nothing.

    Raises:
        UserError, UserFileError: as `resolve_model` and `fetch_saved_model`; where `sha256` is given with what is no
            archive.

    Example:
        >>> prefetch("https://tfhub.dev/google/progan-128/1", trust=True, offline=False)  # doctest: +SKIP
    """
    ref = resolve_model(source, trust)
    if ref.kind == NETWORK_FILE and is_address(str(ref.path)):
        with contextlib.ExitStack() as stack:
            progress = _progress(stack, ref.name, reporter)
            path = fetch_file(str(ref.path), sha256=sha256, offline=offline, progress=progress)
        return dataclasses.replace(ref, path=path)
    if ref.kind == SAVED_MODEL:
        with contextlib.ExitStack() as stack:
            progress = _progress(stack, ref.name, reporter)
            folder = fetch_saved_model(ref.path, sha256=sha256, offline=offline, progress=progress)
        local = isinstance(ref.path, Path) and ref.path.is_dir()
        return ref if local else dataclasses.replace(ref, path=folder, family=family_in(folder))
    if sha256 is not None:
        step = "Leave out sha256= (--sha256)."
        raise checks.user_error("sha256", "given for an archive or an address alone", sha256, step)
    return ref


def _progress(stack: contextlib.ExitStack, name: str, reporter: Reporter) -> Progress:
    """A function `(done_bytes, total_bytes_or_None)` that opens a bar at its first call; a cached model needs none."""
    bar = []

    def show(done: int, total: float | None) -> None:
        total = None if total is None else total / MEGABYTE
        if not bar:
            label = f"fetching {name}" if is_address(name) else f"reading {name}"
            bar.append(stack.enter_context(reporter.progress(label, total, "MB")))
        bar[0](done / MEGABYTE, total)

    return show

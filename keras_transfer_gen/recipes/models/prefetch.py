"""A model of others is had before anything else happens: fetched, checked and unpacked. Loads no TensorFlow for it."""

import contextlib

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.resolve import locate
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.transfer.fetching.model_sources import fetch_saved_model, is_remote

MEGABYTE = 1e6


def prefetch(source, trust=False, sha256=None, offline=None, reporter=SILENT):
    """Has a model at hand, so that whatever loads it by the same name makes no request and finds it as it was checked.

    Args:
        source: what `locate` takes.
        trust: whether the user vouches for a model from the web.
        sha256: what the digest of its archive must be, 64 hex digits, checked on the first use as on every later one.
        offline: True never makes a request; None asks the environment variable KTG_OFFLINE.
        reporter: told how far a download is.

    Raises:
        UserError, UserFileError: as `locate` and `fetch_saved_model`; where `sha256` is given of what is no archive.

    Example:
        >>> prefetch("https://tfhub.dev/google/progan-128/1", trust=True, offline=False)  # doctest: +SKIP
    """
    kind, path = locate(source, trust)
    if kind == "saved_model":
        with contextlib.ExitStack() as stack:
            fetch_saved_model(path, sha256=sha256, offline=offline, progress=_progress(stack, source, reporter))
    elif sha256 is not None:
        step = "Leave out sha256= (--sha256)."
        raise checks.user_error("sha256", "given for an archive or an address alone", sha256, step)


def _progress(stack, source, reporter):
    """A function `(done_bytes, total_bytes_or_None)` that opens a bar at its first call: what is cached needs none."""
    bar = []

    def tell(done, total):
        total = None if total is None else total / MEGABYTE
        if not bar:
            label = f"fetching {source}" if is_remote(source) else f"reading {source}"
            bar.append(stack.enter_context(reporter.progress(label, total, "MB")))
        bar[0](done / MEGABYTE, total)

    return tell

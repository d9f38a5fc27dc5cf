"""What the cache of this package holds, and how it is cleared: only what this package wrote, only inside its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_transfer_gen import files
from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.recipes.machine.finding import FAULT, NOTE, OK, Finding, megabytes
from keras_transfer_gen.transfer.fetching.cache import cache_root

_SHA1, _SHA256 = "[0-9a-f]{40}", "[0-9a-f]{64}"
_PARTIAL = r"\.partial-.*"
# Sub-folder: (what it holds, the names that this package writes in it). Other names are somebody else's: they stay.
KINDS = {
    "pictures": ("decoded images", rf"{_SHA256}|unnamed-[0-9a-f]{{32}}|{_PARTIAL}"),
    "features": ("features of images, for scores", rf"{_SHA256}\.npz|{_PARTIAL}"),
    "saved_models": (
        "unpacked archives of models",
        rf"{_SHA256}(\.ktg\.json|\.ktg\.lock|\.descriptor\.txt|\.ktg-partial-.*)?|{_PARTIAL}",
    ),
    "networks": ("fetched network files", rf"{_SHA1}|{_PARTIAL}"),
    "logs": ("the log of native libraries", r"native\.log"),
}


@dataclasses.dataclass(frozen=True)
class CachePart:
    """One sub-folder of the cache.

    Args:
        name: of the sub-folder.
        words: what it holds.
        path: of the sub-folder, which need not exist.
        entries: paths of what this package wrote there.
        size: bytes of these.
        others: names of what it did not write; never removed.
    """

    name: str
    words: str
    path: Path
    entries: tuple[Path, ...]
    size: int
    others: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "name": self.name, "holds": self.words, "path": str(self.path), "entries": len(self.entries),
            "bytes": self.size, "not_ours": list(self.others),
        }  # fmt: skip


def cache_folder() -> Path:
    """`pathlib.Path` of the cache: `$KTG_CACHE_DIR`, or keras_transfer_gen in the user's cache."""
    return files.cache_folder(".").absolute()


def cache_parts() -> list[CachePart]:
    """A `CachePart` for each sub-folder, in the order of `KINDS`."""
    return [_part(name, words, pattern) for name, (words, pattern) in KINDS.items()]


def hub_cache() -> tuple[Path | None, int]:
    """(path of tensorflow-hub's cache or None, bytes in it): other programs use it too, so it is never cleared."""
    try:
        root = cache_root()
    except UserFileError:
        return None, 0
    return root, size_of(root)


def clear_cache() -> tuple[int, list[str]]:
    """Removes what this package wrote into its cache; a model that is being fetched just now stays.

    Links are removed, not followed. What can't be removed stays, and is named.

    Returns:
        (bytes that were freed, list of paths that could not be removed).
    """
    freed, left = 0, []
    for part in cache_parts():
        for entry in part.entries:
            size = size_of(entry)
            if _is_locked(entry, part.entries):
                left.append(str(entry))
                continue
            _remove(entry)
            if os.path.lexists(entry):
                left.append(str(entry))
            else:
                freed += size
        with contextlib.suppress(OSError):  # something else is in it
            if not part.path.is_symlink():
                part.path.rmdir()
    return freed, left


def check_cache() -> list[Finding]:
    """One `Finding` in a list: where the cache is, what it holds, whether it can be written."""
    root, size = cache_folder(), sum(part.size for part in cache_parts())
    hub, hub_size = hub_cache()
    facts = {"path": str(root), "bytes": size, "hub_path": str(hub) if hub else None, "hub_bytes": hub_size}
    text = f"{megabytes(size)} in {root}"
    fix = "Set the environment variable KTG_CACHE_DIR to a folder of your own."
    if os.path.lexists(root) and not root.is_dir():
        return [Finding("caches", "cache", FAULT, f"{root} is no folder", fix, facts)]
    findings = [Finding("caches", "cache", OK, text, facts=facts)]
    if hub is None:
        fix = "Set the environment variable TFHUB_CACHE_DIR to a folder of your own."
        findings.append(Finding("caches", "TF Hub", NOTE, "its folder for models belongs to another user", fix))
    else:
        findings.append(Finding("caches", "TF Hub", OK, f"{megabytes(hub_size)} in {hub}"))
    return findings


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; links are not followed, what is missing counts nothing."""
    total = 0
    with contextlib.suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        for folder, _, names in os.walk(path):
            for name in names:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _part(name: str, words: str, pattern: str) -> CachePart:
    path = cache_folder() / name
    entries: list[Path] = []
    others: list[Path] = []
    if path.is_dir() and not path.is_symlink():  # a link leads out of the cache
        for entry in sorted(path.iterdir()):
            (entries if re.fullmatch(pattern, entry.name) else others).append(entry)
    return CachePart(
        name, words, path, tuple(entries), sum(size_of(entry) for entry in entries),
        tuple(entry.name for entry in others),
    )  # fmt: skip


def _is_locked(entry: Path, entries: Sequence[Path]) -> bool:
    """Whether a fetch works on an entry now: a lock's file exists only while its process runs."""
    inside = entry.is_dir() and not entry.is_symlink() and (entry / "lock").exists()
    stem = entry.name.split(".")[0]
    return inside or any(other.name == f"{stem}.ktg.lock" for other in entries)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            entry.unlink()

"""Memory and disk space. Standard library alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from keras_transfer_gen import files
from keras_transfer_gen.recipes.machine.finding import FAULT, NOTE, OK, WARNING, Finding, megabytes

LITTLE_MEMORY, LITTLE_DISK, NO_DISK = 3e9, 2e9, 2e8  # bytes
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
CGROUP_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
CGROUP_FILE_CACHES = (  # (file, name of the number in it)
    ("/sys/fs/cgroup/memory.stat", "inactive_file"),
    ("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file"),
)


def check_memory() -> list[Finding]:
    """One `Finding` in a list: how much memory there is, and how much of it is free."""
    total, free = total_memory(), free_memory()
    if total is None:
        return [Finding("memory", "memory", NOTE, "this system does not say how much memory there is")]
    facts = {"total_bytes": total, "free_bytes": free}
    usable = total if free is None else min(free, total)
    text = f"{megabytes(total)}" if free is None else f"{megabytes(total)}, {megabytes(usable)} of it free"
    if usable < LITTLE_MEMORY:
        fix = "Close other programs, or train with a smaller --batch-size and --image-size."
        return [Finding("memory", "memory", WARNING, text, fix, facts)]
    return [Finding("memory", "memory", OK, text, facts=facts)]


def total_memory() -> int | None:
    """Bytes of memory that this process may use: of the machine, or of its container; None where it is not known."""
    amounts = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        amounts.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
            amounts.append(int(Path(path).read_text(encoding="ascii")))
    return min((amount for amount in amounts if amount > 0), default=None)


def free_memory() -> int | None:
    """Bytes that new work can have now: of the machine, or of its container; None where the system doesn't tell."""
    amounts = []
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                amounts.append(int(line.split()[1]) * 1024)
    for limit, used, file_cache in zip(CGROUP_LIMITS, CGROUP_USED, CGROUP_FILE_CACHES, strict=True):
        with contextlib.suppress(OSError, ValueError):
            left = int(Path(limit).read_text(encoding="ascii")) - int(Path(used).read_text(encoding="ascii"))
            amounts.append(max(0, left) + _read_file_cache(*file_cache))
    return min(amounts, default=None)


def _read_file_cache(path: str, name: str) -> int:
    """Bytes of files that a container's system keeps in memory, and gives up where a program needs it."""
    with contextlib.suppress(OSError, ValueError):
        lines = (line.split() for line in Path(path).read_text(encoding="ascii").splitlines())
        return next((int(words[1]) for words in lines if words[0] == name), 0)
    return 0


def check_disk() -> list[Finding]:
    """A `Finding` for each folder that is written to: the present one, that of temporary files, the cache."""
    folders = {
        "this folder": (Path.cwd(), "Work in another folder."),
        "temporary files": (Path(tempfile.gettempdir()), "Set the environment variable TMPDIR to another folder."),
        "cache": (files.cache_folder("."), "Set the environment variable KTG_CACHE_DIR to another folder."),
    }
    return [_check_folder(name, path, step) for name, (path, step) in folders.items()]


def _check_folder(name: str, path: Path, step: str) -> Finding:
    path = path.resolve()
    existing = next(folder for folder in (path, *path.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    facts, text = {"path": str(path), "free_bytes": free}, f"{path}: {megabytes(free)} free"
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("disk", name, FAULT, f"{path}: nothing can be written here", step, facts)
    if free < NO_DISK:
        return Finding("disk", name, FAULT, text, f"Delete something there. Or: {step[0].lower()}{step[1:]}", facts)
    if free < LITTLE_DISK:
        fix = f"A run may need more than that. Delete something there. Or: {step[0].lower()}{step[1:]}"
        return Finding("disk", name, WARNING, text, fix, facts)
    return Finding("disk", name, OK, text, facts=facts)

"""The folder in which tensorflow-hub keeps models, and a record beside each model that shows whether it was altered.

A model with the handle h lies in `<root>/sha1(h)/`, where tensorflow-hub puts it, so each of the two finds what the
other fetched. The record is `sha1(h).ktg.json` beside it. The root is `$TFHUB_CACHE_DIR`, else `tfhub_modules` in the
system's folder for temporary files. tensorflow-hub is never imported here: that would load TensorFlow to get the name
of a folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_transfer_gen import checks, files
from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.verify import folder_digest

VARIABLE = "TFHUB_CACHE_DIR"
PARTIAL = ".ktg-partial-"


@dataclasses.dataclass(frozen=True)
class Record:
    """What is known of a cached model.

    Args:
        handle: the address that was asked for.
        files: `folder_digest` of the SavedModel's folder.
        url: where the archive came from after redirects, or None where another program fetched it.
        sha256: hex digest of the archive, or None.
        size: bytes of the archive, or None.
        date: when this was written, ISO 8601, UTC.
    """

    handle: str
    files: str
    url: str | None = None
    sha256: str | None = None
    size: int | None = None
    date: str = dataclasses.field(
        default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    )


@dataclasses.dataclass(frozen=True)
class Entry:
    """The folder of one model in a cache, and the files beside it; nothing needs to exist yet.

    Args:
        folder: of the SavedModel.
    """

    folder: Path

    @property
    def record_path(self) -> Path:
        """The file with its `Record`."""
        return self.folder.with_name(f"{self.folder.name}.ktg.json")

    @property
    def lock_path(self) -> Path:
        """The file that is locked during a fetch; not that of tensorflow-hub, which remains after a crash."""
        return self.folder.with_name(f"{self.folder.name}.ktg.lock")

    def is_filled(self) -> bool:
        """Whether there is a model, by the rule of tensorflow-hub: a folder that is not empty."""
        return self.folder.is_dir() and any(self.folder.iterdir())

    def read_record(self) -> Record | None:
        """Its `Record`, or None where there is none; a `UserFileError` where it is damaged."""
        if not self.record_path.exists():
            return None
        try:
            content = files.read_json(self.record_path)
            return Record(**{field.name: content[field.name] for field in dataclasses.fields(Record)})
        except (UserFileError, KeyError, TypeError) as error:
            step = f"Delete it, and {self.folder} if you did not put that there yourself; it is then fetched again."
            raise checks.file_error("record", "a readable record of a cached model", self.record_path, step) from error

    def write_record(self, record: Record) -> None:
        """Writes its `Record`; after an error the file is as it was."""
        files.write_json(self.record_path, dataclasses.asdict(record))

    def check_unaltered(self, model: Path | None, record: Record, *, source: str) -> None:
        """Raises a `UserFileError` where the folder `model` (None: there is none) has other files than recorded."""
        if model is None or folder_digest(model) != record.files:
            step = (
                f"Delete {self.folder} to fetch the model again; or, if you changed it on purpose, delete "
                f"{self.record_path} to accept it as it is."
            )
            expected = f"a model whose cached files are those of {record.date}, but they were altered since"
            raise checks.file_error("source", expected, source, step)

    @contextlib.contextmanager
    def scratch(self, clean: bool = False) -> Iterator[Path]:
        """A new folder on the same disk, removed at the end, after an error too.

        Args:
            clean: also removes those that killed processes left behind; only for the process that has the lock.
        """
        if clean:
            for left in self.folder.parent.glob(f"{self.folder.name}{PARTIAL}*"):
                shutil.rmtree(left, ignore_errors=True)
        path = Path(tempfile.mkdtemp(prefix=self.folder.name + PARTIAL, dir=self.folder.parent))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def store(self, model: Path, record: Record, scratch: Path) -> None:
        """Moves the folder `model` into this entry, with its record.

        The order is such that a process that is killed leaves nothing, or only a record, with which the next download
        is compared.

        Args:
            model: a whole SavedModel inside `scratch`.
            record: its `Record`.
            scratch: what `scratch()` yielded; a folder that is replaced is moved there, and so removed.
        """
        note = f"Module: {record.handle}\nDownload Time: {record.date}\nDownloader: keras_transfer_gen\n"
        try:
            if os.path.lexists(self.folder):
                os.replace(self.folder, scratch / "replaced")
            self.write_record(record)
            files.write_text(self.folder.with_name(f"{self.folder.name}.descriptor.txt"), note)
            os.replace(model, self.folder)
        except OSError as error:
            step = f"Make room, or set the environment variable {VARIABLE} (or KTG_CACHE_DIR) to another folder."
            raise UserFileError(f"cannot write {self.folder}: {error.strerror or error}. {step}") from error


def hub_entry(handle: str) -> Entry:
    """The `Entry` of a handle in the cache of tensorflow-hub.

    Args:
        handle: str, the address; `h` and `h/` are two entries, as in tensorflow-hub.

    Raises:
        UserFileError: where the cache is no local folder, or another user can write to it.

    Example:
        >>> hub_entry("https://tfhub.dev/google/biggan-128/2").folder.name
        'fa473cb5c4c78149c97242b764fd1fc64d7b3d2f'
    """
    return Entry(cache_root() / hashlib.sha1(handle.encode("utf-8"), usedforsecurity=False).hexdigest())


def archive_entry(sha256: str) -> Entry:
    """The `Entry` of a local archive, named by its digest, in our own cache: tensorflow-hub has no name for it."""
    return Entry(files.cache_folder("saved_models").absolute() / sha256)


def cache_root() -> Path:
    """The folder of tensorflow-hub's cache, by its own rule; nothing is created."""
    named = os.environ.get(VARIABLE) or _flag()
    step = f"Set the environment variable {VARIABLE} to a folder of your own."
    if not named:
        root = Path(tempfile.gettempdir(), "tfhub_modules")
        if _is_writable_by_others(root):
            raise checks.file_error(VARIABLE, "set, since the default belongs to another user", root, step)
        return root
    if "://" in named:
        raise checks.file_error(VARIABLE, "a local folder", named, step)
    return Path(named).absolute()


def make_root(entry: Entry) -> None:
    """Creates the folder that holds `entry`; a `UserFileError` where that fails."""
    try:
        entry.folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        step = f"Set the environment variable {VARIABLE} (or KTG_CACHE_DIR) to a folder that you can write to."
        raise UserFileError(f"cannot create the cache {entry.folder.parent}: {error.strerror}. {step}") from error


def _flag() -> str | None:
    """The flag --tfhub_cache_dir of absl programs, which exists only where tensorflow-hub was imported."""
    if "tensorflow_hub.resolver" not in sys.modules:
        return None
    return sys.modules["tensorflow_hub.resolver"].FLAGS["tfhub_cache_dir"].value


def _is_writable_by_others(root: Path) -> bool:
    """Whether other users can put models into a folder in /tmp: a model is a program, and would run with our rights."""
    if not hasattr(os, "getuid") or not os.path.lexists(root):
        return False
    facts = root.lstat()
    return facts.st_uid not in (os.getuid(), 0) or (stat.S_ISDIR(facts.st_mode) and bool(facts.st_mode & stat.S_IWOTH))

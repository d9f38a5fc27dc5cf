"""The folder in which tensorflow-hub keeps models, and beside each model a record that tells whether it was altered.

A model with the handle h lies in `<root>/sha1(h)/`, as tensorflow-hub puts it, so either finds what the other fetched.
Ours is `sha1(h).ktg.json` beside it. The root is `$TFHUB_CACHE_DIR`, else `tfhub_modules` in the system's folder for
temporary files. tensorflow-hub is never imported here: that would load TensorFlow to learn the name of a folder.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import os
import shutil
import stat
import sys
import tempfile
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
        handle: what it was asked for by.
        files: `folder_digest` of the SavedModel's folder.
        url: where the archive came from after redirects, or None where we did not fetch it.
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
    """The place of one model in a cache; nothing needs to be there yet.

    Args:
        folder: where the SavedModel lies, or will lie.
    """

    folder: Path

    @property
    def record_path(self):
        """The file with its `Record`."""
        return self.folder.with_name(f"{self.folder.name}.ktg.json")

    @property
    def lock_path(self):
        """The file that is locked while the model is fetched; not the one of tensorflow-hub, which outlives a crash."""
        return self.folder.with_name(f"{self.folder.name}.ktg.lock")

    def is_filled(self):
        """Whether anything is there, by the rule of tensorflow-hub: a folder that is not empty."""
        return self.folder.is_dir() and any(self.folder.iterdir())

    def read_record(self):
        """Its `Record`, or None where there is none; a `UserFileError` where it is damaged."""
        if not self.record_path.exists():
            return None
        try:
            content = files.read_json(self.record_path)
            return Record(**{field.name: content[field.name] for field in dataclasses.fields(Record)})
        except (UserFileError, KeyError, TypeError) as error:
            step = f"Delete it, and {self.folder} if you did not put that there yourself; it is then fetched again."
            raise checks.file_error("record", "a readable record of a cached model", self.record_path, step) from error

    def write_record(self, record):
        """Writes its `Record`, whole or not at all."""
        files.write_json(self.record_path, dataclasses.asdict(record))

    def check_unaltered(self, model, record, *, source):
        """Raises a `UserFileError` where the folder `model` (None: none was found) has other files than the record."""
        if model is None or folder_digest(model) != record.files:
            step = (
                f"Delete {self.folder} to fetch the model again; or, if you changed it on purpose, delete "
                f"{self.record_path} to accept it as it is."
            )
            expected = f"a model whose cached files are those of {record.date}, but they were altered since"
            raise checks.file_error("source", expected, source, step)

    @contextlib.contextmanager
    def scratch(self, clean=False):
        """A new folder on the same disk, removed at the end whatever happens.

        Args:
            clean: also removes those that killed processes left; only for who holds the lock.
        """
        if clean:
            for left in self.folder.parent.glob(f"{self.folder.name}{PARTIAL}*"):
                shutil.rmtree(left, ignore_errors=True)
        path = Path(tempfile.mkdtemp(prefix=self.folder.name + PARTIAL, dir=self.folder.parent))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def place(self, model, record, scratch):
        """Gives the folder `model` the place of this entry, with its record.

        In this order, so that a process that is killed leaves nothing, or a record alone, which the next download is
        compared with.

        Args:
            model: a whole SavedModel inside `scratch`.
            record: its `Record`.
            scratch: what `scratch()` gave; what stands in the way is moved there and so removed.
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


def hub_entry(handle):
    """The `Entry` of a handle in the cache of tensorflow-hub.

    Args:
        handle: str, the address; `h` and `h/` are two entries, as for tensorflow-hub.

    Raises:
        UserFileError: where the cache is no local folder, or another user could have put models there.

    Example:
        >>> hub_entry("https://tfhub.dev/google/biggan-128/2").folder.name
        'fa473cb5c4c78149c97242b764fd1fc64d7b3d2f'
    """
    return Entry(cache_root() / hashlib.sha1(handle.encode("utf-8"), usedforsecurity=False).hexdigest())


def archive_entry(sha256):
    """The `Entry` of a local archive, by its digest: in our own cache, since tensorflow-hub has no name for it."""
    return Entry(files.cache_folder("saved_models").absolute() / sha256)


def cache_root():
    """The folder of tensorflow-hub's cache, by its own rule; nothing is made."""
    named = os.environ.get(VARIABLE) or _flag()
    step = f"Set the environment variable {VARIABLE} to a folder of your own."
    if not named:
        root = Path(tempfile.gettempdir(), "tfhub_modules")
        if _is_strange(root):
            raise checks.file_error(VARIABLE, "set, since the default belongs to another user", root, step)
        return root
    if "://" in named:
        raise checks.file_error(VARIABLE, "a local folder", named, step)
    return Path(named).absolute()


def make_root(entry):
    """Makes the folder that holds `entry`; a `UserFileError` where that can't be done."""
    try:
        entry.folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        step = f"Set the environment variable {VARIABLE} (or KTG_CACHE_DIR) to a folder that you can write to."
        raise UserFileError(f"cannot make the cache {entry.folder.parent}: {error.strerror}. {step}") from error


def _flag():
    """The flag --tfhub_cache_dir of programs on absl, which exists only where tensorflow-hub was imported."""
    if "tensorflow_hub.resolver" not in sys.modules:
        return None
    return sys.modules["tensorflow_hub.resolver"].FLAGS["tfhub_cache_dir"].value


def _is_strange(root):
    """Whether a folder in /tmp can be filled by others: a model is a program, and theirs would run as us."""
    if not hasattr(os, "getuid") or not os.path.lexists(root):
        return False
    facts = root.lstat()
    return facts.st_uid not in (os.getuid(), 0) or (stat.S_ISDIR(facts.st_mode) and bool(facts.st_mode & stat.S_IWOTH))

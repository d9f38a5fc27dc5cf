"""Images at addresses that TensorFlow reads, such as gs://BUCKET/FOLDER: listed and read through `tf.io.gfile`."""

from __future__ import annotations

import io

from keras_transfer_gen import checks
from keras_transfer_gen.data.entries import FileEntry, Listing, is_hidden

LOCAL = ("tfds:", "http://", "https://")


def is_remote(source: object) -> bool:
    """Whether a source is an address of a file system, such as "gs://bucket/photos" (bool)."""
    return isinstance(source, str) and "://" in source and not source.startswith(LOCAL)


def list_remote_folder(address: str) -> Listing:
    """`entries.Listing` of all files below an address, sorted by name; each is fetched when it is decoded.

    Args:
        address: such as "gs://bucket/photos" or "s3://bucket/photos".

    Raises:
        UserFileError: where there is no such folder, or TensorFlow has no such file system.
    """
    import tensorflow as tf

    root = address.rstrip("/")
    try:
        if not tf.io.gfile.isdir(root):
            hint = (
                "There is no folder at this address, you may not read it, or TensorFlow has no such file system. Check "
                "source= (--data), or copy the folder to a local disk and give that."
            )
            raise checks.file_error("source", "a folder of images", address, hint)
        entries, hidden = [], []
        for folder, _, names in tf.io.gfile.walk(root):
            prefix = folder.rstrip("/")[len(root) :].strip("/")
            for name in names:
                path = f"{prefix}/{name}".lstrip("/")
                if any(is_hidden(part) for part in path.split("/")):
                    hidden.append(path)
                else:
                    entries.append(_entry(f"{root}/{path}", path))
    except tf.errors.OpError as error:
        hint = f"TensorFlow says: {_first_line(error)}. Copy the folder to a local disk, and give that."
        raise checks.file_error("source", "an address that TensorFlow can read", address, hint) from error
    return Listing(sorted(entries, key=lambda entry: entry.name), [], sorted(hidden))


def _first_line(error: Exception) -> str:
    """What an error of TensorFlow says, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _entry(address: str, name: str) -> FileEntry:
    import tensorflow as tf

    facts = tf.io.gfile.stat(address)

    def read() -> io.BytesIO:
        try:
            with tf.io.gfile.GFile(address, "rb") as stream:
                return io.BytesIO(stream.read())
        except tf.errors.OpError as error:
            raise OSError(_first_line(error)) from error

    def fingerprint() -> str:
        return f"{address}:{facts.length}:{facts.mtime_nsec}"

    return FileEntry(name=name, size=facts.length, packed=facts.length, open=read, fingerprint=fingerprint)

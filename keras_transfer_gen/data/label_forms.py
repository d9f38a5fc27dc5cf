"""The forms that `labels=` takes, by which they are told apart. Standard library alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks

if TYPE_CHECKING:
    pass


FOLDERS, OWN = "folders", "own"
SUFFIXES = (".csv", ".json")
LABEL_FORMS = "folders (the first sub-folder), a .csv (file,label) or dataset.json file, or own (of an npz or tfds)"
FORMS = '"folders", "own", the path of a .csv or .json file, or an array with a label for each image'


def is_label_file(labels: object) -> bool:
    """Whether `labels` is the path of a file of labels, by its ending (bool)."""
    return isinstance(labels, (str, Path)) and Path(labels).suffix.lower() in SUFFIXES


def check_form(labels: Any) -> Any:
    """Returns `labels` as it is, or raises a `UserError` where it is a text of no known form. Nothing is read."""
    known = labels is None or labels in (FOLDERS, OWN) or is_label_file(labels)
    if not known:
        like = checks.nearest(str(labels), [FOLDERS, OWN])
        step = f"Did you mean {like}? " if like else ""
        raise checks.user_error("labels", FORMS, labels, f"{step}Set it with labels= (--labels).")
    return labels

"""What lies where in the folder of a SavedModel. Standard library alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
PARTS = {  # everything that a SavedModel's folder may hold, whoever wrote it
    *GRAPHS, "variables", "assets", "assets.extra", "fingerprint.pb", "keras_metadata.pb", "debug",
}  # fmt: skip
# What an export of this package adds, in a folder that TF Serving leaves alone:
SPEC_FILE = "assets.extra/spec.json"
CARD_FILE = "assets.extra/README.md"


def is_saved_model(folder: PathLike) -> bool:
    """Whether a folder itself holds `saved_model.pb` or `saved_model.pbtxt` (bool)."""
    return any(Path(folder, name).is_file() for name in GRAPHS)

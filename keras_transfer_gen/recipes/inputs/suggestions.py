"""What an error about a missing folder of images must not suggest: another folder that the same command reads."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from keras_transfer_gen import checks

SUGGESTION = re.compile(r"Did you mean (.+?)\? ")


@contextlib.contextmanager
def not_suggesting(other: object) -> Iterator[None]:
    """Errors from inside lose a suggestion of `other`.

    Scores against the training images say little, so a misspelt --reference must not lead to them.

    Args:
        other: path of the other images, or whatever else holds images.
    """
    try:
        yield
    except checks.UserFileError as error:
        match = SUGGESTION.search(error.parts[-1]) if error.parts else None
        if match and isinstance(other, (str, Path)) and Path(match[1]).resolve() == Path(other).resolve():
            error.parts = (*error.parts[:-1], SUGGESTION.sub("", error.parts[-1]))
            error.args = (checks.message(*error.parts),)
        raise

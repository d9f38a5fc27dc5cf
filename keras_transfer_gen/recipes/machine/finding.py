"""One line of `ktg doctor`: what was looked at, how it is, and what to do where it is wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

OK, NOTE, WARNING, FAULT = "ok", "note", "warning", "fault"
STATUSES = (OK, NOTE, WARNING, FAULT)


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check says of one thing.

    Args:
        area: heading that it belongs to, such as "versions".
        name: what was looked at, such as "tensorflow".
        status: "ok"; "note" is no fault, but worth knowing; "warning" limits what can be done; "fault" is broken.
        text: what it is like, for people.
        fix: what to do, a sentence; "" where nothing is to be done.
        facts: JSON-ready dict of the same for programs.
    """

    area: str
    name: str
    status: str
    text: str
    fix: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return dataclasses.asdict(self)


def megabytes(count: float) -> str:
    """A number of bytes in words.

    Example:
        >>> megabytes(3_500_000), megabytes(12_000_000_000)
        ('3.5 MB', '12.0 GB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"

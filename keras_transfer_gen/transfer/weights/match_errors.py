"""Errors of `load_matching_weights`, with the `rename=` or `skip=` to write instead. Standard library alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.weights.match_report import MatchReport, shape_text

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.transfer.weights.match_report import MatchRow


MOST = 3  # names of a kind that an error lists


def check_rename(rename: Any) -> list[tuple[str, str]]:
    """Returns `rename` as a list of (regex, replacement), or raises a `UserError`."""
    step = r'Such as rename=[("gen/(.*)", r"generator/\1")].'
    pairs = list(rename) if isinstance(rename, Iterable) and not isinstance(rename, str) else [rename]
    for pair in pairs:
        is_pair = isinstance(pair, (tuple, list)) and len(pair) == 2
        if not is_pair or not all(isinstance(part, str) for part in pair):
            raise checks.user_error("rename", "a list of (regular expression, replacement)", pair, step)
        _check_regex("rename", pair[0])
    return [tuple(pair) for pair in pairs]


def renamed(name: str, rename: list[tuple[str, str]]) -> str:
    """`name` after the first pair whose regular expression matches it; a `UserError` for a broken replacement."""
    for pattern, replacement in rename:
        match = re.fullmatch(pattern, name)
        if match:
            try:
                return match.expand(replacement)
            except (re.error, IndexError) as error:
                step = f"Python's re says: {error}."
                raise checks.user_error("rename", "replacements of groups that exist", replacement, step) from error
    return name


def check_skip(skip: Sequence[int | str] | int | str) -> Any:
    """Returns `skip` as a list of regular expressions, or raises a `UserError`."""
    listed = list(skip) if isinstance(skip, Iterable) and not isinstance(skip, str) else [skip]
    if isinstance(skip, str) or not all(isinstance(pattern, str) for pattern in listed):
        raise checks.user_error("skip", "a list of regular expressions", skip, 'Such as skip=["logits/.*"].')
    for pattern in listed:
        _check_regex("skip", pattern)
    return listed


def check_used(name: str, patterns: dict[str, str] | list[str], choices: Collection[str]) -> None:
    """Raises a `UserError` for a pattern that matches none of the names from end to end.

    Args:
        name: of the argument.
        patterns: list of regular expressions, or {regular expression: replacement}, from which an example is made.
        choices: names.
    """
    choices = list(dict.fromkeys(choices))
    for pattern in patterns:
        if not any(re.fullmatch(pattern, choice) for choice in choices):
            like = checks.nearest(pattern, choices) or ", ".join(choices[:MOST])
            step = f"Nearest names: {like}. A pattern must match a name from end to end."
            if isinstance(patterns, dict):
                step += _example(pattern, patterns[pattern], choices)
            raise checks.user_error(name, "regular expressions that match a name", pattern, step)


def check_complete(report: MatchReport, skip: list[str], adaptable: dict[str, np.ndarray | None] | tuple) -> Any:
    """Raises a `UserError` where a variable or array has no partner of its shape and `skip` does not name it.

    Args:
        report: `MatchReport` of what would be done.
        skip: checked regular expressions.
        adaptable: paths whose arrays fit with `adapt_channels=True`, for the advice.
    """
    left = [row for row in report.rows if row.status not in ("loaded", "adapted") and not _skipped(row, skip)]
    if not left:
        return
    missing, unexpected, mismatched = (
        [row for row in left if row.status == status] for status in ("missing", "unexpected", "mismatched")
    )
    listed = left if len(left) <= MOST else left[:1]
    parts = [
        _listing("Missing in the weights", missing, report.unexpected),
        _listing("Unexpected in the weights", unexpected, report.missing),
        _shapes(mismatched),
        _advice(missing, [row for row in report.rows if row.status == "unexpected"]),
        f"To leave some as they are: skip={[re.escape(row.name) for row in listed]}.",
    ]
    if any(row.name in adaptable for row in mismatched):
        parts.append("adapt_channels=True changes convolutions between grey and RGB.")
    expectation = "an array of the right shape for every variable of the model, and no other"
    counted = MatchReport(tuple(row for row in report.rows if row in left or row.status in ("loaded", "adapted")))
    raise checks.user_error("weights", expectation, counted.counts(), " ".join(filter(None, parts)))


def _example(pattern: str, replacement: str, choices: Collection[str]) -> str:
    """A pair that matches from end to end, where the pattern matches a part of a name; else ""."""
    part = next(filter(None, (re.search(pattern, choice) for choice in choices)), None)
    if part is None or re.compile(pattern).groups:
        return ""
    regex, new = (pattern, replacement) if part.start() == 0 else (f"(.*){pattern}", rf"\1{replacement}")
    return f" Such as rename=[({regex + '(.*)'!r}, r'{new}\\{1 if part.start() == 0 else 2}')]."


def _check_regex(name: str, pattern: Any) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        step = f"Python's re says: {error}."
        raise checks.user_error(name, "valid regular expressions", pattern, step) from error


def _skipped(row: MatchRow, skip: list[str]) -> bool:
    names = [name for name in (row.name, row.weights_name) if name is not None]
    return any(re.fullmatch(pattern, name) for pattern in skip for name in names)


def _listing(title: str, rows: list[MatchRow], others: list[str]) -> str:
    words = []
    for row in rows[:MOST]:
        like = checks.nearest(row.name, others, 1)
        words.append(f"{row.name} (nearest: {like})" if like else row.name)
    return f"{title}: {', '.join(words)}{', ...' if len(rows) > MOST else ''}." if rows else ""


def _shapes(rows: list[MatchRow]) -> str:
    words = [f"{r.name} is {shape_text(r.model_shape)}, weights {shape_text(r.weights_shape)}" for r in rows[:MOST]]
    return f"Other shapes: {'; '.join(words)}{'; ...' if len(rows) > MOST else ''}." if rows else ""


def _advice(missing: list[MatchRow], unexpected: list[MatchRow]) -> str:
    """The `rename` for the first variable that lacks an array and the array that it most likely is."""
    if not missing or not unexpected:
        return ""
    name, arrays = missing[0].name, [row.weights_name for row in unexpected]
    for array in arrays:
        if array.endswith(f"/{name}"):
            return _try(re.escape(array.removesuffix(name)) + "(.*)", r"\1")
        if name.endswith(f"/{array}"):
            return _try("(.*)", name.removesuffix(array) + r"\1")
    like = checks.nearest(name, arrays, 1)
    return _try(re.escape(like), name) if like else "Give their names with rename=."


def _try(regex: str, replacement: str) -> str:
    return f"Try rename=[({regex!r}, {replacement!r})]."

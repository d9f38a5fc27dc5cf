"""Lists of image numbers such as "0-3,7". Loads nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keras_transfer_gen import checks


def parse_numbers(text: str | Iterable[int], name: str = "numbers") -> list[int]:
    """The numbers that a text such as "0-3,7" lists, in order.

    Args:
        text: numbers from 0 on and ranges, both ends included, joined by commas; or an iterable of numbers.
        name: the argument's name, for errors.

    Returns:
        list of int.

    Raises:
        UserError: for another form, or none.

    Example:
        >>> parse_numbers("0-3,7")
        [0, 1, 2, 3, 7]
    """
    if not isinstance(text, str):
        return [checks.check_integer(name, number, least=0) for number in text]
    numbers = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part.strip())
        if not match or int(match[2] or match[1]) < int(match[1]):
            hint = f"Such as --{name.replace('_', '-')} 0-3,7."
            raise checks.user_error(name, "numbers and ranges joined by commas", text, hint)
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return numbers

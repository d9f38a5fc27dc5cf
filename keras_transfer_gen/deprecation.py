"""Old names keep working for one release, each with one line of warning. Standard library alone."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def renamed_text(old: str, new: str) -> str:
    """The sentence about an old name.

    Example:
        >>> renamed_text("--rate-ratio", "--g-lr-ratio")
        '--rate-ratio is now called --g-lr-ratio. The old name will be removed in the next release.'
    """
    return f"{old} is now called {new}. The old name will be removed in the next release."


def warn_renamed(old: str, new: str, stacklevel: int = 2) -> None:
    """Warns that `old` is now called `new`; `stacklevel` counts from the caller, as in `warnings.warn`."""
    warnings.warn(renamed_text(old, new), DeprecationWarning, stacklevel=stacklevel + 1)


def renamed_arguments(**new_names: str) -> Callable[[F], F]:
    """Decorator: a function takes keyword arguments under their old names too, with a `DeprecationWarning`.

    Args:
        **new_names: the old name -> the name that the function takes.

    Raises:
        TypeError: by the decorated function, where an argument is given under both names.

    Example:
        >>> @renamed_arguments(colour="background")
        ... def paint(background="white"):
        ...     return background
        >>> with warnings.catch_warnings(action="ignore"):
        ...     paint(colour="black")
        'black'
    """

    def decorate(function: F) -> F:
        owner = function.__qualname__.rpartition(".<locals>.")[2]
        name = owner.removesuffix(".__init__")  # a class is known by its own name

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for old in new_names.keys() & kwargs.keys():
                new = new_names[old]
                if new in kwargs:
                    raise TypeError(f"{name}() got {new}= and also {old}=, its old name: leave {old}= out")
                warn_renamed(f"{name}({old}=)", f"{new}=")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate

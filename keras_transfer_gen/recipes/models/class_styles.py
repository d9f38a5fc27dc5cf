"""Classes of a kind in a style, such as `people` and `people_fluent`: which are meant, and how they are drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from keras_transfer_gen import checks
from keras_transfer_gen.training.vqvae import VQVAE


def numbers_of_style(names: Sequence[str], style: str, label: int | str | None = None) -> list[int]:
    """Numbers of the classes of a style: those whose names end in `_STYLE`.

    Args:
        names: of all classes, in the order of their numbers.
        style: such as "fluent".
        label: number of the class whose form in this style is meant, or its name without a style, of which there need
            be no class; None means every class of the style.

    Returns:
        list of int, one alone where a class is given.

    Raises:
        UserError: where there are none, with the styles that there are.

    Example:
        >>> names = ["flags", "flags_fluent", "people", "people_fluent", "signs"]
        >>> numbers_of_style(names, "fluent"), numbers_of_style(names, "fluent", label=2)
        ([1, 3], [3])
        >>> numbers_of_style(["people_fluent", "people_noto"], "noto", label="people")
        [1]
    """
    if label is None:
        whose, bases, wanted = "the classes of this model", names, [n for n in names if n.endswith(f"_{style}")]
    else:
        own = names[label] if names and isinstance(label, int) else str(label)
        whose, bases, wanted = f"the class {own}", [own], [f"{own}_{style}"]
    numbers = [number for number, name in enumerate(names) if style and name in wanted]
    if numbers:
        return numbers
    styles = sorted({name.removeprefix(f"{base}_") for base in bases for name in names if name.startswith(f"{base}_")})
    if styles:
        expected, step = f"a style of {whose}: {', '.join(styles)}", "Set it with --style."
    else:
        expected = f"left out: {whose} {'have' if label is None else 'has'} no styles"
        step = "Leave out --style. Classes with a style are named like people and people_fluent."
    raise checks.user_error("style", expected, style, step)


def choose_style(model: Any, style: str, label: int | str | None = None) -> int | None:
    """The class of all images, or None where each is drawn: then the model draws the classes of the style alone.

    They are drawn as often as the model's shares have them, or all alike where it has none.

    Args:
        model: what `open_model` returns; without a class its shares are changed.
        style: such as "fluent".
        label: number or name of a class, with or without a style, or None.

    Raises:
        UserError: see `numbers_of_style`, and for a class that there is in no style.
    """
    spec = model.spec
    if not any(name.startswith(f"{label}_") for name in spec.class_names):
        label = spec.class_number(label)
    numbers = numbers_of_style(spec.class_names, style, label)
    if label is not None:
        return numbers[0]
    set_shares(model, shares_among(numbers, spec.num_classes, spec.class_shares))
    return None


def shares_among(numbers: Sequence[int], num_classes: int, shares: Sequence[float] = ()) -> list[float]:
    """Shares of all classes, 0 but for some, which keep their proportions.

    Args:
        numbers: of those.
        num_classes: of all.
        shares: as in `ModelSpec.class_shares`; empty, or 0 for each of them, makes them alike.

    Example:
        >>> shares_among([1, 3], 4, [0.2, 0.1, 0.4, 0.3])
        [0.0, 0.25, 0.0, 0.75]
    """
    own = {number: shares[number] if shares else 1.0 for number in numbers}
    total = sum(own.values())
    if not total:
        return shares_among(numbers, num_classes)
    return [own.get(number, 0.0) / total for number in range(num_classes)]


def set_shares(model: Any, shares: Sequence[float]) -> None:
    """Sets how often a model draws each class where none is asked for.

    Args:
        model: what `open_model` returns.
        shares: as in `ModelSpec.class_shares`.
    """
    if isinstance(model, VQVAE):
        model.class_shares = list(shares)
        return
    model.spec = dataclasses.replace(model.spec, class_shares=shares)
    if hasattr(model, "network_inputs"):  # of a GAN
        model.network_inputs = model.network_inputs.with_shares(shares)

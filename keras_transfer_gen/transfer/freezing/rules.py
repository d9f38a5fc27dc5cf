"""Rules for `freeze`: what one is, how the command line writes one, and makers that go by names. Standard library."""

from __future__ import annotations

import abc
import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from keras_transfer_gen import checks

FORM = 'Write it as --freeze "generator/block_4/.*=false".'
WRITE = "Write your own rules: freeze(model, {regex: False}) or --freeze."
SCALE_AND_SHIFT = ("gamma", "beta", "scale", "shift", "offset", "bias", "biases", "b")  # "b" as Sonnet names a bias


@dataclasses.dataclass(frozen=True)
class ModelLayout:
    """The names in a model, as rule makers see them.

    Args:
        layers: the layers' paths, such as "generator/block_4/conv", in the model's order.
        variables: the variables' paths, in the same order.
        blocks: {role of a network: paths of its blocks, from its input on}, where the model's architecture states
            them (`Architecture.blocks`). The blocks of other networks are recognised by name.
        heads: paths of a discriminator's added heads (`add_feature_heads`), which belong to no block.
    """

    layers: tuple = ()
    variables: tuple = ()
    blocks: dict = dataclasses.field(default_factory=dict)
    heads: tuple = ()


class RuleMaker(abc.ABC):
    """Makes freezing rules that depend on which layers a model has."""

    @abc.abstractmethod
    def rules(self, layout: Any) -> list[Any]:
        """Ordered list of (regex, trainable) for a model; a `UserError` where it doesn't fit.

        Args:
            layout: the model's `ModelLayout`.
        """


def parse_rule(text: str) -> tuple[str, bool]:
    """One rule of the command line, `REGEX=true` or `REGEX=false`.

    Args:
        text: the last "=" separates the regular expression from the flag.

    Returns:
        (regex, trainable).

    Raises:
        UserError: where there is no "=", the regular expression is empty or broken, or the flag is another word.

    Example:
        >>> parse_rule("generator/block_4/.*=false")
        ('generator/block_4/.*', False)
    """
    pattern, equals, flag = text.rpartition("=")
    flags = {"true": True, "false": False}
    if not equals or not pattern or flag.strip().lower() not in flags:
        raise checks.user_error("freeze", "REGEX=true or REGEX=false", text, FORM)
    pattern, trainable = check_rule((pattern.strip(), flags[flag.strip().lower()]), "freeze")
    return pattern, trainable


def check_rule(rule: Sequence[int | str], name: str = "rules") -> Any:
    """Returns `rule` as a tuple, or raises a `UserError` where it is no (regular expression, bool)."""
    pair = isinstance(rule, (tuple, list)) and len(rule) == 2
    if not pair or not isinstance(rule[0], str) or not isinstance(rule[1], bool):
        step = 'Such as {"generator/block_4/.*": False}.'
        raise checks.user_error(name, "pairs of a regular expression and True or False", rule, step)
    try:
        re.compile(rule[0])
    except re.error as error:
        step = f"Python's re says: {error}. {FORM}"
        raise checks.user_error(name, "valid regular expressions", rule[0], step) from error
    return tuple(rule)


def first_paths(paths: Sequence[str] | str, most: int = 3) -> str:
    """The first few of some paths, for an error."""
    return ", ".join(list(paths)[:most]) + (", ..." if len(paths) > most else "")


@dataclasses.dataclass(frozen=True)
class ScaleShiftOnly(RuleMaker):
    """Freezes all but scales, shifts and biases; see `scale_shift_only`."""

    def rules(self, layout: ModelLayout) -> list[tuple[str, bool]]:
        pattern = f"(?i:(.*/)?({'|'.join(SCALE_AND_SHIFT)})(_\\d+)?)"
        if not any(re.fullmatch(pattern, path) for path in layout.variables):
            words = f"a model with variables named {', '.join(SCALE_AND_SHIFT[:-1])} or {SCALE_AND_SHIFT[-1]}"
            raise checks.user_error("model", words, first_paths(layout.variables), WRITE)
        return [(pattern, True), (".*", False)]


@dataclasses.dataclass(frozen=True)
class AllBut(RuleMaker):
    """Freezes all but what a pattern matches; see `all_but`."""

    patterns: tuple

    def __post_init__(self) -> None:
        if not self.patterns:
            step = "To freeze all: freeze(model, {'.*': False})."
            raise checks.user_error("patterns", "at least one regular expression", self.patterns, step)
        for pattern in self.patterns:
            check_rule((pattern, True), "patterns")

    def rules(self, layout: ModelLayout) -> list[tuple[str, bool]]:
        return [*((pattern, True) for pattern in self.patterns), (".*", False)]


def scale_shift_only() -> ScaleShiftOnly:
    """Trains scales, shifts and biases alone; everything else is frozen, moving statistics too.

    They are recognised by the variable's own name, with or without a number at its end and in any case: gamma, beta,
    scale, shift, offset, bias, biases, b. A layer that makes them from the latents stays frozen but for its bias. In a
    model of several networks this holds in each; rules before this one make exceptions:
    `[("discriminator/.*", True), scale_shift_only()]` trains the whole discriminator. Norms run on their moving
    statistics as they are.

    Returns:
        `ScaleShiftOnly`, to be given to `freeze`.

    Raises:
        UserError: where the model has no such variable, when it is used.

    Example:
        >>> import keras
        >>> from keras_transfer_gen.transfer.freezing.freeze import freeze
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> freeze(model, scale_shift_only()).trainable_parameters
        2

    Reference:
        Noguchi and Harada, Image Generation From Small Datasets via Batch Statistics Adaptation, 2019
        (arXiv:1904.01774).
    """
    return ScaleShiftOnly()


def all_but(*patterns: str) -> AllBut:
    r"""Trains what one of the patterns matches; everything else is frozen.

    Args:
        *patterns: regular expressions on paths of layers or variables, matched from end to end as in `freeze`.

    Returns:
        `AllBut`, to be given to `freeze`, which refuses a pattern that matches nothing.

    Raises:
        UserError: for no pattern or a broken one.

    Example:
        >>> all_but(r"generator/to_image", r".*/norm").rules(ModelLayout())
        [('generator/to_image', True), ('.*/norm', True), ('.*', False)]
    """
    return AllBut(patterns)

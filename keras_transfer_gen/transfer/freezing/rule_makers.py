"""Rules for `freeze` by method: the generator's first blocks, scale and shift, the last blocks. Standard library."""

import dataclasses
import re

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.freezing.freeze_rules import WRITE, RuleMaker, check_rule, hold_blocks, start

ROLES = ("generator", "discriminator", "encoder", "decoder")  # what starts the paths of a model made of networks
SCALE_AND_SHIFT = ("gamma", "beta", "scale", "shift", "offset", "bias", "biases", "b")  # "b" as Sonnet names a bias


@dataclasses.dataclass(frozen=True)
class FreezeG(RuleMaker):
    """Freezes the generator's first blocks; see `freeze_g`."""

    blocks: int

    def __post_init__(self):
        step = "Freeze at least one block, or leave freeze_g out."
        object.__setattr__(self, "blocks", checks.check_integer("blocks", self.blocks, next_step=step))

    def rules(self, paths, variables=()):
        return hold_blocks("generator", paths, self.blocks, largest_first=False, ask="Ask for fewer.")


@dataclasses.dataclass(frozen=True)
class ScaleShiftOnly(RuleMaker):
    """Freezes all but scale, shift and biases; see `scale_shift_only`."""

    def rules(self, paths, variables=()):
        pattern = f"(?i:(.*/)?({'|'.join(SCALE_AND_SHIFT)})(_\\d+)?)"
        if not any(re.fullmatch(pattern, path) for path in variables):
            words = f"a model with variables named {', '.join(SCALE_AND_SHIFT[:-1])} or {SCALE_AND_SHIFT[-1]}"
            raise checks.user_error("model", words, start(variables), WRITE)
        return [(pattern, True), (".*", False)]


@dataclasses.dataclass(frozen=True)
class LastN(RuleMaker):
    """Freezes all but the last blocks; see `last_n`."""

    n: int
    role: str | None = None

    def __post_init__(self):
        object.__setattr__(self, "n", checks.check_integer("n", self.n, next_step="To freeze all: {'.*': False}."))

    def rules(self, paths, variables=()):
        networks = {}
        for path in paths:
            first = path.partition("/")[0]
            networks.setdefault(first if first in ROLES else "", []).append(path)
        if self.role is not None:
            checks.check_choice("role", self.role, [role for role in networks if role], "role=None takes every layer.")
            networks = {self.role: networks[self.role]}
        moving = [block for role, own in networks.items() for block in self._last(role, own)]
        rest = ".*" if self.role is None else f"{re.escape(self.role)}(/.*)?"
        return [*((f"{re.escape(block)}(/.*)?", True) for block in moving), (rest, False)]

    def _last(self, role, paths):
        found = _blocks(role, paths)
        if self.n > len(found):
            step = f"{role or 'The model'} has {len(found)}: {', '.join(found)}. Ask for fewer."
            raise checks.user_error("n", f"at most {len(found)}", self.n, step)
        return found[-self.n :]


@dataclasses.dataclass(frozen=True)
class AllBut(RuleMaker):
    """Freezes all but what fits; see `all_but`."""

    patterns: tuple

    def __post_init__(self):
        if not self.patterns:
            step = "To freeze all: freeze(model, {'.*': False})."
            raise checks.user_error("patterns", "at least one regular expression", self.patterns, step)
        for pattern in self.patterns:
            check_rule((pattern, True), "patterns")

    def rules(self, paths, variables=()):
        return [*((pattern, True) for pattern in self.patterns), (".*", False)]


def freeze_g(blocks=1):
    """Holds the generator's first blocks, from the latents on, and trains everything else.

    The blocks are `generator/block_<resolution>`, the smallest first: in a `build_dcgan_generator` the first is the
    dense layer with its norm. They lay out what an image shows; held, the later ones learn new textures and colours.

    Args:
        blocks: how many blocks to hold.

    Returns:
        `FreezeG`, to be given to `freeze`, alone or in a list with others such as `freeze_d()`.

    Raises:
        UserError: for fewer than one block; for more than the model has when it is used.

    Example:
        >>> freeze_g(1).rules(["generator/block_8/conv", "generator/block_4/dense"])
        [('generator/block_4(/.*)?', False)]
    """
    return FreezeG(blocks)


def scale_shift_only():
    """Trains scales, shifts and biases alone; everything else is frozen, moving statistics too.

    They are found by the variable's own name, with or without a number at its end and in any case: gamma, beta, scale,
    shift, offset, bias, biases, b. A layer that makes them from the latents stays frozen but for its bias. In a model
    of several networks it is so in each; rules before this one make exceptions:
    `[("discriminator/.*", True), scale_shift_only()]` trains the whole discriminator. Norms run on their moving
    statistics as they are.

    Returns:
        `ScaleShiftOnly`, to be given to `freeze`.

    Raises:
        UserError: where the model has no such variable, when it is used.

    Example:
        >>> import keras
        >>> from keras_transfer_gen.transfer.freezing.freezing import freeze
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> freeze(model, scale_shift_only()).trainable_parameters
        2

    Reference:
        Noguchi and Harada, Image Generation From Small Datasets via Batch Statistics Adaptation, 2019
        (arXiv:1904.01774).
    """
    return ScaleShiftOnly()


def last_n(n, role=None):
    """Trains the last blocks alone, in the order in which the model lists them; everything else is frozen.

    A block is what the first parts of the paths that differ name: `generator/block_64` and `generator/to_image` of a
    DCGAN, each layer of a plain model.

    Args:
        n: blocks to train.
        role: "generator" or another network of the model: the rules are about that one, and the others stay as they
            are. None: the last blocks of each network.

    Returns:
        `LastN`, to be given to `freeze`.

    Raises:
        UserError: for fewer than one block; for more than there are, or an unknown role, when it is used.

    Example:
        >>> last_n(1, role="generator").rules(["generator/block_4/dense", "generator/to_image", "discriminator/logits"])
        [('generator/to_image(/.*)?', True), ('generator(/.*)?', False)]
    """
    return LastN(n, role)


def all_but(*patterns):
    r"""Trains what fits one of the patterns; everything else is frozen.

    Args:
        *patterns: regular expressions on paths of layers or variables, matched from end to end as in `freeze`.

    Returns:
        `AllBut`, to be given to `freeze`, which refuses a pattern that fits nothing.

    Raises:
        UserError: for no pattern or a broken one.

    Example:
        >>> all_but(r"generator/to_image", r".*/norm").rules([])
        [('generator/to_image', True), ('.*/norm', True), ('.*', False)]
    """
    return AllBut(patterns)


def _blocks(role, paths):
    """The paths of the blocks of one network: down to the first folder where its layers part."""
    layers = [tuple(path.split("/")) for path in paths]
    depth = 1 if role else 0
    while all(len(layer) > depth + 1 and layer[: depth + 1] == layers[0][: depth + 1] for layer in layers):
        depth += 1
    return list(dict.fromkeys("/".join(layer[: depth + 1]) for layer in layers if len(layer) > depth))

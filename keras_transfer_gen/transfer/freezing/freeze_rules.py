"""Rules for `freeze`: makers such as FreezeD, and the form in which the command line writes one. Standard library."""

import abc
import dataclasses
import re

from keras_transfer_gen import checks

FORM = 'Write it as --freeze "generator/block_4/.*=false".'
WRITE = "Write your own rules: freeze(model, {regex: False}) or --freeze."


class RuleMaker(abc.ABC):
    """Makes freezing rules that depend on which layers a model has."""

    @abc.abstractmethod
    def rules(self, paths, variables=()):
        """Ordered list of (regex, trainable) for a model; a `UserError` where it doesn't fit.

        Args:
            paths: the layers' paths, in the model's order.
            variables: the variables' paths, in the model's order.
        """


@dataclasses.dataclass(frozen=True)
class FreezeD(RuleMaker):
    """Freezes the discriminator's first blocks; see `freeze_d`."""

    blocks: int

    def __post_init__(self):
        step = "Freeze at least one block with blocks= or --freeze-d, or leave it out."
        object.__setattr__(self, "blocks", checks.check_integer("blocks", self.blocks, next_step=step))

    def rules(self, paths, variables=()):
        ask = "Ask for fewer with blocks= or --freeze-d."
        return hold_blocks("discriminator", paths, self.blocks, largest_first=True, ask=ask)


def freeze_d(blocks=2):
    """FreezeD: holds the discriminator's first blocks, those of the highest resolution, and trains everything else.

    Early layers judge edges and textures, which carry over between domains; held, they keep a small data set from
    being memorised.

    Args:
        blocks: how many of `discriminator/block_<resolution>` to hold, from the image on.

    Returns:
        `FreezeD`, to be given to `freeze`.

    Raises:
        UserError: for fewer than one block; for more than the model has when it is used.

    Example:
        >>> freeze_d(1).rules(["discriminator/block_8/conv", "discriminator/block_16/conv"])
        [('discriminator/block_16(/.*)?', False)]

    Reference:
        Mo et al., Freeze the Discriminator, 2020 (arXiv:2002.10964).
    """
    return FreezeD(blocks)


def parse_rule(text):
    """One rule of the command line, `REGEX=true` or `REGEX=false`.

    Args:
        text: the last "=" parts the regular expression from the flag.

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


def check_rule(rule, name="rules"):
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


def hold_blocks(role, paths, blocks, largest_first, ask):
    """Rules that freeze the first `blocks` of `<role>/block_<resolution>`; `ask` ends the error for too many."""
    matches = (re.match(rf"{role}/block_(\d+)(?=/|$)", path) for path in paths)
    sides = sorted({int(match[1]) for match in matches if match}, reverse=largest_first)
    if not sides:
        raise checks.user_error("model", f"a GAN with layers {role}/block_<resolution>", start(paths), WRITE)
    if blocks > len(sides):
        names = ", ".join(f"block_{side}" for side in sides)
        step = f"The {role} has {len(sides)}: {names}. {ask}"
        raise checks.user_error("blocks", f"at most {len(sides)}", blocks, step)
    return [(f"{role}/block_{side}(/.*)?", False) for side in sides[:blocks]]


def start(paths, most=3):
    """The first few of some paths, for an error."""
    return ", ".join(list(paths)[:most]) + (", ..." if len(paths) > most else "")

"""Rules for `freeze` that go by a network's blocks: its first ones, or all but its last. Standard library alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.freezing.rules import WRITE, RuleMaker, first_paths

if TYPE_CHECKING:
    from keras_transfer_gen.transfer.freezing.rules import ModelLayout


ROLES = ("generator", "discriminator", "encoder", "decoder")  # what starts the paths of a model made of networks


@dataclasses.dataclass(frozen=True)
class FreezeD(RuleMaker):
    """Freezes the discriminator's first blocks; see `freeze_d`."""

    blocks: int

    def __post_init__(self) -> None:
        step = "Freeze at least one block with blocks= or --freeze-d, or leave it out."
        object.__setattr__(self, "blocks", checks.check_integer("blocks", self.blocks, next_step=step))

    def rules(self, layout: ModelLayout) -> list[tuple[str, bool]]:
        step = "Ask for fewer with blocks= or --freeze-d."
        return _freeze_first("discriminator", layout, self.blocks, step)


@dataclasses.dataclass(frozen=True)
class FreezeG(RuleMaker):
    """Freezes the generator's first blocks; see `freeze_g`."""

    blocks: int

    def __post_init__(self) -> None:
        step = "Freeze at least one block, or leave freeze_g out."
        object.__setattr__(self, "blocks", checks.check_integer("blocks", self.blocks, next_step=step))

    def rules(self, layout: ModelLayout) -> list[tuple[str, bool]]:
        return _freeze_first("generator", layout, self.blocks, "Ask for fewer with blocks=.")


@dataclasses.dataclass(frozen=True)
class LastN(RuleMaker):
    """Freezes all but the last blocks; see `last_n`."""

    n: int
    role: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", checks.check_integer("n", self.n, next_step="To freeze all: {'.*': False}."))

    def rules(self, layout: ModelLayout) -> list[tuple[str, bool]]:
        networks = {}
        for path in layout.layers:
            first = path.partition("/")[0]
            networks.setdefault(first if first in ROLES else "", []).append(path)
        if self.role is not None:
            checks.check_choice("role", self.role, [role for role in networks if role], "role=None takes every layer.")
            networks = {self.role: networks[self.role]}
        trained = [block for role, paths in networks.items() for block in self._last(role, paths, layout)]
        trained += [head for head in layout.heads if self.role in (None, head.partition("/")[0])]
        rest = ".*" if self.role is None else f"{re.escape(self.role)}(/.*)?"
        return [*((f"{re.escape(path)}(/.*)?", True) for path in trained), (rest, False)]

    def _last(self, role: str, paths: list[str], layout: ModelLayout) -> list[str]:
        own = [path for path in paths if not _block_of(path, layout.heads)]
        stated = layout.blocks.get(role, ())
        others = _blocks_of_paths(role, [path for path in own if not _block_of(path, stated)])
        blocks = list(dict.fromkeys(_block_of(path, [*stated, *others]) for path in own))
        if self.n > len(blocks):
            step = f"{role or 'The model'} has {len(blocks)}: {', '.join(blocks)}. Ask for fewer."
            raise checks.user_error("n", f"at most {len(blocks)}", self.n, step)
        return blocks[-self.n :]


def freeze_d(blocks: int = 2) -> FreezeD:
    """FreezeD: freezes the discriminator's first blocks, those of the highest resolution; the rest stays as it is.

    Early layers judge edges and textures, which are much the same in other domains. Frozen, they make it harder to
    memorise a small data set.

    Args:
        blocks: how many blocks to freeze, from the image on: those that the model's architecture states, else
            `discriminator/block_<resolution>`.

    Returns:
        `FreezeD`, to be given to `freeze`.

    Raises:
        UserError: for fewer than one block; for more than the model has when it is used.

    Example:
        >>> freeze_d(1).rules(ModelLayout(["discriminator/block_8/conv", "discriminator/block_16/conv"]))
        [('discriminator/block_16(/.*)?', False)]

    Reference:
        Mo et al., Freeze the Discriminator, 2020 (arXiv:2002.10964).
    """
    return FreezeD(blocks)


def freeze_g(blocks: int = 1) -> FreezeG:
    """Freezes the generator's first blocks, from the latents on; the rest stays as it is.

    The blocks are those that the model's architecture states, else `generator/block_<resolution>`, the smallest first:
    in a `build_dcgan_generator` the first is the dense layer with its norm. They decide the layout of an image. While
    they are frozen, the later ones learn new textures and colours.

    Args:
        blocks: how many blocks to freeze.

    Returns:
        `FreezeG`, to be given to `freeze`, alone or in a list with others such as `freeze_d()`.

    Raises:
        UserError: for fewer than one block; for more than the model has when it is used.

    Example:
        >>> freeze_g(1).rules(ModelLayout(["generator/block_8/conv", "generator/block_4/dense"]))
        [('generator/block_4(/.*)?', False)]
    """
    return FreezeG(blocks)


def last_n(n: int, role: str | None = None) -> LastN:
    """Trains the last blocks alone; everything else is frozen.

    Blocks are those that the model's architecture states; of other layers, what the first parts of the paths that
    differ name: `generator/block_64` and `generator/to_image` of a DCGAN, each layer of a plain model. They count in
    the order of the model. Feature heads of a discriminator (`add_feature_heads`) are no blocks; they are trained.

    Args:
        n: blocks to train.
        role: "generator" or another network of the model: the rules are about that one, and the others stay as they
            are. None: the last blocks of each network.

    Returns:
        `LastN`, to be given to `freeze`.

    Raises:
        UserError: for fewer than one block; for more than there are, or an unknown role, when it is used.

    Example:
        >>> layout = ModelLayout(["generator/block_4/dense", "generator/to_image", "discriminator/logits"])
        >>> last_n(1, role="generator").rules(layout)
        [('generator/to_image(/.*)?', True), ('generator(/.*)?', False)]
    """
    return LastN(n, role)


def _freeze_first(role: str, layout: ModelLayout, count: int, step: str) -> list[tuple[str, bool]]:
    """Rules that freeze the first `count` blocks of a network; `step` ends the error for too many."""
    blocks = list(layout.blocks.get(role) or _blocks_by_resolution(role, layout.layers))
    if not blocks:
        words = f"a GAN with layers {role}/block_<resolution>"
        raise checks.user_error("model", words, first_paths(layout.layers), WRITE)
    if count > len(blocks):
        names = ", ".join(block.removeprefix(f"{role}/") for block in blocks)
        raise checks.user_error(
            "blocks", f"at most {len(blocks)}", count, f"The {role} has {len(blocks)}: {names}. {step}"
        )
    return [(f"{re.escape(block)}(/.*)?", False) for block in blocks[:count]]


def _block_of(path: str, blocks: Sequence[str]) -> str | None:
    """The block that a layer lies in: the one whose path begins the layer's; None where there is none."""
    return next((block for block in blocks if path == block or path.startswith(f"{block}/")), None)


def _blocks_by_resolution(role: str, paths: Sequence[str]) -> list[str]:
    """`<role>/block_<resolution>`, from the latents on in a generator, from the image on in a discriminator."""
    matches = (re.match(rf"{role}/block_(\d+)(?=/|$)", path) for path in paths)
    sides = sorted({int(match[1]) for match in matches if match}, reverse=role == "discriminator")
    return [f"{role}/block_{side}" for side in sides]


def _blocks_of_paths(role: str, paths: list[str]) -> list[str]:
    """The blocks of one network, told by the paths of its layers: down to the first folder where they differ."""
    layers = [tuple(path.split("/")) for path in paths]
    depth = 1 if role else 0
    while layers and all(len(layer) > depth + 1 and layer[: depth + 1] == layers[0][: depth + 1] for layer in layers):
        depth += 1
    return list(dict.fromkeys("/".join(layer[: depth + 1]) for layer in layers if len(layer) > depth))

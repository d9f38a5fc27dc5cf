"""What a StyleGAN2 generator or discriminator is built by: every size and switch in one record. Standard library."""

from __future__ import annotations

import dataclasses

from keras_transfer_gen import checks

ARCHITECTURES = ("skip", "resnet", "orig")
NOISES = ("const", "random", "none")
FIRST_SIDE = 4
LARGEST_SIDE = 1024


def sides(image_size: int) -> list[int]:
    """Sides of the feature maps: 4, 8, ... up to the image's.

    Raises:
        UserError: where the image's side is no power of two from 4 to 1024.

    Example:
        >>> sides(32)
        [4, 8, 16, 32]
    """
    known = [2**power for power in range(2, 11)]
    step = "Choose one with image_size= (--image-size)."
    return known[: known.index(checks.check_choice("image_size", image_size, known, step)) + 1]


def usual_widths(image_size: int, channel_base: int = 16384, channel_max: int = 512) -> tuple[int, ...]:
    """Channels of the feature maps of side 4, 8, ..., as the authors choose them: a tuple.

    Args:
        image_size: side of the images, in pixels.
        channel_base: channels times side.
        channel_max: channels of a map at most.

    Example:
        >>> usual_widths(64, channel_base=1024, channel_max=64)
        (64, 64, 64, 32, 16)
    """
    return tuple(max(min(channel_base // side, channel_max), 1) for side in sides(image_size))


@dataclasses.dataclass(frozen=True)
class GeneratorShape:
    """Sizes and switches of a generator.

    Args:
        image_size: side of the images, a power of two from 4 to 1024 pixels.
        channels: of the images, 1 to 4.
        latent_dim: length of a latent vector.
        num_classes: 0 for a generator without labels.
        w_dim: length of a style vector.
        widths: channels of the feature maps of side 4, 8, ... up to the image's.
        mapping_layers: dense layers of the mapping network.
        mapping_width: units of its layers but the last; 0 takes `w_dim`.
        embed_dim: length of an embedded label; 0 takes `w_dim`.
        lr_multiplier: of the mapping network's dense layers.
        architecture: "skip", "resnet" or "orig": how blocks give images.
        clamp: largest absolute activation, or 0 for no limit.
        noise: added in use: "const" (stored maps), "random" (maps that depend on the styles) or "none". In training it
            is drawn for each batch, but for "none".
        mixing: probability that a training batch has mixed styles; 0 with classes, whose styles differ.
        reduced_blocks: blocks of the highest resolutions that follow a mixed precision; the others compute in float32.
    """

    image_size: int
    channels: int = 3
    latent_dim: int = 512
    num_classes: int = 0
    w_dim: int = 512
    widths: tuple = ()
    mapping_layers: int = 8
    mapping_width: int = 0
    embed_dim: int = 0
    lr_multiplier: float = 0.01
    architecture: str = "skip"
    clamp: float = 256.0
    noise: str = "const"
    mixing: float = 0.0
    reduced_blocks: int = 4

    def __post_init__(self) -> None:
        _check(self)
        checks.check_choice("noise", self.noise, NOISES)

    @property
    def num_ws(self) -> int:
        """Style vectors of one image: two a block."""
        return 2 * len(self.widths)

    def mapping_units(self) -> list[int]:
        """Units of the mapping network's dense layers: a list."""
        return _mapping_units(self.mapping_layers, self.mapping_width, self.w_dim)


@dataclasses.dataclass(frozen=True)
class DiscriminatorShape:
    """Sizes and switches of a discriminator.

    Args:
        image_size: side of the images, a power of two from 4 to 1024 pixels.
        channels: of the images, 1 to 4.
        num_classes: 0 for a discriminator without labels.
        widths: channels of the feature maps of side 4, 8, ... up to the image's.
        mapping_layers: dense layers of the label's mapping network.
        mapping_width: units of its layers but the last; 0 takes `label_dim`.
        embed_dim: length of an embedded label; 0 takes `label_dim`.
        label_dim: length of what a label is compared with; 0 takes the channels at side 4.
        lr_multiplier: of the mapping network's dense layers.
        architecture: "resnet", "skip" or "orig".
        clamp: largest absolute activation, or 0 for no limit.
        group_size: images that are compared with each other; 0 compares the whole batch.
        reduced_blocks: blocks of the highest resolutions that follow a mixed precision; the others compute in float32.
    """

    image_size: int
    channels: int = 3
    num_classes: int = 0
    widths: tuple = ()
    mapping_layers: int = 8
    mapping_width: int = 0
    embed_dim: int = 0
    label_dim: int = 0
    lr_multiplier: float = 0.01
    architecture: str = "resnet"
    clamp: float = 256.0
    group_size: int = 4
    reduced_blocks: int = 4

    def __post_init__(self) -> None:
        _check(self)
        if not self.label_dim:
            object.__setattr__(self, "label_dim", self.widths[0])
        checks.check_integer("group_size", self.group_size, least=0)

    def mapping_units(self) -> list[int]:
        """Units of the label's mapping network's dense layers: a list."""
        return _mapping_units(self.mapping_layers, self.mapping_width, self.label_dim)


def _mapping_units(layers: int, width: int, last: int) -> list[int]:
    return [width or last] * (layers - 1) + [last] * min(layers, 1)


def _check(shape: DiscriminatorShape | GeneratorShape) -> None:
    count = len(sides(shape.image_size))
    step = "Choose 1 (grey), 2 (with transparency), 3 (RGB) or 4 (RGBA) with channels= (--channels)."
    checks.check_choice("channels", shape.channels, (1, 2, 3, 4), step)
    checks.check_choice("architecture", shape.architecture, ARCHITECTURES)
    checks.check_integer("mapping_layers", shape.mapping_layers, least=0)
    checks.check_number("clamp", shape.clamp, next_step="0 sets no limit.")
    widths = tuple(shape.widths) or usual_widths(shape.image_size)
    if len(widths) != count:
        expected = f"{count} numbers of channels for images of {shape.image_size} pixels"
        raise checks.user_error("widths", expected, widths, "One each for maps of 4, 8, ... pixels.")
    object.__setattr__(shape, "widths", widths)

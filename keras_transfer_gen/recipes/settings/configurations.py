"""Named configurations of StyleGAN2's trainings: sizes of the networks and settings, by the size of the images."""

from __future__ import annotations

import dataclasses
from typing import Any

ARCH = "stylegan2"  # the architecture that has configurations
AUTO = "auto"
MIXING, PATH_LENGTH_WEIGHT, ADA_KIMG = 0.9, 2.0, 500.0
FULL_BASE, HALF_BASE = 32768, 16384  # channels times side of a feature map


@dataclasses.dataclass(frozen=True)
class Configuration:
    """A row of `CONFIGURATIONS`. None means: by the size of the images and of the batch, as `auto` has it.

    Args:
        batch_size: images in a batch.
        group_size: images that the discriminator compares; 0 compares the whole batch.
        channel_base: channels times side of a feature map.
        learning_rate: of both networks.
        r1_gamma: weight of R1.
        ema_halflife_kimg: half-life of the averaged generator.
        mapping_layers: dense layers of the mapping network.
        path_length_weight: weight of the path-length penalty.
        mixing: probability of mixed styles.
        d_architecture: how images enter the discriminator.
    """

    batch_size: int | None = None
    group_size: int | None = None
    channel_base: int | None = None
    learning_rate: float | None = None
    r1_gamma: float | None = None
    ema_halflife_kimg: float | None = None
    mapping_layers: int = 8
    path_length_weight: float = PATH_LENGTH_WEIGHT
    mixing: float = MIXING
    d_architecture: str = "resnet"

    def settings(self, image_size: int, batch_size: int | None) -> dict[str, Any]:
        """The settings that the configuration stands for: dict of name -> value.

        Args:
            image_size: side of the images, in pixels.
            batch_size: images in a batch where the user chose it, or None.
        """
        batch = batch_size or self.batch_size or max(min(4096 // image_size, 32), 1)
        by_size = {
            "learning_rate": 0.002 if image_size >= 1024 else 0.0025,
            "r1_gamma": 0.0002 * image_size**2 / batch,
            "ema_halflife_kimg": batch * 10 / 32,
        }
        own = {name: getattr(self, name) for name in by_size}
        return {
            "batch_size": batch, "path_length_weight": self.path_length_weight, "augment": f"ada:kimg={ADA_KIMG:g}",
            **{name: by_size[name] if value is None else value for name, value in own.items()},
        }  # fmt: skip

    def options(self, image_size: int, batch_size: int) -> dict[str, Any]:
        """The options of the architecture that the configuration stands for: dict of name -> value.

        Args:
            image_size: side of the images, in pixels.
            batch_size: images in a batch.
        """
        base = FULL_BASE if image_size >= 512 else HALF_BASE
        return {
            "channel_base": self.channel_base or base, "mapping_layers": self.mapping_layers, "mixing": self.mixing,
            "group_size": min(batch_size, 4) if self.group_size is None else self.group_size,
            "d_architecture": self.d_architecture,
        }  # fmt: skip


# Karras et al., 2020 (arXiv:2006.06676), and the training options that were published with it.
CONFIGURATIONS = {
    AUTO: Configuration(mapping_layers=2),
    "stylegan2": Configuration(32, 4, FULL_BASE, 0.002, 10.0, 10.0),
    "paper256": Configuration(64, 8, HALF_BASE, 0.0025, 1.0, 20.0),
    "paper512": Configuration(64, 8, FULL_BASE, 0.0025, 0.5, 20.0),
    "paper1024": Configuration(32, 4, FULL_BASE, 0.002, 2.0, 10.0),
    "cifar": Configuration(64, 32, FULL_BASE, 0.0025, 0.01, 500.0, 2, 0.0, 0.0, "orig"),
}

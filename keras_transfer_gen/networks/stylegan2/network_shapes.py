"""The sizes and switches of networks that were built here, told by the Keras models themselves."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from keras_transfer_gen.networks.stylegan2.from_tensors import discriminator_shape, generator_shape
from keras_transfer_gen.networks.stylegan2.official import DISCRIMINATOR, GENERATOR, to_official

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape


def shape_of_generator(generator: keras.Model) -> GeneratorShape:
    """`GeneratorShape` of what `build_stylegan2_generator` made."""
    shape = generator_shape(to_official(GENERATOR, generator))
    last = generator.get_layer(f"block_{shape.image_size}")
    return dataclasses.replace(
        shape, clamp=last.clamp, noise=last.noise, lr_multiplier=generator.get_layer("mapping").lr_multiplier,
        reduced_blocks=_reduced(generator),
    )  # fmt: skip


def shape_of_discriminator(discriminator: keras.Model) -> DiscriminatorShape:
    """`DiscriminatorShape` of what `build_stylegan2_discriminator` made."""
    shape = discriminator_shape(to_official(DISCRIMINATOR, discriminator))
    end, names = discriminator.get_layer("block_4"), [layer.name for layer in discriminator.layers]
    multiplier = discriminator.get_layer("mapping").lr_multiplier if "mapping" in names else shape.lr_multiplier
    return dataclasses.replace(
        shape, clamp=end.clamp, group_size=end.group_size, lr_multiplier=multiplier,
        reduced_blocks=_reduced(discriminator, always="block_4"),
    )  # fmt: skip


def _reduced(network: keras.Model, always: str | None = None) -> int:
    """Blocks that follow a mixed precision; the last block of a discriminator never does, whatever is set."""
    blocks = [layer for layer in network.layers if layer.name.startswith("block_") and layer.name != always]
    count = sum(not layer.in_float32 for layer in blocks)
    return max(count, 4) if count == len(blocks) else count

"""The entry of StyleGAN2 in `tables.ARCHITECTURES`; the networks are imported when they are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.architectures import Architecture, Option
from keras_transfer_gen.network_inputs import TRUNCATION, NetworkInput

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


def _build(
    spec: ModelSpec,
    channel_base: int,
    channel_max: int,
    w_dim: int,
    mapping_layers: int,
    g_architecture: str,
    d_architecture: str,
    group_size: int,
    clamp: float,
    noise: str,
    mixing: float,
    reduced_blocks: int,
) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape, usual_widths
    from keras_transfer_gen.networks.stylegan2.stylegan2 import (
        build_stylegan2_discriminator,
        build_stylegan2_generator,
    )

    shared: dict[str, Any] = {
        "widths": usual_widths(spec.image_size, channel_base, channel_max), "num_classes": spec.num_classes,
        "clamp": clamp, "reduced_blocks": reduced_blocks,
    }  # fmt: skip
    generator = GeneratorShape(
        spec.image_size, spec.channels, spec.latent_dim, w_dim=w_dim, mapping_layers=mapping_layers,
        architecture=g_architecture, noise=noise, mixing=mixing, **shared,
    )  # fmt: skip
    discriminator = DiscriminatorShape(
        spec.image_size, spec.channels, architecture=d_architecture, group_size=group_size, **shared
    )
    return build_stylegan2_generator(generator), build_stylegan2_discriminator(discriminator)


def _find_blocks(role: str, paths: list[str]) -> list[str]:
    """From the image's side: the blocks of a network, and at the end of a generator's the mapping network.

    The discriminator's last block, `block_4`, is left out: it judges.
    """
    names = {path.split("/")[1] for path in paths if path.startswith(f"{role}/") and path.count("/")}
    sides = sorted((int(name.removeprefix("block_")) for name in names if name.startswith("block_")), reverse=True)
    if role == "discriminator":
        return [f"{role}/block_{side}" for side in sides if side > 4]
    return [*(f"{role}/block_{side}" for side in sides), *([f"{role}/mapping"] if "mapping" in names else [])]


def _build_discriminator(spec: ModelSpec, trained: keras.Model | None) -> keras.Model:
    from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, usual_widths
    from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator

    widths = usual_widths(spec.image_size, 32768 if spec.image_size >= 512 else 16384)
    shape = DiscriminatorShape(spec.image_size, spec.channels, num_classes=spec.num_classes, widths=widths)
    return build_stylegan2_discriminator(shape)


def _grow(networks: tuple[keras.Model, keras.Model]) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.stylegan2.changing import change_discriminator, change_generator

    generator, discriminator = networks
    size = 2 * generator.output_shape[1]
    return change_generator(generator, image_size=size)[0], change_discriminator(discriminator, image_size=size)[0]


STYLEGAN2 = Architecture(
    build_networks=_build,
    grow_networks=_grow,
    build_discriminator=_build_discriminator,
    options=(
        Option("channel_base", 16384, "channels times side of a feature map; 32768 from 512 pixels on"),
        Option("channel_max", 512, "channels of a feature map at most"),
        Option("w_dim", 512, "length of a style vector"),
        Option("mapping_layers", 8, "dense layers of the mapping network"),
        Option("g_architecture", "skip", "how the generator's blocks give images: skip, resnet or orig"),
        Option("d_architecture", "resnet", "how images enter the discriminator: resnet, skip or orig"),
        Option("group_size", 4, "images that the discriminator compares; 0 compares the whole batch", least=0),
        Option("clamp", 256.0, "largest absolute activation; 0 sets no limit", least=0),
        Option("noise", "const", "added in use: const, random or none"),
        Option("mixing", 0.9, "probability that a training batch has mixed styles; without classes alone", least=0),
        Option("reduced_blocks", 4, "blocks of the highest resolutions that follow a lower precision", least=0),
    ),
    image_sizes=(8, 16, 32, 64, 128, 256, 512, 1024),
    channels=(1, 2, 3, 4),
    latent_dim=512,
    find_blocks=_find_blocks,
    inputs=(NetworkInput(TRUNCATION, value=1.0),),
    intermediates={"w": "styles"},
)

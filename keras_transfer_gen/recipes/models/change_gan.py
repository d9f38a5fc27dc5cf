"""A StyleGAN2 for images of another size, other channels, other classes or with another mapping network."""

from __future__ import annotations

import dataclasses
from typing import Any

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.changing import change_discriminator, change_generator
from keras_transfer_gen.networks.stylegan2.missing_parts import measure_average
from keras_transfer_gen.networks.stylegan2.official import GENERATOR, load_official, to_official
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.models.network_files import ARCH
from keras_transfer_gen.training.gan import GAN


def change_gan(
    gan: GAN,
    image_size: int | None = None,
    channels: int | None = None,
    num_classes: int | None = None,
    mapping_layers: int | None = None,
) -> tuple[GAN, list[str]]:
    """A StyleGAN2 of another shape that keeps every weight that fits.

    What is new begins without effect where that is possible, see docs/stylegan2.md. Feature heads are left out.

    Args:
        gan: `GAN` of the architecture `stylegan2`; it is not changed.
        image_size: side of the images, a power of two from 4 to 1024 pixels; None leaves it, as the others.
        channels: 1 (grey), 2, 3 (RGB) or 4 (RGBA).
        num_classes: number of classes; 0 takes the labels away.
        mapping_layers: dense layers of the mapping network.

    Returns:
        (`GAN`, not compiled; list of sentences: what was copied, adapted, drawn anew and left out).

    Raises:
        UserError: for another architecture and for sizes that there are not.

    Example:
        >>> larger, report = change_gan(load_gan("ffhq.pkl"), image_size=512)  # doctest: +SKIP
    """
    if gan.spec.arch != ARCH:
        step = "Only StyleGAN2 changes its shape in this way; `ktg grow` doubles a DCGAN."
        raise checks.user_error("source", "a StyleGAN2", gan.spec.arch or "another network", step)
    changes = {"image_size": image_size, "channels": channels, "num_classes": num_classes}
    generator, report = change_generator(gan.generator, **changes, mapping_layers=mapping_layers)
    averaged, _ = change_generator(gan.ema_generator, **changes, mapping_layers=mapping_layers)
    judge, judge_report = change_discriminator(without_lipschitz_bounded(gan.discriminator), **changes)
    known: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    if num_classes not in (None, gan.spec.num_classes):
        known["class_names"] = []
    changed = GAN(generator, judge, spec=dataclasses.replace(gan.spec, **known), name=gan.name)
    kept = {name: array for name, array in to_official(GENERATOR, averaged).items() if name not in report.drawn}
    load_official(GENERATOR, changed.ema_generator, kept)  # what is new is the same in both
    lines = [*report.lines("generator"), *judge_report.lines("discriminator")]
    if any(name.startswith("mapping.") for name in (*report.drawn, *report.dropped)):
        for network in (changed.generator, changed.ema_generator):
            measure_average(network)
        lines.append("generator: the average style was measured anew on 10,000 latents.")
    return changed, lines

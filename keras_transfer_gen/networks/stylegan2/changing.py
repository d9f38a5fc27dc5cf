"""Trained networks in another shape: other resolution, channels, labels or mapping depth, with all weights that fit."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.networks.stylegan2.network_shapes import shape_of_discriminator, shape_of_generator
from keras_transfer_gen.networks.stylegan2.official import DISCRIMINATOR, GENERATOR, load_official, to_official
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape


@dataclasses.dataclass(frozen=True)
class ChangeReport:
    """What became of the weights of a network.

    Args:
        copied: official names of the arrays that were copied.
        adapted: name -> how an array of another shape was made of the old one, or what a new one begins as.
        drawn: official names of new arrays with random numbers.
        dropped: official names of old arrays that the new network does not have.
    """

    copied: tuple
    adapted: dict
    drawn: tuple
    dropped: tuple

    def lines(self, role: str) -> list[str]:
        """Sentences for a person."""
        lines = [f"{role}: {len(self.copied)} arrays copied, {len(self.adapted)} adapted, {len(self.drawn)} new."]
        lines += [f"{role}: {name}: {words}" for name, words in self.adapted.items()]
        lines += [f"{role}: new, with random numbers: {', '.join(self.drawn)}"] if self.drawn else []
        return lines + ([f"{role}: left out: {', '.join(self.dropped)}"] if self.dropped else [])


def change_generator(
    generator: keras.Model,
    image_size: int | None = None,
    channels: int | None = None,
    num_classes: int | None = None,
    mapping_layers: int | None = None,
) -> tuple[keras.Model, ChangeReport]:
    """A generator of another shape.

    - A larger image: with the form "skip" the new blocks begin with nothing to add, so that images are the old ones,
      enlarged; with other forms the new blocks are drawn anew. A smaller one: the last blocks are left out.
    - Other channels: grey is the mean of RGB, RGB repeats grey, and an added alpha channel begins opaque.
    - Labels where there were none: they begin without effect. Another number of them: the embedding alone is new.
    - Another depth of the mapping network: the first layers are kept.

    Args:
        generator: what `build_stylegan2_generator` made; it is not changed.
        image_size: side of the images, in pixels; None leaves it, as the others.
        channels: of the images.
        num_classes: of the labels; 0 takes them away.
        mapping_layers: dense layers of the mapping network.

    Returns:
        (`keras.Model`, `ChangeReport`).

    Raises:
        UserError: for sizes that there are not.
    """
    old = shape_of_generator(generator)
    new = _new_shape(old, image_size, channels, num_classes, mapping_layers)
    network, arrays = build_stylegan2_generator(new), to_official(GENERATOR, generator)
    wanted, adapted = to_official(GENERATOR, network), {}
    for name in wanted:
        words = _adapt_generator(name, arrays, wanted, old, new)
        if words:
            adapted[name] = words
    return network, _finish(GENERATOR, network, arrays, wanted, adapted)


def change_discriminator(
    discriminator: keras.Model,
    image_size: int | None = None,
    channels: int | None = None,
    num_classes: int | None = None,
) -> tuple[keras.Model, ChangeReport]:
    """A discriminator of another shape, as `change_generator`.

    For a larger image the new blocks begin as an averaging of the image and the layers that it entered the old one by,
    where they have channels enough: its judgement is that of the image made smaller.

    Args:
        discriminator: what `build_stylegan2_discriminator` made; it is not changed.
        image_size: side of the images, in pixels; None leaves it, as the others.
        channels: of the images.
        num_classes: of the labels; 0 takes them away.

    Returns:
        (`keras.Model`, `ChangeReport`).

    Raises:
        UserError: for sizes that there are not.
    """
    old = shape_of_discriminator(discriminator)
    new = _new_shape(old, image_size, channels, num_classes)
    if len(new.widths) > len(old.widths) + 1:  # each block begins as what the one after it was: one after the other
        half, first = change_discriminator(discriminator, new.image_size // 2, channels, num_classes)
        network, second = change_discriminator(half, new.image_size)
        return network, _in_turn(first, second)
    network, arrays = build_stylegan2_discriminator(new), to_official(DISCRIMINATOR, discriminator)
    wanted, adapted = to_official(DISCRIMINATOR, network), {}
    if new.channels != old.channels:
        for name in [name for name in arrays if name.endswith("fromrgb.weight")]:
            arrays[name], words = _other_inputs(arrays[name], new.channels)
            if name in wanted:
                adapted[name] = words
    if len(new.widths) > len(old.widths):
        adapted |= _begin_block(new.image_size, arrays, wanted, new)
    return network, _finish(DISCRIMINATOR, network, arrays, wanted, adapted)


def _in_turn(first: ChangeReport, second: ChangeReport) -> ChangeReport:
    """What became of the weights in two changes, one after the other."""
    adapted = {name: words for name, words in first.adapted.items() if name in second.copied} | second.adapted
    drawn = tuple(name for name in first.drawn if name in second.copied) + second.drawn
    return ChangeReport(
        copied=tuple(name for name in second.copied if name in first.copied),
        adapted=adapted,
        drawn=drawn,
        dropped=(*first.dropped, *(name for name in second.dropped if name in first.copied)),
    )


def _new_shape(
    old: Any,
    image_size: int | None,
    channels: int | None,
    num_classes: int | None,
    mapping_layers: int | None = None,
) -> DiscriminatorShape | GeneratorShape:
    """The new shape; an added block has half the channels of the one before it, but enough to pass an image on."""
    values = {
        "image_size": image_size, "channels": channels, "num_classes": num_classes, "mapping_layers": mapping_layers,
    }  # fmt: skip
    values = {name: value for name, value in values.items() if value is not None}
    size = max(values.get("image_size", old.image_size), 4)
    widths = list(old.widths)[: int(math.log2(size)) - 1]
    while 4 * 2 ** (len(widths) - 1) < size:
        widths.append(max(widths[-1] // 2, 2 * values.get("channels", old.channels)))
    return dataclasses.replace(old, widths=tuple(widths), **values)


def _adapt_generator(
    name: str, arrays: dict[str, np.ndarray], wanted: dict[str, np.ndarray], old: GeneratorShape, new: Any
) -> str:
    """Changes `arrays[name]` so that it fits; returns how, or ""."""
    if "torgb" in name and name.rsplit(".", 1)[-1] in ("weight", "bias") and ".affine." not in name:
        if name not in arrays and old.architecture == new.architecture == "skip":
            arrays[name] = np.zeros_like(wanted[name])
            return "zeros: the block adds nothing at first"
        if name in arrays and arrays[name].shape != wanted[name].shape:
            arrays[name], words = _other_outputs(arrays[name], new.channels, name.endswith("bias"))
            return words
    if name == "mapping.fc0.weight" and name in arrays and arrays[name].shape != wanted[name].shape:
        inputs, before = wanted[name].shape[1], arrays[name].shape[1]
        kept = np.zeros_like(wanted[name])
        kept[:, : old.latent_dim] = arrays[name][:, : old.latent_dim] * math.sqrt(inputs / before)
        arrays[name] = kept
        return "of the latents; labels begin without effect"
    return ""


def _other_outputs(array: np.ndarray, channels: int, is_bias: bool) -> Any:
    """An array [out, ...] for images of other channels, and how it was made."""
    colours = array[: 1 if len(array) < 3 else 3]
    grey = colours.mean(axis=0, keepdims=True)
    rows, words = [grey, "the mean of the colours"] if channels < 3 else [colours, "the same colours"]
    if channels >= 3 and len(colours) == 1:
        rows, words = np.repeat(grey, 3, axis=0), "grey, repeated"
    if channels in (2, 4):
        alpha = np.ones_like(grey) if is_bias else np.zeros_like(grey)
        rows, words = np.concatenate([rows, alpha]), f"{words}; alpha begins opaque"
    return rows, words


def _other_inputs(array: np.ndarray, channels: int) -> Any:
    """A kernel [out, in, 1, 1] for images of other channels, and how it was made."""
    used = array / math.sqrt(array.shape[1])  # as it is when the network runs
    colours = used[:, : 1 if array.shape[1] < 3 else 3]
    grey = colours.sum(axis=1, keepdims=True)
    columns: Any
    columns, words = [grey, "the sum of the colours"] if channels < 3 else [colours, "the same colours"]
    if channels >= 3 and colours.shape[1] == 1:
        columns, words = np.repeat(grey / 3, 3, axis=1), "grey, shared by the colours"
    if channels in (2, 4):
        columns, words = np.concatenate([columns, np.zeros_like(grey)], axis=1), f"{words}; alpha is not seen at first"
    return columns * math.sqrt(channels), words


def _begin_block(side: int, arrays: dict[str, np.ndarray], wanted: dict[str, np.ndarray], shape: Any) -> dict[str, str]:
    """Fills in an added block of a discriminator so that it begins as an averaging; returns what was done by name."""
    prefix, before = f"b{side}", f"b{side // 2}.fromrgb"
    names = {f"{prefix}.{name}" for name in ("conv0.weight", "conv0.bias", "conv1.weight", "conv1.bias", "skip.weight")}
    names &= set(wanted)
    if shape.architecture == "skip":  # what the block gives is added to what the old one sees: nothing at first
        silent = (f"{prefix}.conv1.weight", f"{prefix}.conv1.bias")
        arrays.update({name: np.zeros_like(wanted[name]) for name in silent})
        return dict.fromkeys(silent, "zeros: the block gives nothing at first")
    kernel, bias, channels = arrays.get(f"{before}.weight"), arrays.get(f"{before}.bias"), shape.channels
    width = wanted[f"{prefix}.fromrgb.weight"].shape[0]
    if kernel is None or width < 2 * channels:
        return {}
    pairs = np.concatenate([np.eye(channels), -np.eye(channels)])  # leaky ReLUs of x and of -x tell x
    rest = pairs.T / (1.2 * math.sqrt(2.0))
    names |= {f"{prefix}.fromrgb.weight", f"{prefix}.fromrgb.bias"}
    arrays.update({name: np.zeros_like(wanted[name]) for name in names})
    arrays[f"{prefix}.fromrgb.weight"][: 2 * channels, :, 0, 0] = pairs * math.sqrt(channels)
    arrays[f"{prefix}.conv0.weight"][: 2 * channels, : 2 * channels, 1, 1] = pairs @ rest * math.sqrt(9 * width)
    gain = math.sqrt(2.0) if shape.architecture == "resnet" else 1.0  # the block's own is the root of a half
    used = kernel[:, :, 0, 0] / math.sqrt(kernel.shape[1])
    arrays[f"{prefix}.conv1.weight"][:, : 2 * channels, 1, 1] = gain * used @ rest * math.sqrt(9 * width)
    arrays[f"{prefix}.conv1.bias"] = gain * bias
    return dict.fromkeys(sorted(names), f"begins as an averaging of the image and {before}")


def _finish(
    role: str,
    network: keras.Model,
    arrays: dict[str, np.ndarray],
    wanted: dict[str, np.ndarray],
    adapted: dict[str, str],
) -> ChangeReport:
    """Loads what fits; `ChangeReport`."""
    fitting = {name: array for name, array in arrays.items() if name in wanted and array.shape == wanted[name].shape}
    load_official(role, network, fitting)
    drawn = tuple(name for name in wanted if name not in fitting)
    copied = tuple(name for name in fitting if name not in adapted)
    return ChangeReport(copied, adapted, drawn, tuple(name for name in arrays if name not in fitting))

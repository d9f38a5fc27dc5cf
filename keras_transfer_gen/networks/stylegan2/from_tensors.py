"""The sizes and switches of a StyleGAN2 network, read off its tensors; what they don't tell, off the file's words."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.low_pass_filter import FILTER
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape

TOLERANCE = 1e-5  # of gains, relative
STYLEGAN3 = "It is a StyleGAN3 network. Only networks of the configuration stylegan2 can be read."
XL = "It is a StyleGAN-XL network, built on StyleGAN3. Only networks of the configuration stylegan2 can be read."
_STEP = "Only StyleGAN2 networks as their authors publish them can be read."


def check_kind(arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]]) -> None:
    """Raises a `UserError` for a network of another family, with its name.

    Args:
        arrays: dict of official name -> ndarray.
        attributes: dict of module path -> dict of what the file says of it.
    """
    classes = {facts.get("class") for facts in attributes.values()}
    if classes & {"SuperresGenerator", "ProjectedDiscriminator", "MultiScaleD", "SingleDisc"}:
        raise checks.user_error("source", "a StyleGAN2 network", "StyleGAN-XL", XL)
    inside = {name.split(".")[1] for name in arrays if name.startswith("synthesis.")}
    if "input" in inside or any(re.fullmatch(r"L\d+_\d+_\d+", name) for name in inside):
        raise checks.user_error("source", "a StyleGAN2 network", "StyleGAN3", STYLEGAN3)


def generator_shape(
    arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]] | None = None
) -> GeneratorShape:
    """`GeneratorShape` of a generator.

    Args:
        arrays: dict of official name -> ndarray in the official layout.
        attributes: dict of module path -> dict of what the file says of it.

    Raises:
        UserError: for another network, and for one whose parts differ from StyleGAN2's; the message says in what.
    """
    attributes = attributes or {}
    check_kind(arrays, attributes)
    _check_parts(arrays, attributes)
    sides = _sides(arrays, "synthesis.")
    for side in sides:
        _shape(arrays, f"synthesis.b{side}.conv1.weight", 4)
    layers = _mapping_layers(arrays)
    w_dim = _shape(arrays, "synthesis.b4.conv1.affine.weight", 2)[1]
    classes, embed_dim = _labels(arrays)
    inputs = _shape(arrays, "mapping.fc0.weight", 2)[1] if layers else w_dim
    noise = "const" if any(name.endswith(".noise_strength") for name in arrays) else "none"
    return GeneratorShape(
        image_size=sides[-1],
        channels=_shape(arrays, f"synthesis.b{sides[-1]}.torgb.weight", 4)[0],
        latent_dim=inputs - embed_dim,
        num_classes=classes,
        w_dim=w_dim,
        widths=tuple(_shape(arrays, f"synthesis.b{side}.conv1.weight", 4)[0] for side in sides),
        mapping_layers=layers,
        mapping_width=_shape(arrays, "mapping.fc0.weight", 2)[0] if layers > 1 else 0,
        embed_dim=embed_dim,
        lr_multiplier=_lr_multiplier(attributes, layers),
        architecture=_architecture(arrays, "synthesis.", "torgb", sides),
        clamp=_clamp(attributes),
        noise=noise,
    )


def discriminator_shape(
    arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]] | None = None
) -> DiscriminatorShape:
    """`DiscriminatorShape` of a discriminator; arguments and errors as of `generator_shape`."""
    attributes = attributes or {}
    check_kind(arrays, attributes)
    _check_parts(arrays, attributes)
    sides = _sides(arrays, "")
    layers = _mapping_layers(arrays)
    classes, embed_dim = _labels(arrays)
    first = f"b{sides[-1]}.fromrgb.weight"
    group = attributes.get("b4.mbstd", {})
    if group.get("num_channels", 1) != 1:
        expected = "a discriminator with one channel of deviations"
        raise checks.user_error("source", expected, group["num_channels"], _STEP)
    size = group.get("group_size", attributes.get("", {}).get("kwargs.mbstd_group_size", 4 if not group else 0))
    return DiscriminatorShape(
        image_size=sides[-1],
        channels=_shape(arrays, first, 4)[1],
        num_classes=classes,
        widths=(
            _shape(arrays, "b4.fc.weight", 2)[0],
            *(_shape(arrays, f"b{side}.conv0.weight", 4)[0] for side in sides if side > 4),
        ),
        mapping_layers=layers,
        mapping_width=_shape(arrays, "mapping.fc0.weight", 2)[0] if layers > 1 else 0,
        embed_dim=embed_dim,
        label_dim=_shape(arrays, "b4.out.weight", 2)[0] if classes else 0,
        lr_multiplier=_lr_multiplier(attributes, layers),
        architecture=_architecture(arrays, "", "fromrgb", sides),
        clamp=_clamp(attributes),
        group_size=int(size),
    )


def _sides(arrays: dict[str, np.ndarray], prefix: str) -> list[int]:
    matches = (re.match(rf"{re.escape(prefix)}b(\d+)\.", name) for name in arrays)
    sides = sorted({int(match[1]) for match in matches if match})
    expected = [2**power for power in range(2, 2 + len(sides))]
    if not sides or sides != expected or sides[-1] > 1024:
        words = "a StyleGAN2 network with blocks of 4, 8, ... up to 1024 pixels"
        raise checks.user_error("source", words, sides, _STEP)
    return sides


def _shape(arrays: dict[str, np.ndarray], name: str, rank: int) -> tuple[int, ...]:
    """The shape of an array that must be there."""
    shape = np.shape(arrays[name]) if name in arrays else None
    if shape is None or len(shape) != rank or 0 in shape:
        raise checks.user_error("source", f"a StyleGAN2 network with {name} of {rank} axes", shape, _STEP)
    return shape


def _mapping_layers(arrays: dict[str, np.ndarray]) -> int:
    layers = 0
    while f"mapping.fc{layers}.weight" in arrays:
        layers += 1
    return layers


def _labels(arrays: dict[str, np.ndarray]) -> tuple[int, int]:
    """(number of classes, length of an embedded label)."""
    if "mapping.embed.weight" not in arrays:
        return 0, 0
    embed_dim, classes = _shape(arrays, "mapping.embed.weight", 2)
    return classes, embed_dim


def _architecture(arrays: dict[str, np.ndarray], prefix: str, image_layer: str, sides: list[int]) -> str:
    """Where every block has to do with the image skip, where blocks have a skip layer resnet, else orig."""
    if len(sides) > 1 and f"{prefix}b4.{image_layer}.weight" in arrays:
        return "skip"
    return "resnet" if f"{prefix}b{sides[-1]}.skip.weight" in arrays else "orig"


def _clamp(attributes: dict[str, dict[str, Any]]) -> float:
    """The limit of activations that all layers share; 0 where the file states none."""
    stated = {facts["conv_clamp"] for facts in attributes.values() if "conv_clamp" in facts}
    if not stated:
        stated = {facts["kwargs.conv_clamp"] for facts in attributes.values() if "kwargs.conv_clamp" in facts}
    if len(stated) > 1:
        raise checks.user_error("source", "a network with one limit of activations", sorted(stated), _STEP)
    return float(stated.pop()) if stated else 0.0


def _lr_multiplier(attributes: dict[str, dict[str, Any]], layers: int) -> float:
    gains = {attributes[f"mapping.fc{n}"].get("bias_gain") for n in range(layers) if f"mapping.fc{n}" in attributes}
    gains.discard(None)
    if len(gains) > 1:
        raise checks.user_error("source", "a mapping network with one learning rate", sorted(gains), _STEP)
    return float(gains.pop()) if gains else float(attributes.get("", {}).get("kwargs.lr_multiplier", 0.01))


def _check_parts(arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]]) -> None:
    """Raises a `UserError` where a filter, an activation or a gain is not StyleGAN2's."""
    for name, array in arrays.items():
        if name.endswith("resample_filter") and (array.shape != (4, 4) or np.abs(array - FILTER).max() > TOLERANCE):
            raise checks.user_error("source", f"a network whose {name} is (1, 3, 3, 1)", array.shape, _STEP)
    for path, facts in attributes.items():
        last = path.rsplit(".", 1)[-1]
        if "activation" in facts:
            expected = "linear" if last in ("affine", "embed", "skip", "out") else "lrelu"
            if facts["activation"] != expected:
                words = f"a network whose {path} has the activation {expected}"
                raise checks.user_error("source", words, facts["activation"], _STEP)
        weight = arrays.get(f"{path}.weight")
        if "weight_gain" in facts and weight is not None:
            gain = facts.get("bias_gain", 1.0) if weight.ndim == 2 else 1.0
            expected = gain / math.sqrt(math.prod(weight.shape[1:]))
            if abs(facts["weight_gain"] - expected) > TOLERANCE * expected:
                words = f"a network whose {path} scales its weights by {expected:g}"
                raise checks.user_error("source", words, facts["weight_gain"], _STEP)

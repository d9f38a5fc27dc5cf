"""A DCGAN's generator with fewer channels, which begins with the most important ones of the wide generator."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import StartBlock, UpBlock

MIN_CHANNELS = 4
BYTES = 4  # of a weight, float32


def megabytes(network: keras.Model) -> float:
    """Size of a network's weights in float32, in MB (10**6 bytes)."""
    return BYTES * network.count_params() / 1e6


def narrow_to_size(generator: keras.Model, size_mb: float) -> keras.Model:
    """The widest copy of a generator, all maps narrowed by one factor, whose weights take at most `size_mb`.

    Args:
        generator: functional model of DCGAN's blocks, such as `build_dcgan_generator` and
            `build_conditional_generator` return them.
        size_mb: MB of float32 weights.

    Returns:
        `keras.Model`, with the weights of the channels that are kept; it shares nothing with `generator`.

    Raises:
        UserError: where the generator has no such blocks, is that small already, or can't be made that small.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
        >>> student = narrow_to_size(build_dcgan_generator(32, max_channels=64), size_mb=0.2)
        >>> bool(0.15 < megabytes(student) <= 0.2)
        True
    """
    check_size(generator, size_mb)
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if megabytes(clone_narrow(generator, middle)) <= size_mb else (low, middle)
    student = clone_narrow(generator, low)
    transfer_channels(generator, student)
    return student


def check_size(generator: keras.Model, size_mb: float) -> float:
    """Raises a `UserError` where `narrow_to_size` can't make a generator of that size; returns the size, float."""
    if not _blocks(generator):
        step = "ktg distill narrows generators of the architectures dcgan, refined_dcgan and conditional_dcgan."
        raise checks.user_error("source", "a generator of DCGAN's blocks", generator.name, step)
    full = megabytes(generator)
    if size_mb >= full:
        step = "The student must be smaller than its teacher. Give a smaller --size-mb."
        raise checks.user_error("size_mb", f"below the {full:.2f} MB of the teacher", size_mb, step)
    least = megabytes(clone_narrow(generator, 0.0))
    if size_mb < least:
        step = f"What is left at {MIN_CHANNELS} channels is the latents' side of the blocks. Give a larger --size-mb."
        raise checks.user_error("size_mb", f"at least {least:.3g} MB for this teacher", size_mb, step)
    return float(size_mb)


def clone_narrow(generator: keras.Model, factor: float) -> keras.Model:
    """A copy with fresh weights whose maps have `factor` times as many channels, at least `MIN_CHANNELS`."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, (StartBlock, UpBlock)):
            config["filters"] = max(MIN_CHANNELS, int(layer.filters * factor))
        return type(layer).from_config(config)

    copy = keras.models.clone_model(generator, clone_function=clone)
    for layer in copy._flatten_layers():  # private, but the public list leaves inner layers out
        layer.trainable = True
    return copy


def transfer_channels(wide: keras.Model, narrow: keras.Model) -> None:
    """Copies what two generators of the same layers have in common, of each block its most important channels.

    A channel counts as much as its norm's scale times what the next block makes of it.

    Args:
        wide: the generator to copy from.
        narrow: what `clone_narrow` made of it; changed in place.
    """
    followers = _followers(wide)
    previous = None  # the channels of the map before that are kept
    for source, target in zip(wide.layers, narrow.layers, strict=True):
        if isinstance(source, (StartBlock, UpBlock)):
            kept = _important(source, followers[source.name], target.filters)
            copy = _copy_start if isinstance(source, StartBlock) else _copy_up
            copy(source, target, previous, kept)
            previous = kept
        elif isinstance(source, keras.layers.Conv2D) and previous is not None:
            kernel, *rest = source.get_weights()
            target.set_weights([kernel[:, :, previous], *rest])
        elif [w.shape for w in source.weights] == [w.shape for w in target.weights]:
            target.set_weights(source.get_weights())


def _blocks(generator: keras.Model) -> list[StartBlock | UpBlock]:
    return [layer for layer in generator.layers if isinstance(layer, (StartBlock, UpBlock))]


def _followers(generator: keras.Model) -> dict[str, np.ndarray]:
    """{name of a block: kernel `[h, w, in, out]` of the convolution behind it}."""
    blocks = _blocks(generator)
    last = generator.layers[-1]
    kernels = [block.conv.kernel for block in blocks[1:]] + [last.kernel]
    return {block.name: np.asarray(kernel) for block, kernel in zip(blocks, kernels, strict=True)}


def _important(block: StartBlock | UpBlock, follower: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the `count` most important channels of a block, in their order."""
    gamma = np.abs(np.asarray(block.norm.gamma))
    importance = gamma * np.sqrt(np.square(follower).sum(axis=(0, 1, 3)))
    return np.sort(np.argsort(-importance, kind="stable")[:count])


def _copy_start(source: StartBlock, target: StartBlock, previous: Any, kept: np.ndarray) -> None:
    places = source.size * source.size
    columns = _repeated(kept, source.filters, places)
    target.dense.set_weights([source.dense.get_weights()[0][:, columns]])
    target.norm.set_weights([values[kept] for values in source.norm.get_weights()])


def _copy_up(source: UpBlock, target: UpBlock, previous: np.ndarray, kept: np.ndarray) -> None:
    target.conv.set_weights([source.conv.get_weights()[0][:, :, previous][..., kept]])
    target.norm.set_weights([values[kept] for values in source.norm.get_weights()])
    if source.modulated:
        columns = _repeated(kept, source.filters, 2)  # scales, then shifts
        target.modulation.set_weights([values[..., columns] for values in source.modulation.get_weights()])
    if source.refined:
        kernel, bias = source.refine.conv.get_weights()
        target.refine.conv.set_weights([kernel[:, :, kept][..., kept], bias[kept]])


def _repeated(kept: np.ndarray, filters: int, times: int) -> np.ndarray:
    """Columns of a dense kernel whose outputs are `times` groups of `filters` channels."""
    return (np.arange(times)[:, None] * filters + kept).ravel()

"""Checks of what a served model is asked for, inside its graph: a wrong request is answered by a plain sentence."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen.export.servable import ServedFunction

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


MOST_IMAGES = 1024  # in one request
MOST_PIXELS = 2**22  # of all images in one request: the maps inside a generator take some hundred times as many bytes
BEYOND_RANGE = 1.5  # a model's own images may leave [-1, 1] a little; levels from 0 to 255 are further off


def most_images(spec: ModelSpec) -> int:
    """How many images a request may ask for: 1024, fewer where they are larger than 64 pixels, but at least 16.

    Args:
        spec: `ModelSpec`.

    Example:
        >>> from keras_transfer_gen.specs import ModelSpec
        >>> [most_images(ModelSpec(size, 3, 8)) for size in (28, 64, 256, 1024)]
        [1024, 1024, 64, 16]
    """
    return max(16, min(MOST_IMAGES, MOST_PIXELS // spec.image_size**2))


def guarded(function: ServedFunction, spec: ModelSpec) -> ServedFunction:
    """The same function, which refuses inputs that the model can't be called with.

    Args:
        function: `ServedFunction`. Its inputs are checked by their names, see `CHECKS`.
        spec: `ModelSpec` of the model.

    Returns:
        `ServedFunction`. Where an input is wrong, it raises `tf.errors.InvalidArgumentError` ("assertion failed: ..."),
        which TF Serving passes on as the answer, with the code INVALID_ARGUMENT (400 over REST).
    """
    names = [entry.name for entry in function.inputs]

    @functools.wraps(function.compute)  # the parameters' names are those that callers use
    def compute(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        checks = [check for name, tensor in zip(names, tensors, strict=True) for check in CHECKS[name](tensor, spec)]
        if names[0] == "latents":
            for name, tensor in zip(names[1:], tensors[1:], strict=True):
                same = tf.equal(_sizes(tensors[0])[0], _sizes(tensor)[0])
                checks.append(_check(same, f"as many {_PLURALS.get(name, name)} as latents are needed"))
        with tf.control_dependencies(checks):
            return function.compute(*map(tf.identity, tensors))

    return ServedFunction(compute, function.inputs, function.examples, function.expected, function.tolerance)


def _check(condition: tf.Tensor, message: str, *received: tf.Tensor) -> Any:
    return tf.debugging.Assert(condition, [f"{message}. Received:", *received] if received else [message])


def _sizes(tensor: tf.Tensor) -> tf.Tensor:
    """The sizes of a tensor as it comes in, not as its signature says: a server checks types alone."""
    return tf.raw_ops.Shape(input=tensor, out_type=tf.int32)


def _rows(name: str, tensor: tf.Tensor, spec: ModelSpec, shape: list[int]) -> list[Any]:
    """Checks of the number of rows and of their shape."""
    sizes, most = _sizes(tensor), most_images(spec)
    text = f"{name} must have the shape [N{''.join(f', {size}' for size in shape)}]"
    is_row = tf.reduce_all(tf.equal(tf.concat([sizes[1:], [0]], 0), tf.constant([*shape, 0])))
    first = _check(is_row if shape else tf.equal(tf.size(sizes), 1), text, sizes)
    with tf.control_dependencies([first]):
        count = sizes[0]
    inside = (count >= 1) & (count <= most)
    return [first, _check(inside, f"{name} must have from 1 to {most} rows; send more in several requests", count)]


def _latents(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    finite = tf.reduce_all(tf.math.is_finite(tensor))
    text = "latents must be finite numbers, without NaN and infinity"
    return [*_rows("latents", tensor, spec, [spec.latent_dim]), _check(finite, text)]


def _styles(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    """Their shape is that of the signature: one style for each place of the network that takes one."""
    finite = tf.reduce_all(tf.math.is_finite(tensor))
    shape = [int(size) for size in tensor.shape[1:]]
    text = "w must be finite numbers, without NaN and infinity"
    return [*_rows("w", tensor, spec, shape), _check(finite, text)]


def _images(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    inside = tf.reduce_all(tf.abs(tensor) <= BEYOND_RANGE)  # not true of NaN
    text = "images must be finite numbers from -1 (black) to 1 (white)"
    shape = [spec.image_size, spec.image_size, spec.channels]
    return [*_rows("images", tensor, spec, shape), _check(inside, text)]


def _labels(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    inside = tf.reduce_all((tensor >= 0) & (tensor < spec.num_classes))
    text = f"labels must be classes from 0 to {spec.num_classes - 1}"
    return [*_rows("labels", tensor, spec, []), _check(inside, text, tensor)]


def _tokens(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    """Their grid is that of the signature; a number beyond the codes is refused where it is looked up."""
    shape = [int(size) for size in tensor.shape[1:]]
    inside = tf.reduce_all(tensor >= 0)
    return [*_rows("tokens", tensor, spec, shape), _check(inside, "tokens must be numbers of codes, from 0 on")]


def _num(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    most = most_images(spec)
    text = f"num must be from 1 to {most} images; ask for more in several requests with other seeds"
    return [_check((tensor >= 1) & (tensor <= most), text, tensor)]


def _seed(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    return [_check(tensor >= 0, f"seed must be a whole number from 0 to {tf.int32.max}", tensor)]


def _truncation(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    text = f"truncation must be above 0 and at most 1 (the model's own is {spec.truncation:g})"
    return [_check(tf.reduce_all((tensor > 0) & (tensor <= 1)), text, tensor)]


def _label(tensor: tf.Tensor, spec: ModelSpec) -> list[Any]:
    text = f"label must be a class from 0 to {spec.num_classes - 1}, or -1 for a class drawn for each image"
    return [_check((tensor >= -1) & (tensor < spec.num_classes), text, tensor)]


_PLURALS = {"truncation": "truncation factors"}
CHECKS = {  # input -> function (tensor, spec) -> assertions
    "latents": _latents, "w": _styles, "images": _images, "labels": _labels, "tokens": _tokens,
    "num": _num, "seed": _seed, "truncation": _truncation, "label": _label,
}  # fmt: skip

"""Inputs of a SavedModel's function: sorted to its parameters and cast to its types, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from keras_transfer_gen import checks


def sort_inputs(inputs: Any, wanted: dict[str, Any], labelled: bool) -> dict[str, Any] | None:
    """Sorts tensors to parameters and casts them.

    Args:
        inputs: a tensor, or a dict, list or tuple of tensors.
        wanted: {parameter: `tf.TensorSpec` or a structure of them}.
        labelled: True where only their names distinguish several parameters, since their order says nothing.

    Returns:
        {parameter: tensors}, or None where structure or shapes don't fit. Floats are cast to floats, integers to
        integers or floats.

    Raises:
        UserError: where only a type does not fit and can't be cast without loss, such as a float for a class number.
    """
    for values in _sorted(inputs, wanted, labelled):
        if all(_same_shape(values[name], spec) for name, spec in wanted.items()):
            return {name: _cast(values[name], spec, name) for name, spec in wanted.items()}
    return None


def _sorted(inputs: Any, wanted: dict[str, Any], labelled: bool) -> Iterator[dict[str, Any]]:
    """Yields the ways in which the inputs may belong to parameters, {parameter: value}, likeliest first."""
    if isinstance(inputs, dict) and set(inputs) == set(wanted):
        yield dict(inputs)
    if len(wanted) == 1:
        yield dict.fromkeys(wanted, inputs)
        if isinstance(inputs, (list, tuple)) and len(inputs) == 1:
            yield dict.fromkeys(wanted, inputs[0])
    elif isinstance(inputs, (list, tuple)) and len(inputs) == len(wanted) and not labelled:
        yield dict(zip(wanted, inputs, strict=True))


def _same_shape(value: Any, spec: dict[str, tf.TensorSpec] | list[tf.TensorSpec] | tf.TensorSpec) -> bool:
    try:
        tf.nest.assert_same_structure(value, spec, check_types=False)
    except (ValueError, TypeError):
        return False
    pairs = zip(tf.nest.flatten(value), tf.nest.flatten(spec), strict=True)
    return all(_shape(part).is_compatible_with(_shape(want)) for part, want in pairs)


def _shape(tensor: Any) -> tf.TensorShape:
    """The static shape of a tensor, array or spec; unknown for what has none."""
    return tf.TensorShape(getattr(tensor, "shape", None))


def _cast(
    value: Any, spec: dict[str, tf.TensorSpec] | list[tf.TensorSpec] | tf.TensorSpec, name: str
) -> dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor:
    parts, wanted = tf.nest.flatten(value), tf.nest.flatten(spec)
    cast = [_cast_one(part, want, name) for part, want in zip(parts, wanted, strict=True)]
    return tf.nest.pack_sequence_as(spec, cast)


def _cast_one(value: Any, spec: tf.TensorSpec, name: str) -> tf.Tensor:
    if not isinstance(spec, tf.TensorSpec):  # ragged, sparse: as they are
        return value
    value = tf.sparse.to_dense(value) if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)
    if value.dtype == spec.dtype:
        return value
    to_float = spec.dtype.is_floating and (value.dtype.is_floating or value.dtype.is_integer)
    if to_float or (spec.dtype.is_integer and value.dtype.is_integer):
        return tf.cast(value, spec.dtype)
    step = f"Cast it first; for a symbolic input, keras.Input(..., dtype={spec.dtype.name!r})."
    raise checks.user_error(f"inputs[{name!r}]", f"of type {spec.dtype.name}", value.dtype.name, step)


def describe(structure: Any) -> str:
    """A structure of tensors or specs in words, such as "{'z': float32 (None, 8)}"."""
    if isinstance(structure, dict):  # sorted: TensorFlow keeps keyword arguments in no fixed order
        return "{" + ", ".join(f"{name!r}: {describe(part)}" for name, part in sorted(structure.items())) + "}"
    if isinstance(structure, (list, tuple)):
        return "[" + ", ".join(map(describe, structure)) + "]"
    dtype = getattr(structure, "dtype", None)
    return f"{tf.as_dtype(dtype).name} {_shape(structure)}" if dtype is not None else type(structure).__name__

"""Finds the function of a third-party SavedModel that makes images, and measures what its graph does not say.

Nothing in a SavedModel says that it makes images, or in which range. So the inputs are recognised by type, rank and
name, the images among the outputs by running one latent vector, and the pixel range by 16 samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.latent_distributions import transform_normals
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.saved_model.class_count import REFUSED, count_classes
from keras_transfer_gen.transfer.saved_model.graph import endpoints, read_graph
from keras_transfer_gen.transfer.saved_model.image_output import (
    BELOW_ZERO,
    contradicts,
    find_image_output,
    pixel_range,
    share_below_zero,
)
from keras_transfer_gen.transfer.saved_model.input_roles import (
    LATENTS,
    TRUNCATION,
    can_be_filled,
    check_overrides,
    fill,
    named_leaves,
    roles_of,
    width,
)
from keras_transfer_gen.transfer.saved_model.inputs import describe
from keras_transfer_gen.transfer.saved_model.interfaces import list_interfaces
from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction
from keras_transfer_gen.transfer.saved_model.spec_overrides import NO_OVERRIDES, SPEC_FIELDS, leave_out

if TYPE_CHECKING:
    from keras_transfer_gen.transfer.saved_model.graph import Endpoint, Form
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


SAMPLES = 16
ASSUMED = "assumed: no SavedModel says it; set another with latent_distribution= (--latent-distribution)"
GIVEN = "given with {name}= (--{flag})"


def measure_generator(
    loaded: Any, source: Path | str, latents: Callable[..., Any], overrides: SpecOverrides | None = None
) -> MeasuredFunction:
    """Finds the function of a SavedModel that makes images, and measures it.

    Args:
        loaded: what `tf.saved_model.load` or `hub.load` returned.
        source: where it comes from, in words; for the spec and for errors.
        latents: function `(count, latent_dim)` -> float32 ndarray `[count, latent_dim]` from N(0, 1).
        overrides: `SpecOverrides`, facts that are stated instead of measured, or None.

    Returns:
        `MeasuredFunction`: the first function whose inputs are all recognised, see `roles_of`, and that returns square
        images: NHWC or NCHW; grey or RGB, with or without alpha. The SavedModel's default function is tried first.

    Raises:
        UserError: where there is no such function (the message lists all with their inputs and outputs); where samples
            fit no pixel range; where `overrides` contradict the graph or leave a needed fact out.

    Example:
        >>> import tempfile
        >>> module, folder = tf.Module(), tempfile.mkdtemp()
        >>> signature = [tf.TensorSpec((None, 12), tf.float32, name="z")]
        >>> module.serve = tf.function(lambda z: tf.tanh(tf.reshape(z, (-1, 2, 2, 3))), input_signature=signature)
        >>> tf.saved_model.save(module, folder)
        >>> rng = np.random.default_rng(0)
        >>> loaded = tf.saved_model.load(folder)
        >>> measured = measure_generator(loaded, "an example", lambda *shape: rng.standard_normal(shape, np.float32))
        >>> measured.spec.image_size, measured.spec.latent_dim, measured.spec.pixel_range
        (2, 12, (-1.0, 1.0))
    """
    overrides = overrides or NO_OVERRIDES
    distribution = overrides.latent_distribution or "normal"
    reasons, contradiction = [], None
    for endpoint in _default_first(loaded):
        for form in (form for form in endpoint.forms if form.serves(False)):
            roles = roles_of(form.inputs, overrides)
            if not (can_be_filled(roles) and _may_return_images(form)):
                continue
            try:
                check_overrides(form.inputs, roles, overrides)
            except checks.UserError as error:  # another function may be meant
                contradiction = contradiction or error
                continue
            latent_dim = next(width(spec) for name, spec in named_leaves(form.inputs) if roles[name] == LATENTS)
            function = MeasuredFunction(endpoint, form, roles, latent_dim or overrides.latent_dim)

            def draw(count: int, function: MeasuredFunction = function) -> Any:
                return transform_normals(distribution, latents(count, function.latent_dim))

            try:
                image, reason = find_image_output(_first_outputs(function, draw(function.batch or 1), overrides))
                if image is not None:
                    function = dataclasses.replace(function, image=image)
                    return _measure(function, str(source), draw(SAMPLES), overrides)
            except REFUSED as error:  # such as a graph that needs another batch than its signature says
                if isinstance(error, checks.UserError):
                    raise
                reason = f"{endpoint.name!r} failed: {_first_line(error)}"
            reasons += [reason] if reason else []
    if contradiction is not None:
        raise contradiction
    expected = "a generator with latents (float, [N, size]) in and square images (1 to 4 channels) out"
    step = f"It offers {list_interfaces(loaded) or 'nothing to call'}. {reasons[0] if reasons else ''}".rstrip()
    raise checks.user_error("source", expected, str(source), step)


def _default_first(loaded: Any) -> list[Endpoint]:
    """Every endpoint, the SavedModel's default before the others."""
    functions, signatures = endpoints(loaded)
    try:
        first = [read_graph(loaded).inference]
    except checks.UserError:  # it has no default
        first = []
    return first + [e for e in (*functions.values(), *signatures.values()) if not any(e is f for f in first)]


def _may_return_images(form: Form) -> bool:
    """Whether an output is of rank 4, as far as the graph says."""
    outputs = named_leaves(form.concrete.structured_outputs)  # specs, or tensors where TF1 saved it
    ranks = [leaf.shape.rank for _, leaf in outputs if isinstance(leaf, (tf.TensorSpec, tf.Tensor))]
    return not {None, 4}.isdisjoint(ranks)


def _first_outputs(
    function: MeasuredFunction, z: np.ndarray, overrides: SpecOverrides
) -> dict[str, tf.Tensor] | tf.Tensor:
    """What a function returns for latents of class 0, while the number of classes is not known yet."""
    labels = np.zeros(len(z), np.int64)
    inputs = fill(function.form.inputs, function.roles, z, labels, 1.0, overrides.num_classes)
    return function.endpoint.call(inputs)


def _measure(function: MeasuredFunction, source: str, z: np.ndarray, overrides: SpecOverrides) -> MeasuredFunction:
    """The `MeasuredFunction` with its spec, and how each fact is known; `z` is float32 `[SAMPLES, latent_dim]`."""
    classes, why_classes = count_classes(function, z[:1], overrides)
    # Every call below needs the number of classes, which is not known before the first calls.
    spec = ModelSpec(1, function.image.colours, function.latent_dim, num_classes=classes)
    function = dataclasses.replace(function, spec=spec)
    labels = np.arange(SAMPLES) * max(classes, 1) // SAMPLES
    images = function.raw(z, labels)
    low, high, below = float(images.min()), float(images.max()), share_below_zero(images)
    samples = f"{SAMPLES} samples lie in [{low:.4g}, {high:.4g}]"
    if BELOW_ZERO <= low < 0:
        samples += f", {below:.0%} of their weight below zero"
    batch = function.batch or 1
    output = dict(named_leaves(function.outputs(z[:batch], labels[:batch])))[function.output]
    is_uint8 = output.dtype == tf.uint8
    bounds = _bounds(low, high, below, is_uint8, samples, source, overrides)
    is_repeatable = np.allclose(function.raw(z[:2], labels[:2]), images[:2], atol=(bounds[1] - bounds[0]) / 100)
    spec = dataclasses.replace(
        spec, image_size=function.image.size, pixel_range=bounds, arch="saved_model", source=source,
        distribution=overrides.latent_distribution or "normal",
    )  # fmt: skip
    reasons = {
        **_reasons_of_inputs(function),
        "image_size": f"{_label(function)}, of the shape {tuple(output.shape[1:])} for one latent vector",
        "channels": function.image.words,
        "pixel_range": "uint8" if is_uint8 else samples,
        "num_classes": why_classes,
        "distribution": ASSUMED,
        "repeatable": "the same latents gave the same images, in another batch as well"
        if is_repeatable
        else "no: the same latents gave other images in another batch, so a seed does not repeat them",
    }
    return dataclasses.replace(function, spec=spec, reasons=_with_stated(reasons, overrides))


def _label(function: MeasuredFunction) -> str:
    return f"output {function.output!r}" if function.output else "the only output"


def _reasons_of_inputs(function: MeasuredFunction) -> dict[str, str]:
    """{field: how it is known} of what a function's inputs say."""
    names = {role: name for name, role in function.roles.items()}
    latents = dict(named_leaves(function.form.inputs))[names[LATENTS]]
    return {
        "function": f"{function.endpoint.name!r}, the first that takes latents and returns images",
        "latent_dim": f"input {names[LATENTS]!r}, {describe(latents)}",
        "truncation": f"input {names[TRUNCATION]!r}" if TRUNCATION in names else "no input; it scales the latents",
    }


def _with_stated(reasons: dict[str, str], overrides: SpecOverrides) -> dict[str, str]:
    """The reasons, with those of facts that the user stated in front."""
    reasons = dict(reasons)
    for name in overrides.to_dict():
        field = SPEC_FIELDS[name]
        if name != "labels" or overrides.num_classes:
            stated = GIVEN.format(name=name, flag=name.replace("_", "-"))
            reasons[field] = stated if field == "distribution" else f"{stated}; {reasons[field]}"
    return reasons


def _bounds(
    low: float, high: float, below: float, is_uint8: bool, samples: str, source: str, overrides: SpecOverrides
) -> tuple[float, ...]:
    """The pixel range, stated or measured."""
    stated = overrides.pixel_range
    measured = (0.0, 255.0) if is_uint8 else pixel_range(low, high, below)
    if stated is not None:
        if stated != measured if is_uint8 else contradicts(stated, low, high):
            expected = f"that of the images: {'they are uint8' if is_uint8 else samples}"
            raise checks.user_error("pixel_range", expected, list(stated), leave_out("pixel_range"))
        return stated
    if measured is None:
        step = "Its outputs seem to be no images, or need a scaling of their own."
        expected = "a generator whose pixels lie in [-1, 1], [0, 1] or [0, 255]"
        raise checks.user_error("source", expected, source, f"{samples}. {step}")
    return measured


def _first_line(error: Any) -> str:
    """The first line of an error that says something: TensorFlow begins with where in the graph it was."""
    lines = [line.strip() for line in str(error).splitlines()]
    skipped = ("Graph execution error", "Detected at node", "<")
    return next((line for line in lines if line and not line.startswith(skipped)), type(error).__name__)

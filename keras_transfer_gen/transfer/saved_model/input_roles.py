"""What each input of a third-party generator is for: latents, classes, truncation; and how a call fills it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.spec_overrides import INTEGER_LABELS, NO_LABELS, ONE_HOT_LABELS, leave_out

if TYPE_CHECKING:
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


LATENTS, IDS, ONE_HOT, TRUNCATION, SWITCH = "latents", "class ids", "one-hot classes", "truncation", "switch, off"
LABEL_ROLES = (IDS, ONE_HOT)
LATENT_WORDS = {"z", "latent", "latents", "noise"}
LABEL_WORDS = {"y", "c", "label", "labels", "class", "classes", "onehot", "hot", "condition"}
TRUNCATION_WORDS = {"truncation", "psi"}


def named_leaves(structure: Any, name: str = "") -> list[tuple[str, Any]]:
    """[(name, leaf)] of nested dicts, lists and tuples; a name is the keys and positions on the way, `a/0`."""
    if isinstance(structure, dict):
        items = structure.items()
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return [(name, structure)]
    return [leaf for key, part in items for leaf in named_leaves(part, f"{name}/{key}" if name else str(key))]


def replace_leaves(structure: Any, values: dict[str, str | tf.Tensor], name: str = "") -> Any:
    """The structure with each leaf replaced by the value of its name; see `named_leaves`."""
    below = f"{name}/" if name else ""
    if isinstance(structure, dict):
        return {key: replace_leaves(part, values, f"{below}{key}") for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [replace_leaves(part, values, f"{below}{index}") for index, part in enumerate(structure)]
    return values[name]


def roles_of(inputs: dict[str, Any], overrides: SpecOverrides) -> dict[str, str | None]:
    """What each input is for.

    Args:
        inputs: {parameter: `tf.TensorSpec` or a structure of them}.
        overrides: `SpecOverrides`.

    Returns:
        {name of an input: its role, or None where that is unknown}. Latents are a float input of rank 2, or of a higher
        rank with one size other than 1; class ids an integer input `[N]` or `[N, 1]`; one-hot classes an integer input
        `[N, classes]`, or a float input that is named after classes; truncation a float scalar of that name, or one
        for each image. Of two float inputs whose names say nothing, the narrower one takes the classes, as ids where
        it holds one number.
    """
    specs = dict(named_leaves(inputs))
    roles = {name: _role(name, spec, overrides) for name, spec in specs.items()}
    latents = [name for name, role in roles.items() if role == LATENTS]
    has_labels = any(role in LABEL_ROLES for role in roles.values())
    if len(latents) == 2 and not has_labels and overrides.labels != NO_LABELS:
        labels = _labels_among(latents, specs, overrides)
        if labels is not None:
            roles[labels] = IDS if width(specs[labels]) == 1 else ONE_HOT
    return roles


def can_be_filled(roles: dict[str, str | None]) -> bool:
    """Whether every input is known, one takes the latents, and at most one the classes."""
    listed = list(roles.values())
    return None not in listed and listed.count(LATENTS) == 1 and sum(role in LABEL_ROLES for role in listed) < 2


def width(spec: tf.TensorSpec) -> int | None:
    """How many numbers an input takes for each image, or None where the graph leaves it open."""
    if spec.shape.rank is None:
        return None
    sizes = [size for size in spec.shape[1:] if size != 1]
    return sizes[0] if len(sizes) == 1 else 1 if not sizes else None


def check_overrides(inputs: dict[str, Any], roles: dict[str, str], overrides: SpecOverrides) -> None:
    """Raises a `UserError` where the graph does not take the latents or labels that the user says it takes."""
    specs = dict(named_leaves(inputs))
    latents = next(name for name, role in roles.items() if role == LATENTS)
    known = width(specs[latents])
    if known is None and overrides.latent_dim is None:
        step = "Give it with latent_dim= (--latent-dim)."
        raise checks.user_error("latent_dim", f"given, since the input {latents!r} has no fixed length", None, step)
    if None not in (known, overrides.latent_dim) and known != overrides.latent_dim:
        expected = f"{known}, the length that the input {latents!r} takes"
        raise checks.user_error("latent_dim", expected, overrides.latent_dim, leave_out("latent_dim"))
    _check_labels(specs, roles, overrides)


def _check_labels(specs: dict[str, tf.TensorSpec], roles: dict[str, str], overrides: SpecOverrides) -> None:
    name = next((name for name, role in roles.items() if role in LABEL_ROLES), None)
    wanted, words = overrides.labels, None
    if name is None:
        words = None if wanted in (None, NO_LABELS) else "'none': no input can take classes"
    elif roles[name] == IDS and wanted in (NO_LABELS, ONE_HOT_LABELS):
        words = f"'integer' or the number of classes: the input {name!r} takes class ids"
    elif roles[name] == ONE_HOT:
        classes = width(specs[name])
        if classes is None and not isinstance(wanted, int):
            words = f"the number of classes: the input {name!r} takes one-hot classes and leaves their number open"
        elif wanted in (NO_LABELS, INTEGER_LABELS) or (
            classes is not None and overrides.num_classes not in (None, classes)
        ):
            words = f"'one-hot' or {classes}: the input {name!r} takes one-hot classes, {classes} of them"
    if words is not None:
        raise checks.user_error("labels", words, wanted, "" if wanted is None else leave_out("labels"))


def fill(
    inputs: dict[str, Any],
    roles: dict[str, str],
    latents: np.ndarray | tf.Tensor,
    labels: np.ndarray | tf.Tensor | None,
    truncation: float = 1.0,
    classes: int | None = 0,
) -> dict[str, Any]:
    """The inputs of one call, in the structure and the types that the function takes.

    Args:
        inputs: {parameter: `tf.TensorSpec` or a structure of them}.
        roles: what `roles_of` returned.
        latents: float `[N, latent_dim]`, tensor or array.
        labels: class numbers, integers `[N]`.
        truncation: for an input of that name.
        classes: how many classes there are, for a one-hot input that leaves it open.
    """
    values = {}
    for name, spec in named_leaves(inputs):
        values[name] = _value(roles[name], spec, latents, labels, truncation, classes)
    return replace_leaves(inputs, values)


def _value(
    role: str,
    spec: tf.TensorSpec,
    latents: np.ndarray | tf.Tensor,
    labels: np.ndarray | tf.Tensor | None,
    truncation: float,
    classes: int | None,
) -> tf.Tensor:
    rank = spec.shape.rank
    if role == LATENTS:
        latents = tf.cast(latents, spec.dtype)
        if rank in (2, None):
            return latents
        return tf.reshape(latents, [-1, *(latents.shape[1] if size is None else size for size in spec.shape[1:])])
    if role == IDS:
        labels = tf.cast(labels, spec.dtype)
        return labels[:, None] if rank == 2 else labels
    if role == ONE_HOT:
        count = classes if rank is None or spec.shape[-1] is None else spec.shape[-1]
        _check_classes(labels, count)
        return tf.one_hot(labels, count, dtype=spec.dtype)
    if role == SWITCH:
        return tf.constant(False)
    shape = [tf.shape(latents)[0] if size is None else size for size in spec.shape]
    return tf.fill(shape, tf.constant(truncation, spec.dtype))


def _check_classes(labels: np.ndarray | tf.Tensor, count: int) -> None:
    """Raises a `UserError` for an unknown class, for which `tf.one_hot` gives zeros. In a graph nothing is checked."""
    known = isinstance(labels, np.ndarray) or (tf.is_tensor(labels) and not tf.is_symbolic_tensor(labels))
    wrong = [int(label) for label in np.unique(labels) if not 0 <= label < count] if known and count else []
    if wrong:
        raise checks.user_error("labels", f"integers from 0 to {count - 1}", wrong, "The model has no other classes.")


def _words(name: str, spec: tf.TensorSpec) -> set[str]:
    return set(re.findall("[a-z]+", f"{name} {spec.name}".lower()))


def _role(name: str, spec: tf.TensorSpec, overrides: SpecOverrides) -> str | None:
    """What an input is for, or None where it is unknown."""
    if not isinstance(spec, tf.TensorSpec):
        return None
    words, rank = _words(name, spec), spec.shape.rank
    if spec.dtype == tf.bool:
        return SWITCH if rank == 0 else None
    if rank is not None and rank < 3 and width(spec) == 1 and spec.dtype.is_floating and words & TRUNCATION_WORDS:
        return TRUNCATION
    if rank == 0:
        return None
    named_label = bool(words & LABEL_WORDS and not words & LATENT_WORDS)
    if spec.dtype.is_integer:
        open_ids = overrides.labels == INTEGER_LABELS and rank == 2 and spec.shape[-1] is None
        of_one = rank in (1, None) or (rank == 2 and spec.shape[-1] == 1) or open_ids
        return IDS if of_one else ONE_HOT if rank == 2 else None
    if not spec.dtype.is_floating:
        return None
    if rank == 1 or (rank == 2 and spec.shape[-1] == 1 and named_label):
        return IDS if named_label or overrides.labels == INTEGER_LABELS or isinstance(overrides.labels, int) else None
    if named_label and rank in (2, None):
        return ONE_HOT
    if rank is None:
        return LATENTS if words & LATENT_WORDS or overrides.latent_dim is not None else None
    return LATENTS if rank == 2 or width(spec) is not None else None


def _labels_among(names: list[str], specs: dict[str, tf.TensorSpec], overrides: SpecOverrides) -> str | None:
    """Which of two float inputs takes the classes; None where nothing says so."""
    widths = {name: width(specs[name]) for name in names}
    classes = (
        overrides.labels if isinstance(overrides.labels, int) else 1 if overrides.labels == INTEGER_LABELS else None
    )
    tests = (
        lambda name: bool(_words(name, specs[name]) & LATENT_WORDS),
        lambda name: overrides.latent_dim is not None and widths[name] == overrides.latent_dim,
        lambda name: classes is not None and widths[name] != classes,
        lambda name: None not in widths.values() and widths[name] == max(widths.values()),
    )
    for is_latents in tests:
        others = [name for name in names if not is_latents(name)]
        if len(others) == 1:
            named = _words(others[0], specs[others[0]]) & (LATENT_WORDS | TRUNCATION_WORDS)  # a second noise, a psi
            return None if named else others[0]
    return None

"""A SavedModel of others as a generator: which input is what is read off its functions, the rest is measured.

Nothing in a SavedModel says that it makes pictures, or in which range. So its inputs are told by type, rank and name,
the picture among its outputs by running one latent vector, and the pixel range by the samples of 16.
"""

import dataclasses
import re

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.saved_model_graph import Endpoint, Form, endpoints, read_graph
from keras_transfer_gen.transfer.saved_model_inputs import describe

SAMPLES = 16
LATENTS, IDS, ONE_HOT, TRUNCATION, SWITCH = "latents", "class ids", "one-hot classes", "truncation", "switch, off"
LATENT_WORDS = {"z", "latent", "latents", "noise"}
LABEL_WORDS = {"y", "c", "label", "labels", "class", "classes", "onehot", "hot", "condition"}
TRUNCATION_WORDS = {"truncation", "psi"}
PICTURE_WORDS = {"image", "images", "picture", "pictures"}
BELOW_ZERO, ABOVE_ONE = -0.2, 4.0  # an unclipped network leaves its range by some tenths, never by whole units
MOST_CLASSES = 2**20
NO_CLASS = 2**30  # looking it up fails, or gives zeros where the device or `tf.one_hot` lets it pass
REFUSED = (ValueError, TypeError, tf.errors.OpError)


@dataclasses.dataclass(frozen=True)
class Measured:
    """A function of a SavedModel that makes pictures, and what was found out about it.

    Args:
        endpoint: the `Endpoint` that is called.
        form: the `Form` of it whose inputs are filled.
        roles: {name of an input: what it is}, such as {"z": "latents", "y": "one-hot classes"}.
        output: name of the picture among the outputs; "" for an only one.
        spec: `ModelSpec`; `num_classes` is 0 where no labels are taken.
        reasons: {field: how it is known}, in words.
    """

    endpoint: Endpoint
    form: Form
    roles: dict
    output: str = ""
    spec: ModelSpec | None = None
    reasons: dict = dataclasses.field(default_factory=dict)

    @property
    def batch(self):
        """Pictures that one call makes where the SavedModel fixes it, else None."""
        return next(spec.shape[0] for name, spec in named_leaves(self.form.inputs) if self.roles[name] == LATENTS)

    @property
    def latent_dim(self):
        """Length of a latent vector."""
        return next(spec.shape[1] for name, spec in named_leaves(self.form.inputs) if self.roles[name] == LATENTS)

    def __call__(self, latents, labels=None, truncation=1.0):
        """Makes pictures.

        Args:
            latents: float32 ndarray `[N, latent_dim]`.
            labels: class numbers, integers `[N]`; 0 where left out.
            truncation: what an input for it is given, in (0, 1]; the latents are taken as they are.

        Returns:
            float32 ndarray `[N, S, S, C]`, in [-1, 1] but for what the network leaves its range by.
        """
        low, high = self.spec.pixel_range
        return (self.raw(latents, labels, truncation) - low) * np.float32(2 / (high - low)) - 1

    def raw(self, latents, labels=None, truncation=1.0):
        """The same in the SavedModel's own range, float32."""
        labels = np.zeros(len(latents), np.int64) if labels is None else np.asarray(labels)
        size = self.batch or len(latents)
        made = []
        for first in range(0, len(latents), size):
            z, y = latents[first : first + size], labels[first : first + size]
            missing = size - len(z)
            z, y = np.pad(z, ((0, missing), (0, 0))), np.pad(y, (0, missing))
            outputs = dict(named_leaves(self.outputs(z, y, truncation)))
            made.append(tf.cast(outputs[self.output], tf.float32).numpy()[: size - missing])
        return np.concatenate(made)

    def outputs(self, latents, labels, truncation=1.0):
        """All that the function returns for one batch."""
        values = {}
        for name, spec in named_leaves(self.form.inputs):
            values[name] = _value(self.roles[name], spec, latents, labels, truncation)
        return self.endpoint.call(_filled(self.form.inputs, values))


def measure_generator(loaded, source, latents):
    """Finds the function of a SavedModel that makes pictures, and measures it.

    Args:
        loaded: what `tf.saved_model.load` or `hub.load` returned.
        source: where it comes from, in words; for the spec and for errors.
        latents: function `(count, latent_dim)` -> float32 ndarray `[count, latent_dim]` from N(0, 1).

    Returns:
        `Measured`. The first function counts whose inputs can all be told and that returns square pictures, NHWC of 1
        or 3 channels; the SavedModel's default is asked first. Latents are a float input of rank 2; class numbers an
        integer input `[N]` or `[N, 1]`; one-hot classes an integer input `[N, classes]`, or a float one that is named
        after classes; truncation a float scalar of that name.

    Raises:
        UserError: where there is no such function, with all inputs and outputs; where samples fit no pixel range.

    Example:
        >>> import tempfile
        >>> made, folder = tf.Module(), tempfile.mkdtemp()
        >>> signature = [tf.TensorSpec((None, 12), tf.float32, name="z")]
        >>> made.serve = tf.function(lambda z: tf.tanh(tf.reshape(z, (-1, 2, 2, 3))), input_signature=signature)
        >>> tf.saved_model.save(made, folder)
        >>> rng = np.random.default_rng(0)
        >>> loaded = tf.saved_model.load(folder)
        >>> measured = measure_generator(loaded, "an example", lambda *shape: rng.standard_normal(shape, np.float32))
        >>> measured.spec.image_size, measured.spec.latent_dim, measured.spec.pixel_range
        (2, 12, (-1.0, 1.0))
    """
    failed = ""
    for endpoint in _by_likelihood(loaded):
        for form in (form for form in endpoint.forms if form.serves(False)):
            found = Measured(endpoint, form, {name: _role(name, spec) for name, spec in named_leaves(form.inputs)})
            if not _is_usable(found):
                continue
            try:
                outputs = found.outputs(*_first(found, latents))
            except REFUSED as error:
                failed = failed or f" {endpoint.name!r} failed: {_line(error)}"
                continue
            name = _picture(outputs)
            if name is None:
                continue
            try:
                return _measure(dataclasses.replace(found, output=name), str(source), latents)
            except tf.errors.OpError as error:  # such as a graph that wants another batch than its signature says
                failed = failed or f" {endpoint.name!r} failed: {_line(error)}"
    raise _no_generator(loaded, source, failed)


def named_leaves(structure, name=""):
    """[(name, leaf)] of dicts, lists and tuples in each other; a name is the keys and places on the way, `a/0`."""
    if isinstance(structure, dict):
        items = structure.items()
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return [(name, structure)]
    return [leaf for key, part in items for leaf in named_leaves(part, f"{name}/{key}" if name else str(key))]


def interfaces(loaded):
    """What can be called and how: [{"name", "kind", "mode", "inputs", "outputs"}], all in words.

    `kind` is "function" or "signature"; `mode` the traced mode, such as "training=True", or "". Inputs and outputs are
    {name: "float32 (None, 8)"}; the name of an only output may be "".
    """
    functions, signatures = endpoints(loaded)
    found = []
    for kind, pool in (("function", functions), ("signature", signatures)):
        for endpoint in pool.values():
            for form in endpoint.forms:
                mode = "" if form.flag is None else f"{form.flag}={form.mode}"
                inputs = {name: describe(spec) for name, spec in named_leaves(form.inputs)}
                outputs = {name: describe(spec) for name, spec in named_leaves(form.concrete.structured_outputs)}
                found.append({"name": endpoint.name, "kind": kind, "mode": mode, "inputs": inputs, "outputs": outputs})
    return found


def pixel_range(low, high):
    """The range that samples come from: (-1.0, 1.0), (0.0, 1.0) or (0.0, 255.0); None where none fits.

    Args:
        low: the samples' least value.
        high: their greatest value.

    Example:
        >>> pixel_range(0.02, 0.97), pixel_range(-0.99, 1.03), pixel_range(0.0, 251.0)
        ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
    """
    if not np.isfinite([low, high]).all() or low < -64:
        return None
    if high > ABOVE_ONE:
        return (0.0, 255.0)
    if low < -ABOVE_ONE:
        return None
    return (-1.0, 1.0) if low < BELOW_ZERO else (0.0, 1.0)


def _by_likelihood(loaded):
    functions, signatures = endpoints(loaded)
    try:
        first = [read_graph(loaded).inference]
    except checks.UserError:  # it has no default
        first = []
    return first + [e for e in (*functions.values(), *signatures.values()) if not any(e is f for f in first)]


def _role(name, spec):
    """What an input is for, or None where it can't be told."""
    if not isinstance(spec, tf.TensorSpec) or spec.shape.rank is None:
        return None
    words = set(re.findall("[a-z]+", f"{name} {spec.name}".lower()))
    rank, last = spec.shape.rank, spec.shape[-1] if spec.shape.rank else None
    if rank == 0 and spec.dtype == tf.bool:
        return SWITCH
    if rank == 0 and spec.dtype.is_floating and words & TRUNCATION_WORDS:
        return TRUNCATION
    if spec.dtype.is_integer and (rank == 1 or (rank == 2 and last == 1)):
        return IDS
    if rank != 2 or last is None:
        return None
    if spec.dtype.is_integer:
        return ONE_HOT
    if spec.dtype.is_floating:
        return ONE_HOT if words & LABEL_WORDS and not words & LATENT_WORDS else LATENTS
    return None


def _is_usable(found):
    roles = list(found.roles.values())
    labels = roles.count(IDS) + roles.count(ONE_HOT)
    outputs = named_leaves(found.form.concrete.structured_outputs)  # specs, or tensors where TF1 saved it
    ranks = [leaf.shape.rank for _, leaf in outputs if isinstance(leaf, (tf.TensorSpec, tf.Tensor))]
    return None not in roles and roles.count(LATENTS) == 1 and labels < 2 and not {None, 4}.isdisjoint(ranks)


def _first(found, latents):
    count = found.batch or 1
    return latents(count, found.latent_dim), np.zeros(count, np.int64)


def _value(role, spec, latents, labels, truncation):
    if role == LATENTS:
        return tf.cast(latents, spec.dtype)
    if role == IDS:
        return tf.cast(labels if spec.shape.rank == 1 else labels[:, None], spec.dtype)
    if role == ONE_HOT:
        return tf.one_hot(labels, spec.shape[-1], dtype=spec.dtype)
    return tf.constant(truncation if role == TRUNCATION else False, spec.dtype)


def _filled(structure, values, name=""):
    """The structure with the value of its name in the place of each leaf."""
    below = f"{name}/" if name else ""
    if isinstance(structure, dict):
        return {key: _filled(part, values, f"{below}{key}") for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_filled(part, values, f"{below}{place}") for place, part in enumerate(structure)]
    return values[name]


def _picture(outputs):
    """Name of the output with the pictures: one that is called so, then the largest; None where there is none."""
    fits = []
    for name, output in named_leaves(outputs):
        shape = tuple(getattr(output, "shape", ()))
        of_pixels = len(shape) == 4 and (output.dtype.is_floating or output.dtype == tf.uint8)
        if of_pixels and shape[1] == shape[2] and shape[3] in (1, 3):
            called = bool(PICTURE_WORDS & set(re.findall("[a-z]+", name.lower())))
            fits.append((called, shape[1], name))
    return max(fits)[2] if fits else None


def _measure(found, source, latents):
    z = latents(SAMPLES, found.latent_dim)
    classes, why_classes = _count_classes(found, z[:1])
    labels = np.arange(SAMPLES) * max(classes, 1) // SAMPLES
    made = found.raw(z, labels)
    low, high = float(made.min()), float(made.max())
    is_uint8 = dict(named_leaves(found.outputs(*_first(found, latents))))[found.output].dtype == tf.uint8
    bounds = (0.0, 255.0) if is_uint8 else pixel_range(low, high)
    if bounds is None:
        step = "Its outputs seem to be no pictures, or need a scaling of their own."
        expected = "a generator whose pixels lie in [-1, 1], [0, 1] or [0, 255]"
        raise checks.user_error("source", expected, source, f"{SAMPLES} samples lie in [{low:.4g}, {high:.4g}]. {step}")
    names = {role: name for name, role in found.roles.items()}
    steady = np.allclose(found.raw(z[:2], labels[:2]), made[:2], atol=(bounds[1] - bounds[0]) / 100)
    output = f"output {found.output!r}" if found.output else "the only output"
    reasons = {
        "function": f"{found.endpoint.name!r}, the first that takes latents and returns pictures",
        "latent_dim": f"input {names[LATENTS]!r}, the float one of rank 2",
        "image_size": f"{output}, of the shape {made.shape[1:]} for one latent vector",
        "pixel_range": "uint8" if is_uint8 else f"{SAMPLES} samples lie in [{low:.4g}, {high:.4g}]",
        "num_classes": why_classes,
        "truncation": f"input {names[TRUNCATION]!r}" if TRUNCATION in names else "no input; it scales the latents",
        "repeatable": "the same latents gave the same pictures, in another batch as well"
        if steady
        else "no: the same latents gave other pictures in another batch, so that no seed brings them again",
    }
    size, channels = made.shape[2:]
    spec = ModelSpec(size, channels, found.latent_dim, "normal", classes, 1.0, bounds, "saved_model", source)
    return dataclasses.replace(found, spec=spec, reasons=reasons)


def _count_classes(found, z):
    """(number of classes, how it is known). Class numbers have no bound in a signature: it is searched by doubling."""
    for name, spec in named_leaves(found.form.inputs):
        if found.roles[name] == ONE_HOT:
            return int(spec.shape[-1]), f"input {name!r}, one-hot"
    name = next((name for name, role in found.roles.items() if role == IDS), None)
    if name is None:
        return 0, "no input for labels"
    beyond = _of_class(found, z, NO_CLASS)

    def exists(number):
        made = _of_class(found, z, number)
        return made is not None and (beyond is None or not np.array_equal(made, beyond))

    least, most = 0, 1
    while most <= MOST_CLASSES and exists(most):
        least, most = most, 2 * most
    if most > MOST_CLASSES:
        return 1, f"input {name!r} takes any number: its classes could not be counted, and all pictures are of class 0"
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if exists(middle) else (least, middle)
    return most, f"input {name!r}, integers: {most - 1} is the last that makes a difference"


def _of_class(found, z, number):
    try:
        return found.raw(z, np.array([number]))
    except REFUSED:
        return None


def _no_generator(loaded, source, failed):
    every = (f"{one['name']}({_words(one['inputs'])}) -> ({_words(one['outputs'])})" for one in interfaces(loaded))
    offered = "; ".join(dict.fromkeys(every))  # a function and its signature, or two modes, are often alike
    expected = "a SavedModel with latents (float, [N, size]) in and square pictures (NHWC, 1 or 3 channels) out"
    return checks.user_error("source", expected, str(source), f"It offers {offered or 'nothing to call'}.{failed}")


def _words(named):
    return ", ".join(f"{name}: {words}" if name else words for name, words in named.items())


def _line(error):
    """The first line of an error that says something: TensorFlow's begin with where in the graph it was."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = (line for line in lines if line and not line.startswith(("Graph execution error", "Detected at node", "<")))
    return next(said, type(error).__name__)

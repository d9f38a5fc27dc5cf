"""A SavedModel of others as a generator: which input is what is read off its functions, the rest is measured or given.

Nothing in a SavedModel says that it makes images, or in which range. So its inputs are told by type, rank and name,
the image among its outputs by running one latent vector, and the pixel range by the samples of 16.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.latent_distributions import transform_normals
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.saved_model.graph import Endpoint, Form, endpoints, read_graph
from keras_transfer_gen.transfer.saved_model.image_output import (
    BELOW_ZERO,
    ImageOutput,
    contradicts,
    find_image_output,
    pixel_range,
    weight_below_zero,
)
from keras_transfer_gen.transfer.saved_model.input_roles import (
    IDS,
    LABEL_ROLES,
    LATENTS,
    ONE_HOT,
    TRUNCATION,
    can_be_filled,
    check_overrides,
    fill,
    named_leaves,
    roles_of,
    width,
)
from keras_transfer_gen.transfer.saved_model.inputs import describe
from keras_transfer_gen.transfer.saved_model.spec_overrides import NO_OVERRIDES, SPEC_FIELDS, leave_out

SAMPLES = 16
MOST_CLASSES = 2**20
NO_CLASS = 2**30  # looking it up fails, or gives zeros where the device or `tf.one_hot` lets it pass
REFUSED = (ValueError, TypeError, tf.errors.OpError)
ASSUMED = "assumed: no SavedModel says it; set another with latent_distribution= (--latent-distribution)"
GIVEN = "given with {name}= (--{flag})"


@dataclasses.dataclass(frozen=True)
class Measured:
    """A function of a SavedModel that makes images, and what was found out about it.

    Args:
        endpoint: the `Endpoint` that is called.
        form: the `Form` of it whose inputs are filled.
        roles: {name of an input: what it is}, such as {"z": "latents", "y": "one-hot classes"}.
        latent_dim: length of a latent vector.
        image: `ImageOutput`, the output with the images.
        spec: `ModelSpec`; `num_classes` is 0 where no labels are taken.
        reasons: {field: how it is known}, in words.
    """

    endpoint: Endpoint
    form: Form
    roles: dict
    latent_dim: int
    image: ImageOutput | None = None
    spec: ModelSpec | None = None
    reasons: dict = dataclasses.field(default_factory=dict)

    @property
    def batch(self):
        """Images that one call makes where the SavedModel fixes their number, else None."""
        shape = next(spec.shape for name, spec in named_leaves(self.form.inputs) if self.roles[name] == LATENTS)
        return None if shape.rank is None else shape[0]

    @property
    def output(self):
        """Name of the output with the images; "" for an only one."""
        return self.image.name

    @property
    def takes_labels(self):
        """Whether there is an input for classes."""
        return any(role in LABEL_ROLES for role in self.roles.values())

    def __call__(self, latents, labels=None, truncation=1.0):
        """Makes images.

        Args:
            latents: float32 ndarray `[N, latent_dim]`.
            labels: class numbers, integers `[N]`; 0 where left out.
            truncation: what an input for it is given, in (0, 1]; the latents are taken as they are.

        Returns:
            float32 ndarray `[N, S, S, C]`, in [-1, 1] but for what the network leaves its range by; what is transparent
            is laid on white.
        """
        raw = self.raw(latents, labels, truncation)
        return np.asarray(self.image.to_model_range(raw, self.spec.pixel_range))

    def raw(self, latents, labels=None, truncation=1.0):
        """The same in the SavedModel's own range, float32, alpha included."""
        labels = np.zeros(len(latents), np.int64) if labels is None else np.asarray(labels)
        size = self.batch or len(latents)
        made = []
        for first in range(0, len(latents), size):
            z, y = latents[first : first + size], labels[first : first + size]
            missing = size - len(z)
            z, y = np.pad(z, ((0, missing), (0, 0))), np.pad(y, (0, missing))
            made.append(self.image.raw(self.outputs(z, y, truncation)).numpy()[: size - missing])
        return np.concatenate(made)

    def inputs(self, latents, labels, truncation=1.0):
        """What the function takes, in its structure and types; works in a graph.

        Args:
            latents: float `[N, latent_dim]`, tensor or array.
            labels: class numbers, integers `[N]`; left aside where there is no input for them.
            truncation: for an input that is called so.
        """
        classes = self.spec.num_classes if self.spec else 0
        return fill(self.form.inputs, self.roles, latents, labels, truncation, classes)

    def images(self, outputs):
        """float32 tensor `[N, S, S, C]` in [-1, 1] of all that the function returned; works in a graph."""
        return self.image.to_model_range(self.image.raw(outputs), self.spec.pixel_range)

    def outputs(self, latents, labels, truncation=1.0):
        """All that the function returns for one batch."""
        return self.endpoint.call(self.inputs(latents, labels, truncation))


def measure_generator(loaded, source, latents, overrides=None):
    """Finds the function of a SavedModel that makes images, and measures it.

    Args:
        loaded: what `tf.saved_model.load` or `hub.load` returned.
        source: where it comes from, in words; for the spec and for errors.
        latents: function `(count, latent_dim)` -> float32 ndarray `[count, latent_dim]` from N(0, 1).
        overrides: `SpecOverrides`, what is given instead of measured, or None.

    Returns:
        `Measured`. The first function counts whose inputs can all be told, see `roles_of`, and that returns square
        images: NHWC or NCHW; grey or RGB, with or without alpha. The SavedModel's default is asked first.

    Raises:
        UserError: where there is no such function, with all inputs and outputs; where samples fit no pixel range; where
            `overrides` say what can't be, or not enough.

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
    overrides = overrides or NO_OVERRIDES
    distribution = overrides.latent_distribution or "normal"
    whys, contradiction = [], None
    for endpoint in _by_likelihood(loaded):
        for form in (form for form in endpoint.forms if form.serves(False)):
            roles = roles_of(form.inputs, overrides)
            if not (can_be_filled(roles) and _may_return_images(form)):
                continue
            try:
                check_overrides(form.inputs, roles, overrides)
            except checks.UserError as error:  # another function may be meant
                contradiction = contradiction or error
                continue
            known = next(width(spec) for name, spec in named_leaves(form.inputs) if roles[name] == LATENTS)
            found = Measured(endpoint, form, roles, known or overrides.latent_dim)
            try:
                image, why = find_image_output(
                    _first_outputs(
                        found, transform_normals(distribution, latents(found.batch or 1, found.latent_dim)), overrides
                    )
                )
                if image is not None:
                    draw = transform_normals(distribution, latents(SAMPLES, found.latent_dim))
                    return _measure(dataclasses.replace(found, image=image), str(source), draw, overrides)
            except REFUSED as error:  # such as a graph that wants another batch than its signature says
                if isinstance(error, checks.UserError):
                    raise
                why = f"{endpoint.name!r} failed: {_line(error)}"
            whys += [why] if why else []
    if contradiction is not None:
        raise contradiction
    raise _no_generator(loaded, source, whys)


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


def _by_likelihood(loaded):
    functions, signatures = endpoints(loaded)
    try:
        first = [read_graph(loaded).inference]
    except checks.UserError:  # it has no default
        first = []
    return first + [e for e in (*functions.values(), *signatures.values()) if not any(e is f for f in first)]


def _may_return_images(form):
    """Whether an output is of rank 4, as far as the graph says."""
    outputs = named_leaves(form.concrete.structured_outputs)  # specs, or tensors where TF1 saved it
    ranks = [leaf.shape.rank for _, leaf in outputs if isinstance(leaf, (tf.TensorSpec, tf.Tensor))]
    return not {None, 4}.isdisjoint(ranks)


def _first_outputs(found, latents, overrides):
    """What the function returns for latents of class 0."""
    inputs = fill(found.form.inputs, found.roles, latents, np.zeros(len(latents), np.int64), 1.0, overrides.num_classes)
    return found.endpoint.call(inputs)


def _measure(found, source, z, overrides):
    classes, why_classes = _count_classes(found, z[:1], overrides)
    # Every call below needs the number of classes, and that of the first ones is not known before they were made.
    spec = ModelSpec(1, found.image.colours, found.latent_dim, num_classes=classes)
    found = dataclasses.replace(found, spec=spec)
    labels = np.arange(SAMPLES) * max(classes, 1) // SAMPLES
    made = found.raw(z, labels)
    low, high, below = float(made.min()), float(made.max()), weight_below_zero(made)
    samples = f"{SAMPLES} samples lie in [{low:.4g}, {high:.4g}]"
    if BELOW_ZERO <= low < 0:
        samples += f", {below:.0%} of their weight below zero"
    output = dict(named_leaves(found.outputs(z[: found.batch or 1], labels[: found.batch or 1])))[found.output]
    is_uint8 = output.dtype == tf.uint8
    bounds = _bounds(low, high, below, is_uint8, samples, source, overrides)
    names, specs = {role: name for name, role in found.roles.items()}, dict(named_leaves(found.form.inputs))
    steady = np.allclose(found.raw(z[:2], labels[:2]), made[:2], atol=(bounds[1] - bounds[0]) / 100)
    label = f"output {found.output!r}" if found.output else "the only output"
    reasons = {
        "function": f"{found.endpoint.name!r}, the first that takes latents and returns images",
        "latent_dim": f"input {names[LATENTS]!r}, {describe(specs[names[LATENTS]])}",
        "image_size": f"{label}, of the shape {tuple(output.shape[1:])} for one latent vector",
        "channels": found.image.words,
        "pixel_range": "uint8" if is_uint8 else samples,
        "num_classes": why_classes,
        "distribution": ASSUMED,
        "truncation": f"input {names[TRUNCATION]!r}" if TRUNCATION in names else "no input; it scales the latents",
        "repeatable": "the same latents gave the same images, in another batch as well"
        if steady
        else "no: the same latents gave other images in another batch, so that no seed brings them again",
    }
    for name in overrides.to_dict():
        field = SPEC_FIELDS[name]
        if name != "labels" or overrides.num_classes:
            stated = GIVEN.format(name=name, flag=name.replace("_", "-"))
            reasons[field] = stated if field == "distribution" else f"{stated}; {reasons[field]}"
    spec = dataclasses.replace(
        spec, image_size=found.image.size, pixel_range=bounds, arch="saved_model", source=source,
        distribution=overrides.latent_distribution or "normal",
    )  # fmt: skip
    return dataclasses.replace(found, spec=spec, reasons=reasons)


def _bounds(low, high, below, is_uint8, samples, source, overrides):
    """The pixel range, given or measured."""
    given = overrides.pixel_range
    measured = (0.0, 255.0) if is_uint8 else pixel_range(low, high, below)
    if given is not None:
        if given != measured if is_uint8 else contradicts(given, low, high):
            expected = f"that of the images: {'they are uint8' if is_uint8 else samples}"
            raise checks.user_error("pixel_range", expected, list(given), leave_out("pixel_range"))
        return given
    if measured is None:
        step = "Its outputs seem to be no images, or need a scaling of their own."
        expected = "a generator whose pixels lie in [-1, 1], [0, 1] or [0, 255]"
        raise checks.user_error("source", expected, source, f"{samples}. {step}")
    return measured


def _count_classes(found, z, overrides):
    """(number of classes, how it is known). Class numbers have no bound in a signature: it is searched by doubling."""
    for name, spec in named_leaves(found.form.inputs):
        if found.roles[name] == ONE_HOT:
            classes = width(spec)
            return classes or overrides.num_classes, f"input {name!r}, one-hot"
    ids = [(name, spec) for name, spec in named_leaves(found.form.inputs) if found.roles[name] == IDS]
    if not ids:
        return 0, "no input for labels"
    name, spec = ids[0]
    given = overrides.num_classes
    if given:
        if _of_class(found, z, given - 1) is None:
            expected = f"a number of classes that the input {name!r} takes: it refuses class {given - 1}"
            raise checks.user_error("labels", expected, given, leave_out("labels"))
        return given, f"input {name!r}, integers"
    beyond = _of_class(found, z, NO_CLASS)

    def exists(number):
        made = _of_class(found, z, number)
        return made is not None and (beyond is None or not np.array_equal(made, beyond))

    # A float that is no index into a table may be any number, and has no last one that makes a difference.
    any_number = spec.dtype.is_floating and beyond is not None
    least, most = 0, 1
    while not any_number and most <= MOST_CLASSES and exists(most):
        least, most = most, 2 * most
    if any_number or most > MOST_CLASSES:
        step = "all images are of class 0; labels=10 (--labels 10) says that there are ten"
        return 1, f"input {name!r} takes any number: its classes could not be counted, and {step}"
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if exists(middle) else (least, middle)
    return most, f"input {name!r}, integers: {most - 1} is the last that makes a difference"


def _of_class(found, z, number):
    try:
        return found.raw(z, np.array([number]))
    except REFUSED:
        return None


def _no_generator(loaded, source, whys):
    told, every = set(), []
    for one in interfaces(loaded):
        sides = tuple(one["inputs"].values()), tuple(one["outputs"].values())
        alike = (one["name"], *sides), ("", *sides)
        # Two modes of a function are often alike, and so is its signature, whatever that calls inputs and outputs.
        if alike[0] not in told and not (one["kind"] == "signature" and alike[1] in told):
            every.append(f"{one['name']}({_words_of(one['inputs'])}) -> ({_words_of(one['outputs'])})")
        told |= set(alike) if one["kind"] == "function" else {alike[0]}
    offered = "; ".join(every)
    expected = "a generator with latents (float, [N, size]) in and square images (1 to 4 channels) out"
    step = f"It offers {offered or 'nothing to call'}. {whys[0] if whys else ''}".rstrip()
    return checks.user_error("source", expected, str(source), step)


def _words_of(named):
    return ", ".join(f"{name}: {words}" if name else words for name, words in named.items())


def _line(error):
    """The first line of an error that says something: TensorFlow's begin with where in the graph it was."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = (line for line in lines if line and not line.startswith(("Graph execution error", "Detected at node", "<")))
    return next(said, type(error).__name__)

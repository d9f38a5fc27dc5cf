"""The names that options accept, and what they stand for. A new method adds one row here, or registers one.

Rows are "module:attribute" strings that are imported when they are first asked for, so that a layer can offer another
layer's methods by name without importing it, and the command line can list them without loading TensorFlow. Users add
rows of their own with `register_regularizer` and its like.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.entry_text import arguments_of, check_arguments, parse_entry

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.architectures import Architecture
    from keras_transfer_gen.specs import ModelSpec


_PROTOCOLS = "keras_transfer_gen.protocols"


@dataclasses.dataclass(frozen=True)
class Row:
    """An entry of a table.

    Args:
        target: "module:attribute", or the class, function or `Architecture` itself.
        help: one line for lists of options: what it does, and its arguments.
    """

    target: object
    help: str = ""


class Table(Mapping[str, Row]):
    """Names and the `Row` of each, in the order in which options list them. Reading it loads nothing.

    Args:
        argument: what stands for an entry in Python and, with "--", on the command line, such as "regularizer".
        kind: "module:attribute" of the abstract class of the entries' objects.
        rows: dict of name -> (target, help).
    """

    def __init__(self, argument: str, kind: str, rows: Mapping[str, tuple[Any, str]]) -> None:
        self.argument = argument
        self.kind = kind
        self._rows = {name: Row(*row) for name, row in rows.items()}

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def helps(self) -> dict[str, str]:
        """dict of name -> one line of help, for the command line."""
        return {name: row.help for name, row in self._rows.items()}

    def register(self, name: str, entry: Any, help: str = "") -> Any:
        """Adds an entry, so that options, settings and `compile` accept its name, with arguments after a colon.

        Call it before a model that uses the entry is loaded, too: saved models name the entry's class.

        Args:
            name: a word of letters, digits and "_", such as "path_length".
            entry: the class (or function that makes the object), the `Architecture`, or "module:attribute" of either,
                which is imported when the name is first used.
            help: one line for lists of options: what it does, and its arguments.

        Returns:
            `entry`, so that it may stand as the last line of a file.

        Raises:
            UserError: for a name that is no word or stands for something else, and an entry of another kind.

        Example:
            >>> register_objective("least_squares", LeastSquares)  # doctest: +SKIP
            >>> gan.compile(objective="least_squares")  # doctest: +SKIP
        """
        if not isinstance(name, str) or parse_entry(name, "name")[1] or name == "none":
            raise checks.user_error("name", 'a word of letters, digits and "_", but not "none"', name)
        present = self._rows.get(name)
        if present is not None and not _same(present.target, entry):
            hint = f"Taken are {', '.join(self)}. Choose another name."
            raise checks.user_error("name", "a name that is not taken", name, hint)
        if not isinstance(entry, str):
            self._check(entry)
            _make_serializable(entry)
        self._rows[name] = Row(entry, help or _first_line(entry))
        return entry

    def _check(self, entry: Any) -> None:
        kind = load(self.kind)
        fits = issubclass(entry, kind) if isinstance(entry, type) else isinstance(entry, kind) or callable(entry)
        if not fits:
            raise checks.user_error("entry", f"a subclass of {kind.__name__}, or a function that makes one", entry)


class MetricTable(Table):
    """Further measures of `evaluate`: names of functions, each called with what its parameters are named after.

    Args:
        inputs: the names that a parameter may have.
    """

    def __init__(self, inputs: Collection[str]) -> None:
        super().__init__("metric", "", {})
        self.inputs = inputs

    def _check(self, entry: Any) -> None:
        if isinstance(entry, type) or not callable(entry):
            raise checks.user_error("entry", "a function that returns a number", entry)
        names = list(inspect.signature(entry).parameters)
        if not names or not set(names) <= set(self.inputs):
            expected = f"a function with parameters among {', '.join(self.inputs)}"
            raise checks.user_error("entry", expected, names, "Rename its parameters, or wrap it in a function.")


OBJECTIVES = Table("objective", f"{_PROTOCOLS}:Objective", {
    "non_saturating": (
        "keras_transfer_gen.objectives.adversarial:NonSaturating", "logistic losses, the generator's non-saturating",
    ),
    "hinge": ("keras_transfer_gen.objectives.adversarial:Hinge", "margin losses"),
    "minimax": ("keras_transfer_gen.objectives.adversarial:Minimax", "the two-player losses of the first GAN"),
    "relativistic": (
        "keras_transfer_gen.objectives.adversarial:Relativistic",
        "logistic losses of pairs of a real and a generated image; with the penalty r1_r2",
    ),
})  # fmt: skip
PENALTIES = Table("penalty", f"{_PROTOCOLS}:Penalty", {
    "r1": (
        "keras_transfer_gen.objectives.penalties:R1",
        "squared gradient of the discriminator at real images; arguments: gamma, interval",
    ),
    "r1_r2": (
        "keras_transfer_gen.objectives.penalties:R1R2",
        "the same at real and at generated images; arguments: gamma, interval",
    ),
    "path_length": (
        "keras_transfer_gen.objectives.path_length:PathLength",
        "a step of the styles changes images alike everywhere, for style-based generators; arguments: weight, "
        "interval, decay",
    ),
})  # fmt: skip
AUGMENTS = Table("augment", f"{_PROTOCOLS}:Augment", {
    "diffaugment": (
        "keras_transfer_gen.training.diffaugment:DiffAugment",
        "colour, translation and cutout of what the discriminator sees; arguments: policy",
    ),
    "ada": (
        "keras_transfer_gen.training.ada:ADA",
        "many changes, the more often the better the discriminator knows the images; arguments: target, kimg, "
        "probability, interval, policy",
    ),
    "shift_flip": (
        "keras_transfer_gen.training.shift_flip:ShiftFlip",
        "small shifts and mirror images, for a VQVAE and its prior; arguments: ratio, flip",
    ),
})  # fmt: skip
REGULARIZERS = Table("regularizer", f"{_PROTOCOLS}:Regularizer", {
    "l2sp": (
        "keras_transfer_gen.transfer.regularizers.l2sp:L2SP",
        "keeps trained weights near those of the source; arguments: weight, roles, interval",
    ),
    "posterior_anchor": (
        "keras_transfer_gen.transfer.regularizers.posterior_anchor:PosteriorAnchor",
        "keeps a VAE's posteriors near those of the source; arguments: weight, interval",
    ),
})  # fmt: skip
LIKELIHOODS = Table("likelihood", f"{_PROTOCOLS}:Likelihood", {
    "gaussian_optimal_sigma": (
        "keras_transfer_gen.objectives.likelihoods:GaussianOptimalSigma", "normal errors of the most likely variance",
    ),
    "bernoulli": ("keras_transfer_gen.objectives.likelihoods:Bernoulli", "for images that are nearly black and white"),
    "l1": ("keras_transfer_gen.objectives.likelihoods:LaplaceOptimalScale", "absolute errors of the most likely scale"),
})  # fmt: skip
RECONSTRUCTIONS = Table("reconstruction", f"{_PROTOCOLS}:Reconstruction", {
    "pixels_and_edges": (
        "keras_transfer_gen.objectives.reconstruction:PixelsAndEdges",
        "absolute errors of pixels and of the steps between neighbours",
    ),
})  # fmt: skip
# Names that no option takes, since more must be given with them: the option's name -> {name: what to do}.
IN_PYTHON = {
    "likelihood": {
        "perceptual": "It needs a network of features: likelihood=ktg.Perceptual(features) in Python, for ktg.VAE.",
    },
}
METRICS = MetricTable(("real_images", "generated_images", "real_features", "generated_features"))
FEATURE_NETWORKS = Table("network", "keras:Model", {
    "efficientnet_lite0": (
        "keras_transfer_gen.metrics.feature_network:load_efficientnet_lite0",
        "names what photographs of ImageNet show; 224 px, 1,280 features",
    ),
    "movenet_lightning": (
        "keras_transfer_gen.metrics.movenet_lightning:load_movenet_lightning",
        "finds the joints of people in photographs and videos; 192 px, 1,280 features",
    ),
})  # fmt: skip
PRIORS = Table("prior", f"{_PROTOCOLS}:Prior", {
    "standard_normal": (
        "keras_transfer_gen.networks.priors.standard_normal:StandardNormal", "N(0, 1) in every dimension",
    ),
})  # fmt: skip
ARCHITECTURES = Table("arch", "keras_transfer_gen.architectures:Architecture", {
    "dcgan": ("keras_transfer_gen.networks.dcgan.entries:DCGAN", "convolutional GAN whose latents modulate its blocks"),
    "dcgan_refined": (
        "keras_transfer_gen.networks.dcgan.entries:REFINED_DCGAN",
        "dcgan with a second convolution on maps of 8 x 8 to 32 x 32",
    ),
    "dcgan_conditional": (
        "keras_transfer_gen.networks.dcgan.entries:CONDITIONAL_DCGAN",
        "dcgan that is told the class of each image; needs labels",
    ),
    "blended_codes": (
        "keras_transfer_gen.networks.blended.entries:BLENDED_CODES",
        "draws between images that it knows; made of a trained VQ-VAE",
    ),
    "conv_vae": ("keras_transfer_gen.networks.conv_vae.entries:CONV_VAE", "convolutional VAE with batch normalisation"),
    "conv_vae_plain": (
        "keras_transfer_gen.networks.conv_vae.entries:PLAIN_CONV_VAE",
        "conv_vae without normalisation, for small grey images",
    ),
    "stylegan2": (
        "keras_transfer_gen.networks.stylegan2.entries:STYLEGAN2",
        "GAN whose layers are modulated by styles, for images of 8 to 1024 pixels",
    ),
})  # fmt: skip


def architectures(family: str) -> dict[str, Architecture]:
    """The architectures of a family: dict of name -> `architectures.Architecture`.

    Args:
        family: "gan" or "vae".
    """
    entries = {name: load(row) for name, row in ARCHITECTURES.items()}
    return {name: entry for name, entry in entries.items() if entry.family == family}


def architecture_of(spec: ModelSpec) -> Architecture | None:
    """The `Architecture` that a model was built by, or None for a third-party model.

    Args:
        spec: `ModelSpec`; its `arch` is the name.
    """
    return load(ARCHITECTURES[spec.arch]) if spec.arch in ARCHITECTURES else None


def resolve_architecture(text: str, family: str, argument: str = "arch") -> tuple[str, Architecture, dict[str, Any]]:
    """The architecture and the options that a text such as "dcgan:max_channels=128" stands for.

    Args:
        text: a name of `ARCHITECTURES`, with options after a colon.
        family: "gan" or "vae".
        argument: what the caller calls it, for errors.

    Returns:
        (name, `Architecture`, dict of its options).

    Raises:
        UserError: for an unknown name, or an option that it does not have or of another type.
    """
    name, options = parse_entry(text, argument)
    entry = architectures(family)[checks.check_choice(argument, name, architectures(family))]
    check_arguments(argument, text, options, {option.name: option.default for option in entry.options})
    return name, entry, entry.check_options(options)


def resolve(name: str, value: Any, table: Table, kind: type | None = None) -> Any:
    """The object that an option stands for.

    Args:
        name: the argument's name, for the error.
        value: None or "none" (gives None); a text such as "l2sp" or "l2sp:weight=0.01" whose name is in the table;
            or a ready `kind`.
        table: one of the tables of this module.
        kind: the abstract class that an object must be of; the table's own by default.

    Raises:
        UserError: for an unknown name or argument, an argument of another type, or an object of another kind.
    """
    if value is None or value == "none":
        return None
    kind = load(table.kind) if kind is None else kind
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise checks.user_error(
            name, f"an object of class {kind.__name__} or one of {', '.join(map(repr, table))}", value
        )
    entry, arguments = check_entry(name, value, table)
    return load(table[entry])(**arguments)


def check_entry(name: str, value: Any, table: Table, next_step: str = "") -> tuple[str, dict[str, Any]]:
    """The name and arguments of a text such as "l2sp:weight=0.01", both looked up.

    A name alone is looked up without importing anything; arguments need the class that they are of.

    Args:
        name: the argument's name, for the error.
        value: what the caller gave.
        table: one of the tables of this module.
        next_step: a sentence for the end of the message about an unknown name.

    Returns:
        (name of the entry, dict of its constructor's arguments).

    Raises:
        UserError: where the text has another form, or the table no such name or the entry no such argument.
    """
    if not isinstance(value, str) or ":" not in value:
        return check_key(name, value, table, next_step), {}
    entry, arguments = parse_entry(value, name)
    check_key(name, entry, table, next_step)
    check_arguments(name, value, arguments, arguments_of(load(table[entry])))
    return entry, arguments


def check_key(name: str, value: Any, table: Table, next_step: str = "") -> str:
    """Returns a key of a table, or raises a `UserError` that lists them.

    Args:
        name: the argument's name.
        value: what the caller gave.
        table: one of the tables of this module.
        next_step: a sentence for the end of the message.
    """
    hint = IN_PYTHON.get(name, {}).get(value) if isinstance(value, str) else None
    if hint and value not in table:
        raise checks.user_error(name, "one of " + ", ".join(map(repr, table)), value, hint)
    return checks.check_choice(name, value, table, next_step)


def check_feature_network(network: PathLike) -> str:
    """Returns a name of `FEATURE_NETWORKS` or a path that exists, or raises a `UserError`; nothing is loaded."""
    network = str(network)
    if network not in FEATURE_NETWORKS and not Path(network).exists():
        step = "A .keras file or a SavedModel may be given as well, and ktg.register_feature_network adds a name."
        checks.check_choice("network", network, FEATURE_NETWORKS, step)
    return network


def load(row: Row | str) -> Any:
    """What a `Row` or a "module:attribute" stands for."""
    target = row.target if isinstance(row, Row) else row
    if not isinstance(target, str):
        return target
    module, attribute = target.split(":")
    return getattr(importlib.import_module(module), attribute)


def _same(present: object, entry: object) -> bool:
    """Whether an entry is the one that is there, or its new definition by a notebook's cell that ran again."""
    if present is entry or present == entry:
        return True
    names = [(getattr(part, "__module__", None), getattr(part, "__qualname__", None)) for part in (present, entry)]
    return None not in names[0] and names[0] == names[1]


def _make_serializable(entry: object) -> None:
    """Lets saved models name a user's class, where its author did not do so."""
    if not isinstance(entry, type):
        return
    import keras  # loaded already: the entry's base class needs it

    if keras.saving.get_registered_object(keras.saving.get_registered_name(entry)) is not entry:
        keras.saving.register_keras_serializable("keras_transfer_gen_user")(entry)


def _first_line(entry: object) -> str:
    documented = isinstance(entry, type) or inspect.isfunction(entry)
    return (entry.__doc__ or "").strip().partition("\n")[0] if documented else ""


register_objective = OBJECTIVES.register
register_penalty = PENALTIES.register
register_augment = AUGMENTS.register
register_regularizer = REGULARIZERS.register
register_likelihood = LIKELIHOODS.register
register_reconstruction = RECONSTRUCTIONS.register
register_prior = PRIORS.register
register_architecture = ARCHITECTURES.register
register_metric = METRICS.register
register_feature_network = FEATURE_NETWORKS.register

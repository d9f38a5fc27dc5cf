"""What is in a SavedModel: its functions, its variables, whether it can be trained, and a program that uses it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.image_generators import MeasuredGenerator, is_exported, open_generator
from keras_transfer_gen.recipes.models.inspect_network_file import inspect_network_file
from keras_transfer_gen.recipes.models.load import first_latents
from keras_transfer_gen.recipes.models.resolve import KERAS, NETWORK_FILE, resolve_model
from keras_transfer_gen.transfer.fetching.address import is_address
from keras_transfer_gen.transfer.fetching.archives import SUFFIXES
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.freezing.trainable_report import TrainableReport, trainable_report
from keras_transfer_gen.transfer.provenance import name_of, note_source
from keras_transfer_gen.transfer.saved_model.files import load_saved_model
from keras_transfer_gen.transfer.saved_model.graph import read_graph
from keras_transfer_gen.transfer.saved_model.input_roles import (
    IDS,
    LABEL_ROLES,
    LATENTS,
    ONE_HOT,
    TRUNCATION,
    named_leaves,
)
from keras_transfer_gen.transfer.saved_model.interfaces import interfaces
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from keras_transfer_gen.transfer.saved_model.measure import measure_generator
from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.inspect_network_file import NetworkFileInspection
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


IMAGES = 16
TO_LEVELS: dict[tuple[float, ...], str] = {  # Python that brings `images` to 0..255, by pixel range
    (-1.0, 1.0): "(np.array(images, np.float32) + 1.0) * 127.5",
    (0.0, 1.0): "np.array(images, np.float32) * 255.0",
    (0.0, 255.0): "np.array(images, np.float32)",
}
DRAWS = {  # Python that draws `latents` of {shape}, by distribution
    "normal": ["latents = rng.standard_normal({shape}, np.float32)"],
    "uniform": ["latents = rng.uniform(-1, 1, {shape}).astype(np.float32)"],
    "truncated_normal": ["latents = np.array(keras.random.truncated_normal({shape}, seed=0))"],
    "sphere": [
        "latents = rng.standard_normal({shape}, np.float32)",
        "latents /= np.sqrt(np.mean(latents**2, axis=1, keepdims=True))",
    ],
}


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What `inspect_model` returns.

    Args:
        source: what the user calls the model.
        folder: its folder (str).
        interfaces: its functions with their inputs and outputs, a list of dicts; see `measure.interfaces`.
        trained: what of it can be trained, a sentence.
        has_training_mode: whether it has one, or None where that is not known.
        variables: `Report`.
        measured: `MeasuredFunction`, or None for a model that is no generator.
        generator: object with `spec` and `generate`, or None.
        no_generator: why it is no generator, or "".
        program: lines of Python that use this model in Keras.
    """

    source: str
    folder: str
    interfaces: list[dict[str, Any]]
    trained: str
    has_training_mode: bool | None
    variables: TrainableReport
    measured: MeasuredFunction | None
    generator: Any
    no_generator: str
    program: str

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return {
            "source": self.source,
            "folder": self.folder,
            "interfaces": self.interfaces,
            "trained": self.trained,
            "has_training_mode": self.has_training_mode,
            "variables": self.variables.to_dict(),
            "spec": self.generator.spec.to_dict() if self.generator else None,
            "inputs": self.measured.roles if self.measured else None,
            "reasons": self.measured.reasons if self.measured else None,
            "no_generator": self.no_generator,
            "program": self.program,
        }


def inspect_model(
    source: PathLike | ModelRef, trust: bool = False, overrides: SpecOverrides | None = None
) -> Inspection | NetworkFileInspection:
    """Describes a SavedModel of any origin.

    Args:
        source: a SavedModel: its folder, an archive (`.tar.gz`) of it, or an https address or handle; or a file of
            StyleGAN2 networks (`.pkl`, `.pt`).
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.
        overrides: `SpecOverrides`, what is given of a generator instead of measured, or None.

    Returns:
        `Inspection`, or `NetworkFileInspection` of a file of networks.

    Raises:
        UserError: for presets, RUN folders and `.keras` files, which `ktg info` describes; where `overrides` contradict
            the model.
        UserFileError: where it can't be fetched or loaded.

    Example:
        >>> print(inspect_model("models/progan").program)  # doctest: +SKIP
    """
    checks.check_backend()
    ref = resolve_model(source, trust)
    source = ref.name
    if ref.kind == NETWORK_FILE:
        return inspect_network_file(ref)
    if ref.kind == KERAS:
        step = f"`ktg info {source} --layers` describes this one; load_gan({source!r}) loads it."
        raise checks.user_error("source", "a SavedModel (folder, .tar.gz or https address)", source, step)
    folder = fetch_saved_model(ref.path)
    path = source if is_address(source) or source.lower().endswith(SUFFIXES) else ref.path  # what the program names
    loaded = load_saved_model(folder)
    measured, generator, reason = None, None, ""
    try:
        measured = measure_generator(loaded, source, first_latents, overrides)
        generator = MeasuredGenerator(measured, loaded)
        if is_exported(folder):
            generator = open_generator(folder, source, overrides)
            measured = _as_saved(measured, generator.spec, overrides)
    except checks.UserError as error:
        if overrides:  # an error about them must not get lost in a long report
            raise
        reason = str(error)
    functions = interfaces(loaded)
    layer, name, trained = _layer(loaded, measured, functions)
    if layer:
        note_source(layer, name_of(source))
    if measured and measured.image.whole_numbers:
        trained += " Its images are whole numbers, through which no gradient passes: `ktg finetune` can't adapt it."
    if measured:
        program = _generator_program(path, name, measured)
    else:
        program = _zeros_program(path, name, loaded) if layer else ""
    return Inspection(
        source=str(source), folder=str(folder), interfaces=functions, trained=trained,
        has_training_mode=layer.has_training_mode if layer else None,
        variables=trainable_report(layer) if layer else TrainableReport(()),
        measured=measured, generator=generator, no_generator=reason, program=program,
    )  # fmt: skip


def _as_saved(measured: MeasuredFunction, spec: ModelSpec, overrides: SpecOverrides | None) -> MeasuredFunction:
    """`MeasuredFunction` of an export of this package, with the spec that was saved with it."""
    stated = overrides is not None and overrides.latent_distribution is not None
    text = "given with latent_distribution= (--latent-distribution), as the" if stated else "the"
    return dataclasses.replace(
        measured, spec=spec, reasons={**measured.reasons, "distribution": f"{text} SavedModel's own spec.json says"}
    )


def _layer(
    loaded: Any, measured: MeasuredFunction | None, functions: Sequence[dict[str, Any]]
) -> tuple[SavedModelLayer | None, str | None, str]:
    """(`SavedModelLayer` or None, its signature or None for the default, what of it can be trained in words)."""
    try:
        default = read_graph(loaded).inference.name
    except checks.UserError:  # it has none
        default = None
    name = measured.endpoint.name if measured else default or next((row["name"] for row in functions), None)
    if name is None:
        return None, None, "It has no function to call."
    name = None if name == default else name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `trained` says what it warns of
        try:
            layer = SavedModelLayer(loaded, name, trainable=True)
        except checks.UserError:
            try:
                layer = SavedModelLayer(loaded, name, trainable=False)
            except checks.UserError as error:
                return None, name, str(error)
    return layer, name, layer.trainable_words


def _generator_program(path: PathLike, name: str | None, measured: MeasuredFunction) -> str:
    """A Python program that saves images of a generator as PNG files: at most 15 lines."""
    count, size, image = measured.batch or IMAGES, measured.latent_dim, measured.image
    lines = _opening(path, name, ["import keras", "import numpy as np"])
    draws = [line.format(shape=(count, size)) for line in DRAWS[measured.spec.distribution]]
    lines += ["rng = np.random.default_rng(0)", *draws]
    code = {LATENTS: "latents", IDS: "labels", ONE_HOT: "labels", TRUNCATION: "np.float32(1.0)"}
    values = {}
    for leaf, spec in named_leaves(measured.form.inputs):
        role = measured.roles[leaf]
        values[leaf] = code.get(role, "np.bool_(False)")
        if role == LATENTS and spec.shape.rank not in (2, None):
            sides = ["-1", *(str(size if side is None else side) for side in spec.shape[1:])]
            values[leaf] = f"latents.reshape({', '.join(sides)})"
        if role == TRUNCATION and spec.shape.rank:
            values[leaf] = f"np.ones({tuple(size or count for size in spec.shape)}, np.float32)"
        if role in LABEL_ROLES:
            shape = f"({count}, 1)" if role == IDS and spec.shape.rank == 2 else count
            drawn = f'rng.integers({max(measured.spec.num_classes, 1)}, size={shape}, dtype="int32")'
            lines.append(f"labels = {drawn}" + (f".astype({spec.dtype.name!r})" if spec.dtype.is_floating else ""))
        if role == ONE_HOT:
            lines[-1] = f"labels = {drawn}"
            lines.append(f"labels = np.eye({measured.spec.num_classes}, dtype={spec.dtype.name!r})[labels]")
    outputs = measured.form.concrete.structured_outputs
    outputs = next(iter(outputs.values())) if isinstance(outputs, dict) and len(outputs) == 1 else outputs
    inputs = _as_python(_without_single_key(measured.form.inputs), values, _single_key(measured.form.inputs))
    lines.append(f"images = layer({inputs}){_subscripts(outputs, measured.output) or ''}")
    levels = TO_LEVELS[measured.spec.pixel_range]
    lines.append(f"images = {levels.replace(')', ').transpose(0, 2, 3, 1)', 1) if image.channels_first else levels}")
    if image.has_alpha:
        lines.append("images = images[..., :-1] * (images[..., -1:] / 255.0) + 255.0 - images[..., -1:]  # on white")
    lines += [
        "for number, image in enumerate(images.round().clip(0, 255)):",
        '    keras.utils.save_img(f"{number:02}.png", image, scale=False)',
    ]
    return "\n".join(lines)


def _zeros_program(path: PathLike, name: str | None, loaded: Any) -> str:
    """A Python program that calls a model that is no generator on zeros; "" where an input's rank is not known."""
    form = next(form for form in read_graph(loaded, name).inference.forms if form.serves(False))
    values = {}
    for leaf, spec in named_leaves(form.inputs):
        shape = getattr(spec, "shape", None)
        if shape is None or shape.rank is None or not (spec.dtype.is_floating or spec.dtype.is_integer):
            return ""
        sizes = tuple((64 if axis else 1) if size is None else size for axis, size in enumerate(shape))
        values[leaf] = f"np.zeros({sizes}, {spec.dtype.name!r})"
    if not values:
        return ""
    inputs = _as_python(_without_single_key(form.inputs), values, _single_key(form.inputs))
    return "\n".join([*_opening(path, name, ["import numpy as np"]), f"print(layer({inputs}))"])


def _opening(path: PathLike, name: str | None, imports: Sequence[str]) -> list[str]:
    fetched = isinstance(path, str)
    names = "SavedModelLayer, fetch_saved_model" if fetched else "SavedModelLayer"
    model = f"fetch_saved_model({path!r})" if fetched else repr(str(path))
    signature = "" if name is None else f"signature={name!r}, "
    opening = [*imports, f"from keras_transfer_gen import {names}", ""]
    return [*opening, f"layer = SavedModelLayer({model}, {signature}trainable=False)"]


def _without_single_key(inputs: dict[str, Any]) -> Any:
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


def _single_key(inputs: dict[str, Any]) -> str:
    return next(iter(inputs)) if len(inputs) == 1 else ""


def _as_python(structure: Any, values: dict[str, str], name: str) -> str:
    """A structure of inputs as Python, each leaf by the code of its name."""
    below = f"{name}/" if name else ""
    if isinstance(structure, dict):
        parts = (f"{key!r}: {_as_python(part, values, f'{below}{key}')}" for key, part in structure.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(structure, (list, tuple)):
        return "[" + ", ".join(_as_python(part, values, f"{below}{n}") for n, part in enumerate(structure)) + "]"
    return values[name]


def _subscripts(structure: Any, wanted: str, name: str = "", code: str = "") -> str | None:
    """The subscripts that lead to the leaf called `wanted`, such as "['image']"; None where it is not below."""
    if isinstance(structure, dict):
        items = structure.items()
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return code if name == wanted else None
    matches = (
        _subscripts(part, wanted, f"{name}/{key}" if name else str(key), f"{code}[{key!r}]") for key, part in items
    )
    return next((match for match in matches if match is not None), None)

"""Models as SavedModels for TF Serving: one signature a function, and the spec beside the weights."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.guards import guarded
from keras_transfer_gen.export.parity import check_outputs
from keras_transfer_gen.export.serving_files import model_name
from keras_transfer_gen.export.warmup import WARMUP_FILE, warmup_requests, write_warmup
from keras_transfer_gen.network_inputs import TRUNCATION
from keras_transfer_gen.saved_model_layout import CARD_FILE, PARTS, SPEC_FILE, is_saved_model
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array, PathLike
    from keras_transfer_gen.export.servable import Servable


DEFAULT = "serving_default"  # the signature that TF Serving calls where none is named
SERVE = "serve"  # its function
CHOOSE = "Choose another folder with path= or --out."


def write_saved_model(servable: Servable | None, path: PathLike, card: str | None = None) -> Path:
    """Writes a model as a SavedModel, in float32, each weight once; it loads without Keras.

    Each function of the `Servable` becomes a signature of its name; "serve" is `serving_default`. Signatures refuse
    wrong inputs by a plain sentence, see `guards`. The loaded object has the functions of batches as attributes too,
    without these checks, and `variables` and `trainable_variables`, so that it can be tuned further.

    Args:
        servable: `Servable`, such as `generator_servable` or `vae_servable` return it.
        path: folder to write; TF Serving wants a number as its name, such as `serving/cats/1`. A SavedModel that stands
            there is replaced whole; nothing is written or replaced where anything fails.
        card: text for `assets.extra/README.md`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserFileError: where `path` is a file or a folder with other things in it, lies in another SavedModel, or can't
            be written.
        ExportError: where the SavedModel gives other images than the model, by more than one pixel level.

    Example:
        >>> import tempfile
        >>> from keras_transfer_gen.export.generator import generator_servable
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
        >>> spec = ModelSpec(image_size=32, channels=3, latent_dim=128)
        >>> servable = generator_servable(build_dcgan_generator(32, max_channels=32), spec)
        >>> generate, spec = read_saved_model(write_saved_model(servable, tempfile.mkdtemp()))
        >>> generate(tf.zeros((2, spec.latent_dim))).shape
        TensorShape([2, 32, 32, 3])
    """
    path = Path(path)
    check_folder(path)
    with files.atomic_path(path) as partial:
        root, signatures = _root(servable)
        tf.saved_model.save(root, str(partial), signatures)
        names = {name: _signature(name) for name in servable.functions}
        write_warmup(partial / WARMUP_FILE, warmup_requests(servable, names), model_name(path))
        write_spec(partial / SPEC_FILE, servable.spec)
        for name, content in servable.extras.items():
            files.write_bytes(partial / name, content)
        if card is not None:
            files.write_text(partial / CARD_FILE, card)
        _check(servable, tf.saved_model.load(str(partial)))
    return path


def read_saved_model(path: PathLike) -> tuple[Callable[..., Any], ModelSpec]:
    """Loads the generator of a SavedModel that `write_saved_model` wrote.

    Args:
        path: its folder.

    Returns:
        (generate, spec): a function from latents float32 `[N, latent_dim]` (array or tensor), or {"latents": those,
        "labels": integers `[N]`} where the spec has classes (with "truncation" float32 `[N]` where it takes that; 1 by
        default), to images, float32 tensor `[N, S, S, C]` in [-1, 1]; and the `ModelSpec`.

    Raises:
        UserFileError: where there is no such folder or it can't be loaded.
        UserError: where it is no SavedModel, or not one of this package.
    """
    path = Path(path)
    if not path.is_dir():
        raise checks.file_error("path", "an existing folder with a SavedModel", path)
    if not is_saved_model(path):
        raise checks.user_error("path", "a SavedModel (a folder with saved_model.pb)", str(path))
    if not is_exported(path):
        step = f"It has no {SPEC_FILE} that says what latents it takes. Write one with `ktg export MODEL`."
        raise checks.user_error("path", "a SavedModel that keras_transfer_gen exported", str(path), step)
    spec = read_spec(path / SPEC_FILE)
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        step = f"TensorFlow says: {str(error).splitlines()[0]}. Export it again."
        raise checks.file_error("path", "a SavedModel that can be loaded", path, step) from error

    takes = loaded.signatures[DEFAULT].structured_input_signature[1]

    def generate(inputs: Array | dict[str, Array]) -> tf.Tensor:
        named = inputs if isinstance(inputs, dict) else {"latents": inputs}
        types = {"latents": tf.float32, "labels": tf.int32, TRUNCATION: tf.float32}
        if TRUNCATION in takes and TRUNCATION not in named:
            named = {**named, TRUNCATION: tf.ones(len(named["latents"]))}
        return loaded.serve(*(tf.cast(named[name], types[name]) for name in types if name in named))["images"]

    return generate, spec


def is_exported(path: PathLike) -> bool:
    """Whether a folder holds a SavedModel that this package exported, with its spec beside it (bool)."""
    file = Path(path) / SPEC_FILE
    fields = files.read_json(file) if file.is_file() else {}
    return isinstance(fields, dict) and PACKAGE in fields


def write_spec(path: Path, spec: ModelSpec) -> None:
    """Writes the spec.json that marks a SavedModel as exported by this package: the version, and the spec's fields."""
    files.write_json(path, {PACKAGE: _version(), **spec.to_dict()})


def read_spec(path: Path) -> ModelSpec:
    """The `ModelSpec` in the spec.json of an exported SavedModel."""
    return ModelSpec.from_dict({name: value for name, value in files.read_json(path).items() if name != PACKAGE})


def check_folder(path: Path) -> Any:
    """Refuses, with a `UserFileError`, to write a SavedModel where another or something else would suffer.

    Only a SavedModel with nothing beside it is replaced. One SavedModel never lies in another: TensorFlow and TF
    Serving would load the wrong one.

    Args:
        path: `pathlib.Path` of the folder to write.
    """
    outer = next((folder for folder in path.absolute().parents if is_saved_model(folder)), None)
    if outer is not None:
        step = f"{outer} is a SavedModel. Move it to another place first, or choose another folder with path= or --out."
        raise checks.file_error("path", "a folder outside of every SavedModel", path, step)
    if not path.exists():
        return
    others = sorted(_entries(path) - PARTS)
    if path.is_dir() and not others and (is_saved_model(path) or not any(path.iterdir())):
        return
    if others and is_saved_model(path):
        step = f"Beside a SavedModel it holds {', '.join(others)}. {CHOOSE}"
        raise checks.file_error("path", "a folder with nothing but a SavedModel to replace", path, step)
    versions = [name for name in others if is_saved_model(path / name)]
    if versions:
        next_one = path / str(max((int(name) for name in versions if name.isdecimal()), default=0) + 1)
        step = f"It holds the SavedModel {', '.join(versions)}. Write beside it, with path= or --out {next_one}."
        raise checks.file_error("path", "a folder without other SavedModels in it", path, step)
    raise checks.file_error("path", "a new or empty folder, or a SavedModel to replace", path, CHOOSE)


def _entries(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir() if not entry.name.startswith(".")} if path.is_dir() else set()


def _root(servable: Servable) -> tuple[Any, dict[str, Callable[..., Any]]]:
    """(the object to save, {signature: function}); the weights hang on it as bare `tf.Variable`s.

    `keras.export.ExportArchive` and `Model.export` also write the Keras variables around them: each weight twice.
    """
    root = tf.train.Checkpoint()
    root.variables = [variable.value for variable in servable.variables]
    root.trainable_variables = [variable.value for variable in servable.variables if variable.trainable]
    signatures = {}
    for name, function in servable.functions.items():
        if not function.is_of_scalars:
            setattr(root, name, function.traced())
        signatures[_signature(name)] = guarded(function, servable.spec).traced()
    return root, signatures


def _signature(name: str) -> str:
    return DEFAULT if name == SERVE else name


def _check(servable: Servable, loaded: Any) -> None:
    """Compares every signature of what was written with what the model gives."""
    for name, function in servable.functions.items():
        examples = {key: tf.constant(value) for key, value in function.examples.items()}
        what = "The SavedModel" if name == SERVE else f"The SavedModel's signature {name}"
        check_outputs(function, loaded.signatures[_signature(name)](**examples), what)


def _version() -> str:
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:  # a checkout that was not installed
        return "unknown"

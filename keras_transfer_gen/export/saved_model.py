"""Generators as SavedModels for TF Serving, with signatures and the spec beside the weights."""

import importlib.metadata
from pathlib import Path

import tensorflow as tf

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.export.float32 import float32_twin, tolerance_of
from keras_transfer_gen.export.parity import call_generator, check_parity
from keras_transfer_gen.export.signatures import serving_function
from keras_transfer_gen.saved_model_layout import CARD_FILE, PARTS, SPEC_FILE, is_saved_model
from keras_transfer_gen.specs import ModelSpec

MARK = "keras_transfer_gen"  # the key of spec.json that says who wrote it, with the version


def write_saved_model(generator, spec, path, card=None):
    """Writes a generator as a SavedModel, in float32, each weight once; it loads without Keras.

    Signature `serving_default`: `latents` float32 `[N, latent_dim]` (and `labels` int32 `[N]` where the spec has
    classes) -> `images` float32 `[N, S, S, C]` in [-1, 1]. Signature `uint8`: the same -> `images` uint8 0..255. The
    loaded object has both as `serve` and `uint8`, and `variables` and `trainable_variables`, so that it can be tuned
    further.

    Args:
        generator: functional `keras.Model`; it is not changed.
        spec: its `ModelSpec`; kept in `assets.extra/spec.json` with the package's version.
        path: folder to write; TF Serving wants a number as its name, such as `serving/cats/1`. A SavedModel that stands
            there is replaced whole; nothing is written or replaced where anything fails.
        card: text for `assets.extra/README.md`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserFileError: where `path` is a file or a folder with other things in it, or can't be written.
        UserError: where the generator is not of the spec's shape, or inside a strategy's scope.
        ExportError: where the SavedModel makes other images than the generator, by more than one pixel level.

    Example:
        >>> import tempfile
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
        >>> spec = ModelSpec(image_size=32, channels=3, latent_dim=128)
        >>> folder = write_saved_model(build_dcgan_generator(32, max_channels=32), spec, tempfile.mkdtemp())
        >>> generate, spec = read_saved_model(folder)
        >>> generate(tf.zeros((2, spec.latent_dim))).shape
        TensorShape([2, 32, 32, 3])
    """
    path = Path(path)
    check_target(path)
    twin, inputs, images = float32_twin(generator, spec)
    root = _servable(twin, spec)
    with files.atomic_path(path) as partial:
        tf.saved_model.save(root, str(partial), {"serving_default": root.serve, "uint8": root.uint8})
        extra = partial / Path(SPEC_FILE).parent
        extra.mkdir()
        write_spec(partial / SPEC_FILE, spec)
        if card is not None:
            files.write_text(partial / CARD_FILE, card)
        loaded = tf.saved_model.load(str(partial))
        given = [tf.constant(value) for value in inputs.values()]
        near = tolerance_of(twin, inputs)
        check_parity(images, loaded.serve(*given)["images"], near, "The SavedModel")
        whole = loaded.uint8(*given)["images"]
        check_parity(pixels.to_uint8(images), whole, near, "The SavedModel's signature uint8")
    return path


def read_saved_model(path):
    """Loads a SavedModel that `write_saved_model` wrote.

    Args:
        path: its folder.

    Returns:
        (generate, spec): a function from latents float32 `[N, latent_dim]` (array or tensor), or {"latents": those,
        "labels": integers `[N]`} where the spec has classes, to images, float32 tensor `[N, S, S, C]` in [-1, 1]; and
        the `ModelSpec`.

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

    def generate(inputs):
        given = inputs if isinstance(inputs, dict) else {"latents": inputs}
        types = {"latents": tf.float32, "labels": tf.int32}
        return loaded.serve(*(tf.cast(given[name], types[name]) for name in types if name in given))["images"]

    return generate, spec


def is_exported(path):
    """Whether the folder holds a SavedModel that this package exported (bool), so that its spec lies beside it."""
    file = Path(path) / SPEC_FILE
    fields = files.read_json(file) if file.is_file() else {}
    return isinstance(fields, dict) and MARK in fields


def write_spec(path, spec):
    """Writes the spec.json that marks a SavedModel as exported by this package."""
    files.write_json(path, {MARK: _version(), **spec.to_dict()})


def read_spec(path):
    """The `ModelSpec` in the spec.json of an exported SavedModel."""
    return ModelSpec.from_dict({name: value for name, value in files.read_json(path).items() if name != MARK})


def _servable(network, spec):
    """The object to save: functions and, as bare `tf.Variable`s, the weights.

    `keras.export.ExportArchive` and `Model.export` also write the Keras variables around them: each weight twice.
    """
    root = tf.train.Checkpoint()
    root.variables = [variable.value for variable in network.variables]
    root.trainable_variables = [variable.value for variable in network.trainable_variables]

    def images(inputs):
        return {"images": tf.cast(call_generator(network, inputs), tf.float32)}

    def levels(inputs):
        return {"images": pixels.to_uint8(call_generator(network, inputs))}

    root.serve, root.uint8 = serving_function(images, spec), serving_function(levels, spec)
    return root


def check_target(path):
    """Refuses, with a `UserFileError`, to replace what is not a SavedModel, or one with other files beside it."""
    if path.is_dir():
        others = sorted({entry.name for entry in path.iterdir() if not entry.name.startswith(".")} - PARTS)
        if not others and (is_saved_model(path) or not any(path.iterdir())):
            return
        if others and is_saved_model(path):
            step = f"Beside a SavedModel it holds {', '.join(others)}. Choose another folder with path= or --out."
            raise checks.file_error("path", "a folder with nothing but a SavedModel to replace", path, step)
    if path.exists():
        step = "Choose another folder with path= or --out."
        raise checks.file_error("path", "a new or empty folder, or a SavedModel to replace", path, step)


def _version():
    try:
        return importlib.metadata.version("keras_transfer_gen")
    except importlib.metadata.PackageNotFoundError:  # a checkout that was not installed
        return "unknown"

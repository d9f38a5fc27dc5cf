"""From a source to a loaded SavedModel, and how a saved model names the SavedModel that it needs."""

from __future__ import annotations

import contextlib
import contextvars
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_transfer_gen import checks, files
from keras_transfer_gen.saved_model_layout import is_saved_model
from keras_transfer_gen.transfer.fetching import archives
from keras_transfer_gen.transfer.fetching.address import is_address
from keras_transfer_gen.transfer.fetching.find import find_saved_model
from keras_transfer_gen.transfer.fetching.whole import check_whole

if TYPE_CHECKING:
    import logging

    from keras_transfer_gen.aliases import PathLike


VARIABLE = "KTG_SAVED_MODEL_DIR"

# {handle: folder} of this process, so that a file that names a handle is loaded without fetching
_fetched: dict[str, Path] = {}
_home: contextvars.ContextVar[Path | None] = contextvars.ContextVar("home", default=None)


@contextlib.contextmanager
def beside(home: PathLike) -> Iterator[None]:
    """Within the block, saved models name SavedModels near them by relative paths, so that both can be moved together.

    A model that is saved names a SavedModel below `home` by its path from there. A model that is loaded looks for a
    SavedModel with a relative path from `home` and from the folders above it.

    Args:
        home: a folder, or the file that is loaded.
    """
    token = _home.set(Path(home).absolute())
    try:
        yield
    finally:
        _home.reset(token)


def stored_folder(folder: PathLike) -> Any:
    """A SavedModel's folder as a saved model names it: a relative path where it lies below the folder of `beside`."""
    home = _home.get()
    if home is not None and Path(folder).is_relative_to(home):
        return Path(folder).relative_to(home).as_posix()
    return folder


def _candidates(folder: PathLike) -> list[Path]:
    """The folders that a stored path may mean, likeliest first."""
    home = _home.get()
    if Path(folder).is_absolute() or home is None:
        return [Path(folder)]
    return [above / folder for above in (home, *home.parents)]


def needs_fetching(source: str) -> bool:
    """Whether a source is an address or an archive, which has to be fetched or unpacked first (bool)."""
    return is_address(source) or (isinstance(source, str) and source.strip().lower().endswith(archives.SUFFIXES))


def open_source(source: PathLike) -> Path:
    """The folder of a SavedModel.

    Args:
        source: a folder, or an https handle or archive (`.tar.gz`, `.tgz`, `.tar`), which is fetched or unpacked.

    Returns:
        `pathlib.Path`, absolute.

    Raises:
        UserFileError: where there is no whole SavedModel.
        UserError: where `source` is another kind of file.
    """
    source = os.fspath(source)
    if needs_fetching(source):
        from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model  # only these need it

        _fetched[source] = Path(fetch_saved_model(source)).absolute()
        return _fetched[source]
    path = Path(source).expanduser()
    if path.is_file() and path.suffix in (".keras", ".h5"):
        step = "That is a Keras model: load it with load_gan(...) or keras.models.load_model(...)."
        raise checks.user_error("source", "a SavedModel, a folder with saved_model.pb", source, step)
    if not path.is_dir():
        step = f"Looked for {path.absolute()}. Give the folder that `tf.saved_model.save` or `model.export` made."
        raise checks.file_error("source", "an existing folder with a SavedModel", source, step)
    folder = find_saved_model(path, source=source).absolute()
    check_whole(folder, source=source, step="Copy or export it again.")
    return folder


def graph_digest(folder: PathLike) -> str:
    """Hex SHA-256 of the SavedModel's graph, which identifies it; weights don't count."""
    path = Path(folder, "saved_model.pb")
    return files.sha256_file(path if path.is_file() else path.with_suffix(".pbtxt"))


def find_again(source: str, folder: str, digest: str) -> Path:
    """The folder of a SavedModel that a saved model names.

    It is looked for in the folder that the environment variable KTG_SAVED_MODEL_DIR names, then where it was (a
    relative path: see `beside`), then at `source` from the current folder. Nothing is fetched: loading a file must not
    start a download of code.

    Args:
        source: what the user named when the layer was made.
        folder: where it was, as `stored_folder` returned it.
        digest: its `graph_digest`.

    Returns:
        `pathlib.Path`.

    Raises:
        UserFileError: where it is in none of these folders, or where another SavedModel is there.
    """
    moved = os.environ.get(VARIABLE)
    # both kinds of slashes: a file saved on another system names its folder in another way
    name = folder.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    here = _fetched.get(source) if needs_fetching(source) else Path(source).expanduser()
    paths = [*([Path(moved), Path(moved, name)] if moved else []), *_candidates(folder), *([here] if here else [])]
    paths = [path for path in paths if is_saved_model(path)]
    for path in paths:
        if graph_digest(path) == digest:
            return path.absolute()
    if paths:
        step = f"{paths[0]} holds another graph. Set {VARIABLE} to the folder that holds the right one."
        raise checks.file_error("source", "the SavedModel that this model was saved with", source, step)
    if needs_fetching(source):
        how = f"Call SavedModelLayer({source!r}) once before"
    elif Path(folder).is_absolute():
        how = f"Put it back at {folder}"
    else:
        how = f"Load the file with load_gan(...), which looks for {folder} from the file's folder on"
    step = f"The weights are in this file, but the graph is in the SavedModel. {how}, or set {VARIABLE} to its folder."
    raise checks.file_error("source", "the SavedModel that this model was saved with; it is missing", source, step)


def load_saved_model(folder: PathLike) -> Any:
    """Loads a SavedModel; where it holds several graphs, the one for serving.

    In a strategy's scope the variables are the strategy's.

    Raises:
        UserFileError: where TensorFlow can't load it.
    """
    try:
        with _without_references():
            return _spread(tf.saved_model.load(str(folder), tags=_tags(folder)))
    except (OSError, ValueError, RuntimeError, KeyError, tf.errors.OpError) as error:
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        step = f"TensorFlow says: {first} Export or fetch it again."
        raise checks.file_error("source", "a SavedModel that TensorFlow can load", folder, step) from error


@contextlib.contextmanager
def _without_references() -> Iterator[None]:
    """Hides TensorFlow's warnings about TF1 reference variables; a layer's `trainable_words` say it."""

    def is_other(record: logging.LogRecord) -> bool:
        return "because it is a reference variable" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def _spread(loaded: Any) -> Any:
    """The object with variables of the strategy in scope, which TensorFlow's loader makes only for TF2's format."""
    strategy = tf.distribute.get_strategy()
    variables = list(tf.train.TrackableView(loaded).children(loaded).get("variables", ()))
    if strategy.num_replicas_in_sync < 2 or all(map(strategy.extended.variable_created_in_scope, variables)):
        return loaded
    root = tf.train.Checkpoint()
    root.variables = variables
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(root, folder, signatures=dict(loaded.signatures))
        return tf.saved_model.load(folder)


def _tags(folder: PathLike) -> list[str] | None:
    """The tags to load: None where there is one graph; of several the one for serving, or the one without tags."""
    graph = Path(folder, "saved_model.pb")
    if not graph.is_file():
        return None
    content = saved_model_pb2.SavedModel()
    content.ParseFromString(graph.read_bytes())
    choices = [set(graph.meta_info_def.tags) for graph in content.meta_graphs]
    if len(choices) < 2:
        return None
    for wanted in ({"serve"}, set()):
        if wanted in choices:
            return sorted(wanted)
    return sorted(choices[0])

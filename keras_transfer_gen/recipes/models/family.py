"""Which kind of model stands behind a name, told from its files. Loads no TensorFlow, but for RUN folders."""

import json
import zipfile
from pathlib import Path

from keras_transfer_gen.recipes.models.resolve import locate
from keras_transfer_gen.specs import FAMILIES, ModelSpec

CLASSES = {"GAN": "gan", "VAE": "vae"}
SPEC_FILE = "assets.extra/spec.json"  # in an exported SavedModel


def family_of(source, trust=False):
    """The family of a model.

    Args:
        source: what `locate` takes.
        trust: whether the user vouches for a model from the web; nothing is fetched here.

    Returns:
        "gan", "vae", or "" for a model of others.

    Raises:
        UserError, UserFileError: where it can't be found.
    """
    kind, path = locate(source, trust)
    if kind == "keras":
        return _of_keras_file(path)
    spec = Path(path) / SPEC_FILE
    if not spec.is_file():
        return ""
    family = json.loads(spec.read_text(encoding="utf-8")).get("family", ModelSpec.family)
    return family if family in FAMILIES else ""


def _of_keras_file(path):
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""  # what loads it says what is wrong with it
    ours = (config.get("registered_name") or "").startswith("keras_transfer_gen>")
    return CLASSES.get(config.get("class_name"), "") if ours else ""

"""From a trained model to what is served: SavedModel and TFLite, each checked picture by picture."""

import os

from keras_transfer_gen import checks
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.recipes.load import load_gan


def export_saved_model(model, path, card=None):
    """Writes a SavedModel for TF Serving: `serving_default`, latents -> images.

    Args:
        model: `GAN`, or what `load_gan` takes. Its averaged generator is exported.
        path: folder to write; an earlier export there is replaced whole.
        card: text of a model card to keep with it.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        RuntimeError: where the exported model makes other pictures than the Keras model.
    """
    gan = _gan(model)
    return write_saved_model(gan.ema_generator, gan.spec, path, card=card)


def export_tflite(model, path, batch_size=1):
    """Writes a float32 TFLite file with builtin operators: latents `[batch_size, latent_dim]` -> images.

    Args:
        model: `GAN`, or what `load_gan` takes. Its averaged generator is exported.
        path: file to write; an earlier one is replaced.
        batch_size: pictures made at once; fixed in the file.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        RuntimeError: where the exported model makes other pictures than the Keras model.
    """
    gan = _gan(model)
    return write_tflite(gan.ema_generator, gan.spec, path, batch_size=batch_size)


FORMATS = {"saved_model": export_saved_model, "tflite": export_tflite}


def _gan(model):
    if not isinstance(model, (str, os.PathLike)):
        return model
    with checks.named(source="model"):
        return load_gan(model)

"""The three TFLite files of a VAE."""

from pathlib import Path

from keras_transfer_gen.export.vae_tflite import PARTS
from keras_transfer_gen.recipes.models.export import export_tflite


def export_vae_parts(vae, folder):
    """Writes `sampler.tflite`, `encoder.tflite` and `decoder.tflite` of a `VAE` into a folder; returns their paths."""
    return [export_tflite(vae, Path(folder) / f"{part}.tflite", part=part) for part in PARTS]

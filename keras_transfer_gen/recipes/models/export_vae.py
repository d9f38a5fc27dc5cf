"""The three TFLite files of a VAE."""

from pathlib import Path

from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.vae import vae_servable


def export_vae_parts(vae, folder):
    """Writes `sampler.tflite`, `encoder.tflite` and `decoder.tflite` of a `VAE` into a folder; returns their paths."""
    servable = vae_servable(vae)
    return [write_tflite(servable, Path(folder) / f"{part}.tflite", part=part) for part in servable.parts]

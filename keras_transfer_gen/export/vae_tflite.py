"""VAEs as TFLite (LiteRT) files for phones and browsers: encoder, decoder and sampler; builtin operators only."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.export.parity import ExportError, check_parity, probe_latents, run_tflite
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.tflite import check_file, convert, operators
from keras_transfer_gen.export.vae_saved_model import check_latents
from keras_transfer_gen.export.vae_twin import float32_vae

PARTS = ("sampler", "encoder", "decoder")


def write_vae_tflite(vae, path, batch_size=1, part="sampler"):
    """Writes one part of a VAE as a TFLite file with one signature, `serving_default`, and builtin operators.

    - "sampler": `latents` float32 `[B, latent_dim]` from N(0, 1), whatever the prior, -> `images` float32
      `[B, S, S, C]` in [-1, 1]: draws from the prior.
    - "encoder": `images` -> `z_mean` and `z_log_var`, float32 `[B, latent_dim]`.
    - "decoder": `latents` as the encoder gives them -> `images`.

    Args:
        vae: `VAE`; it is not changed.
        path: file to write, usually `*.tflite`; one that stands there is replaced. Nothing is written or replaced
            where anything fails.
        batch_size: images in one call, fixed in the file. An interpreter may resize the inputs of a sampler and a
            decoder, not that of an encoder: write another file for another number.
        part: "sampler", "encoder" or "decoder".

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserFileError: where `path` is a folder or a file of another kind, or can't be written.
        UserError: for an unknown part, a batch size below 1, or inside a strategy's scope.
        ExportError: where it needs other operators, or gives other images than the VAE, by more than one pixel level.
    """
    path = Path(path)
    batch_size = checks.check_integer("batch_size", batch_size)
    checks.check_choice("part", part, PARTS, "Set it with part= or --part.")
    check_file(path)
    twin = float32_vae(vae)
    serve, weights = _function(twin, vae.spec, part, batch_size)
    content = convert(serve, weights)
    foreign = [name for name in operators(content) if name.startswith("custom:")]
    if foreign:
        raise ExportError(f"the TFLite file needs operators that are not built in: {', '.join(foreign)}.")
    noise = probe_latents(vae.spec.latent_dim)
    with files.atomic_path(path) as partial:
        partial.write_bytes(content)
        if part == "encoder":
            images = np.asarray(twin.sample(noise))
            check_latents(twin.encoder(images, training=False), run_encoder(partial, images), "The TFLite file")
        else:
            expected = twin.sample(noise) if part == "sampler" else twin.decoder(noise, training=False)
            check_parity(expected, run_tflite(partial, noise), what="The TFLite file")
    return path


def run_encoder(path, images):
    """Runs an encoder that `write_vae_tflite` wrote.

    Args:
        path: the .tflite file.
        images: `[N, S, S, C]`, float32 in [-1, 1] or uint8.

    Returns:
        (z_mean, z_log_var), float32 ndarrays `[N, latent_dim]`.
    """
    from keras_transfer_gen.export import parity

    images = np.asarray(images)
    if images.dtype == np.uint8:
        images = pixels.to_model_range(images).numpy()
    with silent_stderr():
        interpreter = parity._interpreter()(model_path=str(path))
        runner = interpreter.get_signature_runner()
        batch = int(runner.get_input_details()["images"]["shape"][0])
        found = []
        for first in range(0, len(images), batch):
            rows = images[first : first + batch]
            padding = np.zeros((batch - len(rows), *images.shape[1:]), np.float32)
            made = runner(images=np.concatenate([rows, padding]))
            found.append([made[name][: len(rows)] for name in ("z_mean", "z_log_var")])
    mean, log_var = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return mean, log_var


def _function(twin, spec, part, batch_size):
    """(function to convert, Keras variables that it uses) of a part."""
    vectors = tf.TensorSpec((batch_size, spec.latent_dim), tf.float32, name="latents")
    if part == "encoder":
        size = spec.image_size
        image_spec = tf.TensorSpec((batch_size, size, size, spec.channels), tf.float32, name="images")

        def encode(images):
            mean, log_var = twin.encoder(images, training=False)
            return {"z_mean": mean, "z_log_var": log_var}

        return tf.function(encode, input_signature=[image_spec], autograph=False), twin.encoder.variables
    made = twin.sample if part == "sampler" else twin.decoder
    weights = [*twin.decoder.variables, *(twin.prior.variables if part == "sampler" else [])]
    return tf.function(lambda latents: {"images": made(latents)}, input_signature=[vectors], autograph=False), weights

"""VAEs as SavedModels for TF Serving: encoder, decoder and sampler in one, with the prior inside."""

import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.export import saved_model as shared
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.vae_twin import float32_vae
from keras_transfer_gen.specs import ModelSpec

DISTRIBUTIONS_FILE = "assets.extra/laws.json"  # prior and likelihood, as Keras configurations
WEIGHTS_FILE = "assets.extra/laws.npz"  # and their weights
LATENT_TOLERANCE = 1e-3  # of encoded means and log variances, in units of N(0, 1)


def write_vae_saved_model(vae, path, card=None):
    """Writes a VAE as a SavedModel, in float32, each weight once; it loads without Keras.

    All images are float32 `[N, S, S, C]` in [-1, 1] but for `uint8`.

    - `serving_default`: `latents` `[N, latent_dim]` from N(0, 1), whatever the prior, -> `images` of draws from it.
    - `uint8`: the same -> `images` uint8 0..255.
    - `encode`: `images` -> `z_mean`, `z_log_var`, float32 `[N, latent_dim]`.
    - `decode`: `latents` as `encode` gives them -> `images`.
    - `reconstruct`: `images` -> `images`.

    Args:
        vae: `VAE`; it is not changed.
        path: folder to write; TF Serving wants a number as its name, such as `serving/cats/1`. A SavedModel that stands
            there is replaced whole; nothing is written or replaced where anything fails.
        card: text for `assets.extra/README.md`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserFileError: where `path` is a file or a folder with other things in it, or can't be written.
        ExportError: where the SavedModel gives other images than the VAE, by more than one pixel level.
    """
    path = Path(path)
    shared.check_target(path)
    twin = float32_vae(vae)
    spec = vae.spec
    root = _servable(twin, spec)
    names = ("encode", "decode", "reconstruct", "uint8")
    signatures = {"serving_default": root.serve, **{name: getattr(root, name) for name in names}}
    with files.atomic_path(path) as partial:
        tf.saved_model.save(root, str(partial), signatures)
        (partial / shared.SPEC_FILE).parent.mkdir()
        shared.write_spec(partial / shared.SPEC_FILE, spec)
        _write_distributions(vae, partial)
        if card is not None:
            files.write_text(partial / shared.CARD_FILE, card)
        _check(twin, tf.saved_model.load(str(partial)), spec)
    return path


@dataclasses.dataclass(frozen=True)
class VAEParts:
    """What a `VAE` needs beside the two networks of a SavedModel.

    Args:
        shape: (image_size, channels, latent_dim).
        spec: `ModelSpec`, or None where nobody wrote one.
        prior: `protocols.Prior`, or None for the standard normal distribution.
        likelihood: `protocols.Likelihood` or the name of the default one.
    """

    shape: tuple
    spec: ModelSpec | None
    prior: object
    likelihood: object


def read_vae_parts(path, source):
    """What stands beside the networks in a SavedModel with signatures `encode` and `decode`.

    Args:
        path: its folder.
        source: what the user called it.

    Returns:
        `VAEParts`.

    Raises:
        UserError: where there are no such signatures or their images and latents don't fit.
    """
    path = Path(path)
    found = tf.saved_model.load(str(path)).signatures
    if not {"encode", "decode"} <= set(found):
        hint = f"Its signatures: {', '.join(found) or 'none'}. `ktg models inspect` shows more."
        raise checks.user_error("source", "a SavedModel with signatures encode and decode", str(source), hint)
    shape = _shape(found["encode"], found["decode"], source)
    if not shared.is_exported(path) or not (path / DISTRIBUTIONS_FILE).is_file():
        return VAEParts(shape, None, None, "gaussian_optimal_sigma")
    spec = shared.read_spec(path / shared.SPEC_FILE)
    prior, likelihood = _read_distributions(path)
    return VAEParts(shape, spec, prior, likelihood)


def _shape(encode, decode, source):
    """(image_size, channels, latent_dim) that two signatures have in common."""
    images = encode.structured_input_signature[1].get("images")
    latents = decode.structured_input_signature[1].get("latents")
    outputs = encode.structured_outputs
    fits = (
        images is not None and latents is not None and {"z_mean", "z_log_var"} <= set(outputs)
        and images.shape.rank == 4 and images.dtype == tf.float32 and images.shape[1] == images.shape[2]
        and latents.shape.rank == 2 and latents.shape[1] == outputs["z_mean"].shape[1]
    )  # fmt: skip
    if not fits:
        hint = "encode: images float32 [N, S, S, C] -> z_mean, z_log_var; decode: latents [N, D] -> images."
        raise checks.user_error("source", "a SavedModel of a VAE", str(source), hint)
    return images.shape[1], images.shape[3], latents.shape[1]


def _servable(twin, spec):
    """The object to save: functions and, as bare `tf.Variable`s, the weights."""
    root = tf.train.Checkpoint()
    weights = [*twin.encoder.variables, *twin.decoder.variables, *twin.prior.variables]
    root.variables = [variable.value for variable in weights]
    root.trainable_variables = [variable.value for variable in weights if variable.trainable]
    size = spec.image_size
    image_spec = tf.TensorSpec((None, size, size, spec.channels), tf.float32, name="images")
    vectors = tf.TensorSpec((None, spec.latent_dim), tf.float32, name="latents")

    def signature(argument):
        return lambda function: tf.function(function, input_signature=[argument], autograph=False)

    @signature(vectors)
    def serve(latents):
        return {"images": twin.sample(latents)}

    @signature(vectors)
    def uint8(latents):
        return {"images": pixels.to_uint8(twin.sample(latents))}

    @signature(image_spec)
    def encode(images):
        mean, log_var = twin.encoder(images, training=False)
        return {"z_mean": mean, "z_log_var": log_var}

    @signature(vectors)
    def decode(latents):
        return {"images": twin.decoder(latents, training=False)}

    @signature(image_spec)
    def reconstruct(images):
        return {"images": twin.reconstruct(images)}

    root.serve, root.uint8, root.encode, root.decode, root.reconstruct = serve, uint8, encode, decode, reconstruct
    return root


def _check(twin, loaded, spec):
    """Compares every signature with the twin, which was compared with the VAE when it was made."""
    noise = tf.constant(probe_latents(spec.latent_dim))
    made = twin.sample(noise)
    check_parity(made, loaded.serve(noise)["images"], what="The SavedModel")
    check_parity(pixels.to_uint8(made), loaded.uint8(noise)["images"], what="The SavedModel's signature uint8")
    decoded = loaded.decode(noise)["images"]
    check_parity(twin.decoder(noise, training=False), decoded, what="The SavedModel's signature decode")
    expected = twin.encoder(made, training=False)
    found = loaded.encode(made)
    check_latents(expected, (found["z_mean"], found["z_log_var"]), "The SavedModel's signature encode")
    again = loaded.reconstruct(made)["images"]
    check_parity(twin.reconstruct(made), again, what="The SavedModel's signature reconstruct")


def check_latents(expected, actual, what):
    """Raises an `ExportError` where encoded means or log variances are further apart than `LATENT_TOLERANCE`."""
    from keras_transfer_gen.export.parity import ExportError

    for first, second in zip(expected, actual, strict=True):
        gap = float(np.max(np.abs(np.asarray(first) - np.asarray(second))))
        if not gap <= LATENT_TOLERANCE:
            raise ExportError(
                f"{what} gives latents that differ by {gap:.3g}; at most {LATENT_TOLERANCE:g} is allowed."
            )


def _write_distributions(vae, folder):
    laws = {"prior": vae.prior, "likelihood": vae.likelihood}
    files.write_json(
        folder / DISTRIBUTIONS_FILE, {name: keras.saving.serialize_keras_object(law) for name, law in laws.items()}
    )
    arrays = {f"{name}/{i}": np.array(w) for name, law in laws.items() for i, w in enumerate(law.get_weights())}
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    files.write_bytes(folder / WEIGHTS_FILE, stream.getvalue())


def _read_distributions(folder):
    configs = files.read_json(folder / DISTRIBUTIONS_FILE)
    laws = []
    with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as arrays:
        for name in ("prior", "likelihood"):
            law = keras.saving.deserialize_keras_object(configs[name])
            law.set_weights([arrays[f"{name}/{i}"] for i in range(len(law.weights))])
            laws.append(law)
    return laws

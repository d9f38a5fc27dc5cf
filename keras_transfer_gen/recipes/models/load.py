"""From what a user calls a model (preset, RUN, `.keras` file, any SavedModel) to a `GAN` or a generator in Keras."""

import dataclasses
import json
import zipfile

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.export.saved_model import is_exported, read_spec
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
from keras_transfer_gen.networks.dcgan.pretrained_discriminator import build_pretrained_discriminator
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.models.resolve import SAVED_MODEL, resolve_model
from keras_transfer_gen.saved_model_layout import SPEC_FILE
from keras_transfer_gen.training.checkpoint import find_damage
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import numbered_latents
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.fetching.presets import list_presets, preset_path
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.provenance import name_of, note_source
from keras_transfer_gen.transfer.saved_model.files import beside, load_saved_model
from keras_transfer_gen.transfer.saved_model.generator import wrap_saved_model
from keras_transfer_gen.transfer.saved_model.keras_generator import measure_keras_model, wrap_keras_model
from keras_transfer_gen.transfer.saved_model.measure import measure_generator

DISCRIMINATOR_PRESET = "noto_gan_64"  # whose discriminator a new one begins with
KERAS_2 = (
    "Keras 2 (tf_keras) wrote it, and Keras 3 can't read it: load it there, and save it as a SavedModel with "
    "tf.saved_model.save(model, folder)."
)


def load_gan(source, trust=False, overrides=None, custom_objects=None):
    """A `GAN`, compiled, ready to be frozen, compiled anew and fitted.

    A source that has no discriminator, as every SavedModel and a `.keras` file of a bare generator, gets a fresh one:
    let it learn alone for a while, with `freeze(gan, {"generator/.*": False})`, before it teaches the generator.

    Args:
        source: preset name, RUN folder, `.keras` file, or a SavedModel, of this package or of others: its folder, an
            archive (`.tar.gz`) of it, a handle of TensorFlow Hub or Kaggle, or another https address.
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.
        custom_objects: dict of name -> class or function that a `.keras` file names and Keras does not know.

    Returns:
        `GAN`, always compiled: as its file says, or with the defaults of `GAN.compile` where it does not say.

    Raises:
        UserError, UserFileError: where it can't be found or used; for what is no generator the message lists its
            inputs and outputs.

    Example:
        >>> gan = load_gan("noto_gan_64")  # doctest: +SKIP
    """
    return load_source(source, trust, overrides, custom_objects)[0]


def load_source(source, trust=False, overrides=None, custom_objects=None):
    """As `load_gan`, but (gan, whether its discriminator is fresh).

    Args:
        source: as in `load_gan`.
        trust: as in `load_gan`.
        overrides: as in `load_gan`.
        custom_objects: as in `load_gan`.
    """
    ref = resolve_model(source, trust)
    model = _load(ref, overrides, custom_objects)
    fresh = not isinstance(model, GAN)
    gan = GAN(model[0], fresh_discriminator(model[1], ref.name), spec=model[1]) if fresh else model
    if not gan.compiled:
        gan.compile()
    return gan, fresh


def load_generator(source, trust=False, overrides=None, custom_objects=None):
    """The generator of a source as a Keras model, and its `ModelSpec`.

    Args:
        source: as in `load_gan`; of a GAN the averaged generator.
        trust: as in `load_gan`.
        overrides: as in `load_gan`.
        custom_objects: as in `load_gan`.

    Returns:
        (generator, spec): `keras.Model` named "generator", float32 latents `[batch, latent_dim]`, or {"latents": those,
        "labels": int `[batch]`} where `spec.num_classes` is not 0, -> float32 images `[batch, H, W, C]` in [-1, 1] (but
        for what a network without a last activation leaves its range by). A SavedModel of others sits inside as a
        `SavedModelLayer`; `freeze` knows its variables by their original names.

    Raises:
        UserError, UserFileError: as `load_gan`.

    Example:
        >>> generator, spec = load_generator("https://tfhub.dev/google/progan-128/1", trust=True)  # doctest: +SKIP
    """
    model = _load(resolve_model(source, trust), overrides, custom_objects)
    if not isinstance(model, GAN):
        return model
    model.generator.set_weights(model.ema_generator.get_weights())
    freeze(model, {".*": True})  # what a RUN froze is its own affair
    return model.generator, model.spec


def _load(ref, overrides, custom_objects):
    """A `GAN`, or (generator, spec) of what has no discriminator; `ref` is a `ModelRef`."""
    checks.check_backend()
    if ref.kind == SAVED_MODEL:
        with checks.named(path="source"):
            return open_saved_model(fetch_saved_model(ref.path), ref.name, overrides)
    model = load_keras(ref.path, custom_objects)
    if isinstance(model, VAE):
        step = "It holds a VAE: load_vae(...) in Python; `ktg finetune` takes it as it is."
        raise checks.user_error("source", "a GAN or a generator", ref.name, step)
    note_source(model, name_of(ref.name))
    if isinstance(model, GAN):
        if overrides:
            overrides.check_known(model.spec, ref.name)
        return model
    return open_keras_model(model, ref.name, overrides)


def open_saved_model(folder, source, overrides=None):
    """(generator, spec) of the SavedModel in a folder.

    Args:
        folder: `pathlib.Path`, as `fetch_saved_model` gives it.
        source: what the user called it.
        overrides: `SpecOverrides` or None.
    """
    loaded = outside_scope(load_saved_model, folder)
    measured = outside_scope(measure_generator, loaded, source, first_latents, overrides)
    if is_exported(folder):
        # What its maker knew of it, in place of what can be measured.
        with checks.named(path="source"):
            spec = read_spec(folder / SPEC_FILE)
        measured = dataclasses.replace(measured, spec=spec)
    return wrap_saved_model(folder, source, measured, loaded)


def open_keras_model(model, source, overrides=None):
    """(generator, spec) of a Keras model that makes images.

    Args:
        model: `keras.Model`.
        source: what the user called it.
        overrides: `SpecOverrides` or None.
    """
    measured = outside_scope(measure_keras_model, model, source, first_latents, overrides)
    return wrap_keras_model(model, measured)


def fresh_discriminator(spec, source):
    """A discriminator for the images of a generator that has none; it begins with what the preset's has learnt.

    One that knows nothing spends tens of kimg on learning what images are, and spoils the generator meanwhile.

    Raises:
        UserError: where the preset is not installed and the images are of a size that no network is built for.
    """
    if any(preset.name == DISCRIMINATOR_PRESET for preset in list_presets()):
        trained = without_lipschitz_bounded(load_keras(preset_path(DISCRIMINATOR_PRESET)).discriminator)
        return build_pretrained_discriminator(trained, spec.image_size, spec.channels)
    try:
        return build_dcgan_discriminator(spec.image_size, spec.channels)
    except checks.UserError as error:
        made = f"{spec.image_size} x {spec.image_size} x {spec.channels}"
        expected = f"a generator of {', '.join(map(str, checks.IMAGE_SIZES))} pixels and 1 or 3 channels"
        hint = f"It makes {made}, for which there is no discriminator; `ktg generate` and `ktg evaluate` work."
        raise checks.user_error("source", expected, str(source), hint) from error


def first_latents(count, latent_dim):
    """float32 `[count, latent_dim]` from N(0, 1), always the same: what generators of others are measured on."""
    return numbered_latents(range(count), latent_dim)


def load_keras(path, custom_objects=None):
    """The Keras model in a `.keras` file; a SavedModel in the same RUN is found from there.

    Args:
        path: of the file.
        custom_objects: dict of name -> class or function that the file names and Keras does not know.
    """
    try:
        with beside(path):
            return keras.models.load_model(path, custom_objects=custom_objects)
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        said = KERAS_2 if _written_by(path).startswith("2.") else f"Keras says: {reason}"
        hint = find_damage(path) or said
        raise checks.file_error("source", "a readable .keras file", path, hint) from error


def _written_by(path):
    """The version of Keras that wrote a `.keras` file, or "" where it doesn't tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    except (OSError, KeyError, ValueError, AttributeError, zipfile.BadZipFile):
        return ""

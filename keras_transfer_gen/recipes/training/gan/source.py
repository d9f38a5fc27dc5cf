"""The source of a fine-tune: loaded, given what its method needs, and refused where it can't learn that way."""

import dataclasses
import re
from pathlib import Path

import tensorflow as tf

from keras_transfer_gen import checks, tables
from keras_transfer_gen.networks.latents.latent_mapper import MAPPER, OLD_OUTPUT, OUTPUT, insert_latent_mapper
from keras_transfer_gen.recipes.models.load import load_source
from keras_transfer_gen.recipes.models.resolve import KERAS, resolve_source
from keras_transfer_gen.recipes.settings.methods import GAN_METHODS
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

EVERYTHING = (".*", True)  # the last rule: a source that was trained with frozen layers gives none of it on
MINER = (
    "Give --method minegan (method='minegan'), which trains a mapper of latents before a generator that stays as it is."
)


@dataclasses.dataclass(frozen=True)
class Source:
    """What a fine-tune starts from.

    Args:
        gan: `GAN`, with the networks that the method adds.
        fresh: whether its discriminator knows nothing yet.
        kept: whether the RUN's own copy of it is enough to load it again.
        file: the `.keras` file that the RUN is to copy, or None: a preset is always at hand, and SavedModels are
            copied as folders.
    """

    gan: GAN
    fresh: bool
    kept: bool
    file: Path | None = None


def open_source(settings, run):
    """Loads the source that the settings name; call it in the scope of the strategy to train under.

    Args:
        settings: `FineTuneSettings`.
        run: `RunFolder`; where it keeps a copy of its source and goes on, that is loaded.

    Returns:
        `Source`.

    Raises:
        UserError, UserFileError: where it can't be found or used, or can't be adapted by the method.
    """
    ref = resolve_source(settings)
    gan, fresh = load_source(ref, overrides=settings.overrides())
    gan = _with_mapper(gan, settings) if GAN_METHODS[settings.method].mapper else gan
    _check_gradients(gan, settings)
    side = gan.spec.image_size
    if settings.compare_scratch and is_third_party(gan) and side not in checks.IMAGE_SIZES:
        hint = "No network to train from scratch is built for that size. Leave --compare-scratch out."
        raise checks.user_error("compare_scratch", f"left out for images of {side} pixels", True, hint)
    if settings.deterministic and any(layer.draws_without_seed for layer in saved_model_layers(gan.generator)):
        hint = "Something in it, such as dropout, was saved without a seed. Leave --deterministic out."
        raise checks.user_error("deterministic", "left out for this source", True, hint)
    file = ref.path if ref.kind == KERAS and not ref.preset and not saved_model_layers(gan.generator) else None
    return Source(gan, fresh, ref.kind != KERAS or file is not None, file)


def _with_mapper(gan, settings):
    """A GAN with a mapper before its averaged generator, the same otherwise."""
    generator = insert_latent_mapper(gan.ema_generator, settings.image_adapter)
    return GAN(generator, gan.discriminator, spec=gan.spec, name=gan.name)


def _check_gradients(gan, settings):
    """Refuses a generator that can't learn by the method: nothing in it is trained, or no gradient gets there."""
    moving = gan.generator.trainable_variables
    if GAN_METHODS[settings.method].mapper:
        freeze(gan, {".*": True})
        moving = gan.generator.get_layer(MAPPER).trainable_variables
    elif not moving:
        moving = _release(gan)
    if not moving:
        words = " ".join(layer.trainable_words for layer in saved_model_layers(gan.generator))
        raise checks.user_error("method", "'minegan' for this source", settings.method, f"{words} {MINER}".strip())
    why = outside_scope(_why_no_gradient, gan, moving)
    if why:
        expected = "a generator through which gradients pass"
        step = f"{why} `ktg generate` and `ktg evaluate` work with it."
        raise checks.user_error("source", expected, settings.source, step)


def _why_no_gradient(gan, moving):
    """Why no gradient gets from a generator's images to any of some variables; "" where one does."""
    latents = tf.zeros((1, gan.spec.latent_dim))
    inputs = {"latents": latents, "labels": tf.zeros((1,), tf.int32)} if gan.spec.num_classes else latents
    try:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(gan.generator(inputs, training=False))
        if any(gradient is not None for gradient in tape.gradient(total, moving)):
            return ""
    except LookupError as error:  # "gradient registry has no entry for ..."
        return f"TensorFlow can't differentiate it: {str(error).splitlines()[0]}"
    return "No gradient reaches its weights from the images: they are whole numbers, or an operation has none."


def _release(gan):
    """Sets everything of a generator free; returns what there is to train, which may be nothing."""
    if gan.generator.weights:
        freeze(gan, {"generator/.*": True})
    return gan.generator.trainable_variables


def frozen_by_author(gan):
    """Freezing rules for what a SavedModel's maker saved as not to be trained, such as filters and fixed noise.

    There are none where that is all of it: such a SavedModel was saved for use alone.
    """
    held, free = set(), False
    for layer in saved_model_layers(gan.generator):
        held |= layer.frozen_by_author
        free = free or bool(layer.trained_by_author)
    if not free:
        return []
    pairs = [pair for leaf in leaves(gan) for pair in zip(leaf.variable_paths(), leaf.variables, strict=True)]
    return [(re.escape(path), False) for path, variable in pairs if id(variable) in held]


def freeze_source(source, settings, reporter):
    """Sets what of a source is trained, as the settings say; a source's own frozen layers are set free first.

    Args:
        source: `GAN`.
        settings: `FineTuneSettings`.
        reporter: told where the discriminator is held whole.

    Returns:
        `transfer.report.Report`.

    Raises:
        UserError: for a rule that fits nothing, and where nothing of the generator would be trained.
    """
    with checks.named(model="source", rules="freeze", blocks="freeze_d"):
        report = freeze(source, [*settings.rules(), *frozen_by_author(source), EVERYTHING])
    still = [role for role, network in source.roles.items() if not network.trainable_variables]
    if "generator" in still:
        what = "the whole generator" if len(still) == 1 else "both networks"
        hint = f"The rules hold {what} still, so its images would stay as they are. Give --freeze fewer of them."
        raise checks.user_error("freeze", "rules that leave something of the generator to train", settings.freeze, hint)
    if still:
        reporter.say("the rules hold the whole discriminator still: the generator adapts to one that learns nothing")
    return report


def keep_in_run(source, run):
    """Copies the SavedModels inside a source, or its `.keras` file, into the RUN; the source names them."""
    networks = (source.gan.generator, source.gan.ema_generator)
    first, second = (saved_model_layers(network) for network in networks)
    for number, pair in enumerate(zip(first, second, strict=True)):
        place = run.source if len(first) == 1 else run.source / str(number)
        run.keep_source(Path(pair[0].folder), place)
        for layer in pair:
            layer.move(place)
    if source.file is not None:
        run.keep_source(source.file, run.source_file)
    if source.kept:
        run.note(source_kept=True)


def is_third_party(gan):
    """Whether a GAN's generator is not one that this package can build anew with fresh weights."""
    added = {MAPPER, OUTPUT, OLD_OUTPUT} & {layer.name for layer in gan.generator.layers}
    return gan.spec.arch not in ("", *tables.ARCHITECTURES) or bool(added or saved_model_layers(gan.generator))


def lineage(settings, before):
    """Where a model that is adapted comes from, in words: `before` is what is known of its source's own origin."""
    adapted = f"Adapted from {settings.source} on {settings.data}."
    return f"{adapted} The source: {before}" if before else adapted

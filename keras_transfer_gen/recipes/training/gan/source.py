"""The source of a fine-tune: loaded, given what its method needs, and refused where it can't learn that way."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.latents.latent_mapper import MAPPER, insert_latent_mapper
from keras_transfer_gen.recipes.models.grow import grow_gan
from keras_transfer_gen.recipes.models.load import load_gan, load_source
from keras_transfer_gen.recipes.models.resolve import KERAS, NETWORK_FILE, resolve_source
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.settings.methods import GAN_METHODS
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.gan.feature_heads import add_heads_and_freeze
from keras_transfer_gen.recipes.training.gan.freezing import freeze_source, is_third_party
from keras_transfer_gen.recipes.training.gan.known_images import frozen_rules
from keras_transfer_gen.recipes.training.gan.latent_selection import freeze_generator, selection_kimg
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.run_folder import RunFolder
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


MINEGAN = (
    "Give --method minegan (method='minegan'), which trains a mapper of latents before a generator that stays as it is."
)


def open_source(run: Run[FineTuneSettings]) -> Source:
    """Loads the source of a fine-tune; call it in the scope of the strategy to train under.

    Args:
        run: `Run`; where its folder keeps a copy of the source and the run goes on, that is loaded.

    Returns:
        `Source`, with the networks that the method adds, feature heads and the settings' freezing rules.

    Raises:
        UserError, UserFileError: where it can't be found or used, or can't be adapted by the method.
    """
    settings = run.settings
    ref = resolve_source(settings)
    gan, new_discriminator = load_source(ref, overrides=settings.overrides())
    if settings.image_size not in (None, gan.spec.image_size):
        gan = grow_gan(gan, settings.image_size)
        gan.compile()
    gan = _with_mapper(gan, settings) if GAN_METHODS[settings.method].mapper else gan
    _check_gradients(gan, settings)
    side = gan.spec.image_size
    if settings.compare_scratch and is_third_party(gan) and side not in checks.IMAGE_SIZES:
        hint = "No network to train from scratch is built for that size. Leave --compare-scratch out."
        raise checks.user_error("compare_scratch", f"left out for images of {side} pixels", True, hint)
    if settings.deterministic and any(layer.draws_without_seed for layer in saved_model_layers(gan.generator)):
        hint = "Something in it, such as dropout, was saved without a seed. Leave --deterministic out."
        raise checks.user_error("deterministic", "left out for this source", True, hint)
    file = Path(ref.path) if ref.kind == KERAS and not ref.preset and not saved_model_layers(gan.generator) else None
    gan = add_heads_and_freeze(gan, settings, run.reporter)
    for layer in saved_model_layers(gan.generator):
        run.reporter.say(f"the source is a SavedModel. {layer.trainable_words}")
    return Source(gan, ref, new_discriminator, kept=ref.kind != KERAS or file is not None, file=file)


NEW_DISCRIMINATOR = "the source has no discriminator: a new one learns alone for {kimg:g} kimg"


def warm_up_phase(
    run: Run[FineTuneSettings],
    kimg: float,
    sentence: str = NEW_DISCRIMINATOR,
    rules: Sequence[tuple[str, bool]] = (),
) -> Phase:
    """The `Phase` in which a discriminator learns alone; then the rules of the settings hold, and `rules` after them.

    What is frozen depends on the kimg alone, so that a run goes on the same wherever it was interrupted.
    """

    def before(training: Training) -> None:
        if training.model.kimg < kimg:
            run.reporter.say(sentence.format(kimg=kimg))
            freeze_generator(training.model)

    def after(training: Training) -> None:
        freeze_source(training.model, run.settings, SILENT, rules)

    return Phase("warming up", kimg, before=before, after=after)


def known_images_phase(run: Run[FineTuneSettings]) -> Phase:
    """The `Phase` in which the discriminator of a GAN that knows images learns alone; then `frozen_rules` hold too."""
    sentence = "the discriminator learns alone for {kimg:g} kimg"
    return warm_up_phase(run, selection_kimg(run.resolved), sentence, frozen_rules(run.notes["distance"]))


def _with_mapper(gan: GAN, settings: FineTuneSettings) -> GAN:
    """A GAN with a mapper before its averaged generator, the same otherwise."""
    generator = insert_latent_mapper(gan.ema_generator, settings.image_adapter)
    generator.name = gan.generator.name
    return GAN(generator, gan.discriminator, spec=gan.spec, name=gan.name)


def _check_gradients(gan: GAN, settings: FineTuneSettings) -> None:
    """Refuses a generator that can't learn by the method: nothing in it is trained, or no gradient gets there."""
    variables = gan.generator.trainable_variables
    if GAN_METHODS[settings.method].mapper:
        freeze(gan, {".*": True})
        variables = gan.generator.get_layer(MAPPER).trainable_variables
    elif not variables:
        variables = _unfreeze_generator(gan)
    if not variables:
        words = " ".join(layer.trainable_words for layer in saved_model_layers(gan.generator))
        raise checks.user_error("method", "'minegan' for this source", settings.method, f"{words} {MINEGAN}".strip())
    reason = outside_scope(_reason_without_gradient, gan, variables)
    if reason:
        expected = "a generator through which gradients pass"
        step = f"{reason} `ktg generate` and `ktg evaluate` work with it."
        raise checks.user_error("source", expected, settings.source, step)


def _reason_without_gradient(gan: GAN, variables: Sequence[keras.Variable]) -> str:
    """Why no gradient gets from a generator's images to any of some variables; "" where one does."""
    values = {"latents": tf.zeros((1, gan.spec.latent_dim)), "labels": tf.zeros((1,), tf.int32)}
    inputs = gan.network_inputs.for_generator(values)
    try:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(gan.generator(inputs, training=False))
        if any(gradient is not None for gradient in tape.gradient(total, variables)):
            return ""
    except LookupError as error:  # "gradient registry has no entry for ..."
        return f"TensorFlow can't differentiate it: {str(error).splitlines()[0]}"
    return "No gradient reaches its weights from the images: they are whole numbers, or an operation has none."


def _unfreeze_generator(gan: GAN) -> list[keras.Variable]:
    """Makes all generator weights trainable; returns them, which may be none."""
    if gan.generator.weights:
        freeze(gan, {"generator/.*": True})
    return gan.generator.trainable_variables


def keep_in_run(source: Source, run: RunFolder) -> None:
    """Copies the SavedModels inside a source, or its `.keras` file, into the RUN; the source names them."""
    networks = (source.model.generator, source.model.ema_generator)
    first, second = (saved_model_layers(network) for network in networks)
    for number, pair in enumerate(zip(first, second, strict=True)):
        path = run.source if len(first) == 1 else run.source / str(number)
        run.keep_source(Path(pair[0].folder), path)
        for layer in pair:
            layer.set_folder(path)
    if source.file is not None:
        run.keep_source(source.file, run.source_file)
    if source.ref.kind == NETWORK_FILE and not run.source_file.exists():  # as a file of this package
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, run.source_file.name)
            outside_scope(lambda: load_gan(source.ref).save(file))
            run.keep_source(file, run.source_file)
    if source.kept:
        run.note(source_kept=True)

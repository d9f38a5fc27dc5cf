"""Fine-tuning, from a folder of images and a source to a scored, pictured and exported model."""

import dataclasses

import keras

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.heads.feature_heads import has_feature_heads
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.inputs.run_images import read_inputs
from keras_transfer_gen.recipes.models.resolve import resolve_source
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import on_run
from keras_transfer_gen.recipes.runs.training_loop import compile_gan, enough_memory, keep, resume_or, train
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.distance import measure_distance, source_features
from keras_transfer_gen.recipes.settings.defaults import SCRATCH_RATES
from keras_transfer_gen.recipes.settings.rates import resolve_g_lr_ratio
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.gan import feature_heads, latent_selection
from keras_transfer_gen.recipes.training.gan.best_weights import SELECTIONS, train_to_best
from keras_transfer_gen.recipes.training.gan.source import (
    freeze_source,
    is_third_party,
    keep_in_run,
    lineage,
    open_source,
)
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import choose_precision
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers


def fine_tune(settings, reporter=SILENT):
    """Adapts a source to images, scores it before and after, and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `FineTuneSettings`.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.
    """
    return on_run(
        "finetune", settings, reporter,
        read=lambda run, strategy: _read(run, strategy, settings, reporter),
        work=lambda *held: _adapt(*held, settings, reporter),
    )  # fmt: skip


def _read(run, strategy, settings, reporter):
    """(`Source` with the settings' rules on it, what `read_inputs` gives)."""
    with strategy.scope():
        source = open_source(settings, run)
        source = dataclasses.replace(source, gan=feature_heads.with_heads_and_rules(source.gan, settings, reporter))
    for layer in saved_model_layers(source.gan.generator):
        reporter.say(f"the source is a SavedModel. {layer.trainable_words}")
    spec = source.gan.spec
    return source, read_inputs(settings, spec.image_size, spec.channels, reporter)


def _adapt(run, state, given, strategy, settings, reporter):
    """From the first score to metrics.json, in a run that is held."""
    source, inputs = given
    notes = finalize.begin(
        run, state, "finetune", settings, inputs, strategy, reporter,
        lambda: _measure_source(run, source, settings, inputs, strategy, reporter), SELECTIONS[settings.select],
    )  # fmt: skip
    reporter.say(notes["sentence"])
    paced = feature_heads.resolve_feature_weight(resolve_g_lr_ratio(settings, notes["distance"]), notes["distance"])
    if not has_feature_heads(source.gan.discriminator):
        paced = dataclasses.replace(paced, feature_weight=0.0)
    run.note(g_lr_ratio=paced.generator_rate / paced.learning_rate)
    keep_in_run(source, run)
    shared = {"arithmetic": notes["arithmetic"], "score": kid_protocol.curve_score(inputs.learnt), "reporter": reporter}
    adapted = resume_or(lambda: from_source(source.gan, paced), run.adapted, strategy, paced)
    run.note(feature_weight=feature_heads.report_feature_weight(adapted.gan, settings, reporter))
    run.begin_stage(adapted.gan.kimg)
    adapted.gan.spec.save(run.spec_file)
    options = {
        **shared, "kimg": settings.kimg, "minutes": settings.minutes, "history": run.history_file, "samples": run.path,
        "label": "adapting",
    }  # fmt: skip
    if source.fresh:
        _warm_up(adapted, inputs.image_set, settings, run.adapted, notes.get("warmup_kimg", 0.0), options)
    due = latent_selection.is_due(adapted.gan, settings, notes["distance"])
    if due and adapted.gan.spec.num_classes:
        reporter.say("latents are not chosen among: this generator takes labels as well, and all of it is trained")
    elif due:
        _mine(adapted, inputs.image_set, settings, run.adapted, strategy, options)
    best_kimg = train_to_best(adapted, inputs.image_set, settings, run.adapted, run.best, **options)
    scratch = None
    if settings.compare_scratch:
        scratch = resume_or(
            lambda: from_nothing(source.gan, settings), run.scratch, strategy, settings, SCRATCH_RATES
        )  # fmt: skip
        train_to_best(
            scratch, inputs.image_set, settings, run.scratch, run.best_scratch, kimg=adapted.gan.kimg, minutes=None,
            history=run.checkpoints / "scratch.csv", samples=None, label="from scratch", **shared,
        )  # fmt: skip
    return finalize.finish(
        run, "finetune", settings, adapted, scratch, inputs, strategy, reporter,
        selection=SELECTIONS[settings.select], best_kimg=best_kimg,
    )  # fmt: skip


def _warm_up(training, image_set, settings, folder, kimg, options):
    """Lets a fresh discriminator learn alone, up to so many kimg; then the rules of the settings hold.

    What is held depends on the kimg alone, so that a run goes on the same wherever it was interrupted.
    """
    if latent_selection.is_done(training.gan):
        return
    if training.gan.kimg < kimg:
        options["reporter"].say(f"the source has no discriminator: a new one learns alone for {kimg:g} kimg")
        freeze(training.gan, {"generator/.*": False})
        alone = {"kimg": kimg, "score": None, "samples": None, "label": "warming up"}
        train(training, image_set, settings, folder, **{**options, **alone})
    freeze_source(training.gan, settings, SILENT)


def _mine(training, image_set, settings, folder, strategy, options):
    """The begin of a fine-tune to near images; see `mining`."""

    def show(gan, kimg):
        alone = {"kimg": kimg, "score": None, "samples": None, "label": "looking"}
        train(training, image_set, settings, folder, **{**options, **alone})

    with strategy.scope():
        training.gan = latent_selection.mine(training.gan, settings, show)
    keep(training, folder, settings)


def _measure_source(run, source, settings, inputs, strategy, reporter):
    """What is known before training: arithmetic, distance, and the scores of the source and of the images."""
    batch = settings.batch_size // strategy.num_replicas_in_sync
    with enough_memory(settings):
        arithmetic, probe = choose_precision(settings.precision, source.gan.generator, batch)
    images = source.gan.generate(kid_protocol.NUM_FAKES, seed=kid_protocol.SEED)
    finalize.keep_before(run, images)
    made = extract_features(images, progress=reporter.counter("score of the source"))
    known = source_features(resolve_source(settings))
    distance, sentence = measure_distance(inputs.training, images, made, known, reporter)
    return {
        "arithmetic": arithmetic,
        "probe": probe,
        "distance": distance,
        "sentence": sentence,
        "kid_before": kid_protocol.score_features(made, inputs.reference),
        "kid_floor": inputs.floor(),
        "warmup_kimg": settings.warmup() if source.fresh else 0.0,
    }


def from_source(source, settings):
    """The source as the run's own model: averaged weights on both sides, step 0, the settings' heads and optimizers."""
    source.generator.set_weights(source.ema_generator.get_weights())
    source.step.assign(0)
    source.images_seen.assign(0)
    before = source.spec.source if source.spec.source != str(settings.source) else ""  # all that is known of others'
    source.spec = dataclasses.replace(source.spec, source=lineage(settings, before))
    adapted = feature_heads.set_feature_heads(source, settings.feature_weight)
    compile_gan(adapted, settings)
    return adapted


def from_nothing(source, settings, rates=SCRATCH_RATES):
    """A compiled GAN of the source's shape with fresh weights, nothing frozen; of a foreign source a DCGAN's."""
    keras.utils.set_random_seed(settings.seed)
    origin = f"Trained from nothing on {settings.data}."
    if is_third_party(source):
        size, channels = source.spec.image_size, source.spec.channels
        networks = build_dcgan(size, channels)
        spec = ModelSpec(size, channels, latent_dim=networks[0].input_shape[-1], arch="dcgan", source=origin)
    else:
        known = (source.generator, without_lipschitz_bounded(source.discriminator))  # nothing in it was trained before
        networks = [keras.models.clone_model(network) for network in known]
        spec = dataclasses.replace(source.spec, source=origin)
    for network in networks:
        for layer in network._flatten_layers():
            layer.trainable = True
    gan = GAN(*networks, spec=spec)
    compile_gan(gan, settings, rates)
    return gan

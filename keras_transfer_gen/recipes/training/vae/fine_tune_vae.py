"""Fine-tuning a VAE, from a folder of images and a source to a measured, pictured and exported model."""

import dataclasses

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.priors.priors import StandardNormal
from keras_transfer_gen.recipes.inputs.holdout import read_vae_images
from keras_transfer_gen.recipes.models.change_channels import change_channels
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import on_run
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training_loop import enough_memory
from keras_transfer_gen.recipes.scoring import elbo_protocol, kid_protocol
from keras_transfer_gen.recipes.scoring.distance import measure_distance, source_features
from keras_transfer_gen.recipes.settings.defaults import VAE_LEARNING_RATE
from keras_transfer_gen.recipes.settings.methods import SOURCE
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.gan.source import EVERYTHING, lineage
from keras_transfer_gen.recipes.training.vae import finalize_vae
from keras_transfer_gen.recipes.training.vae.best_weights import train_to_best
from keras_transfer_gen.recipes.training.vae.vae_loop import compile_vae, resume_vae_or
from keras_transfer_gen.training.checkpoint import save_model
from keras_transfer_gen.training.precision import choose_precision
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP
from keras_transfer_gen.transfer.regularizers.posterior_anchor import PosteriorAnchor
from keras_transfer_gen.transfer.saved_model.files import beside
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer

BEST = (
    "the weights with the best bound on {count} images that were put aside for it, which also set the stored scale "
    "of errors"
)


def fine_tune_vae(settings, reporter=SILENT):
    """Adapts a VAE to images, measures it before and after, and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `FineTuneVaeSettings`.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.

    Example:
        >>> settings = FineTuneVaeSettings(data="photos/", source="noto_vae_64", out="runs/a")  # doctest: +SKIP
        >>> fine_tune_vae(settings)["elbo_after"]["value"]  # doctest: +SKIP
    """
    return on_run(
        "finetune", settings, reporter,
        read=lambda run, strategy: _read(strategy, settings, reporter),
        work=lambda *held: _adapt(*held, settings, reporter),
    )  # fmt: skip


def _read(strategy, settings, reporter):
    """(the source, what `read_vae_images` gives)."""
    with strategy.scope():
        source = open_source(settings)
    shape = (source.spec.image_size, source.spec.channels)
    return source, read_vae_images(settings, *shape, reporter, validated=settings.adaptation.trains)


def open_source(settings):
    """The source as a `VAE`, with the channels of the images, drawn from N(0, I) and frozen as the method says."""
    kept = RunFolder(settings.out).checkpoints / SOURCE
    if kept.is_file() and not settings.overwrite:
        with beside(kept):
            source = load_vae(kept)
    else:
        source = load_vae(settings.source, settings.trust)
        if settings.channels is not None:
            source = change_channels(source, settings.channels)
    with checks.named(model="source", rules="method"):
        freeze(source, [*settings.adaptation.rules, EVERYTHING])
    return source


def _adapt(run, state, read, strategy, settings, reporter):
    """From the first score to metrics.json, in a run that is held."""
    source, given = read
    how = settings.adaptation
    chosen = how.trains and len(given.validation) > 0
    selection = BEST.format(count=len(given.validation)) if chosen else finalize_vae.LAST
    notes = finalize.begin(
        run, state, "finetune", settings, given.inputs, strategy, reporter,
        lambda: _measure_source(run, source, settings, given, strategy, reporter), selection,
    )  # fmt: skip
    reporter.say(notes["sentence"])
    _keep_source(run, source, settings)
    shared = {"arithmetic": notes["arithmetic"], "reporter": reporter}
    adapted = resume_vae_or(lambda: from_source(source, settings), run.adapted, strategy, settings)
    adapted.gan.set_prior(StandardNormal())  # a finished run has a fitted one; what it learns with is N(0, I)
    run.begin_stage(adapted.gan.kimg)
    adapted.gan.spec.save(run.spec_file)
    if how.trains:
        train_to_best(
            adapted, given, settings, run.adapted, kimg=settings.kimg, minutes=settings.minutes,
            history=run.history_file, samples=run.path, label="adapting", **shared,
        )  # fmt: skip
    else:  # the images are none that it learnt, so their errors are those of others too
        elbo_protocol.calibrate(adapted.gan, given.not_learnt)
    scratch = None
    if settings.compare_scratch:
        scratch = resume_vae_or(
            lambda: from_nothing(source, settings), run.scratch, strategy, settings, VAE_LEARNING_RATE
        )  # fmt: skip
        train_to_best(
            scratch, given, settings, run.scratch, kimg=adapted.gan.kimg if how.trains else settings.kimg,
            minutes=None, history=run.checkpoints / "scratch.csv", samples=None, label="from scratch", **shared,
        )  # fmt: skip
    return finalize_vae.finish_vae(
        run, "finetune", settings, adapted, scratch, given, strategy, reporter, prior=settings.prior,
        selection=selection, words=f"method `{settings.method}`, {how.words}",
    )  # fmt: skip


def _measure_source(run, source, settings, given, strategy, reporter):
    """What is known before training: arithmetic, distance, bound and scores of the source, scores of the images."""
    batch = settings.batch_size // strategy.num_replicas_in_sync
    arithmetic, probe = "float32", {}
    if settings.adaptation.trains:
        with enough_memory(settings):
            arithmetic, probe = choose_precision(settings.precision, source.decoder, batch)
    images = source.generate(kid_protocol.NUM_FAKES, seed=kid_protocol.SEED)
    finalize.keep_before(run, images)
    made = extract_features(images, progress=reporter.counter("score of the source"))
    known = source_features(resolve_model(settings.source, settings.trust))
    distance, sentence = measure_distance(given.training, images, made, known, reporter)
    return {
        "arithmetic": arithmetic,
        "probe": probe,
        "distance": distance,
        "sentence": sentence,
        "bound_before": elbo_protocol.measure_elbo(source, given.held, given.name),
        "elbo_before_refitted": elbo_protocol.measure_refitted(source, given.not_learnt, given.held, given.name),
        "kid_before": kid_protocol.score_features(made, given.inputs.reference),
        "kid_floor": given.inputs.floor(),
    }


def _keep_source(run, source, settings):
    """Keeps the source in the RUN, for `restyle` and for a run that goes on elsewhere."""
    place = run.checkpoints / SOURCE
    if not place.exists():
        with beside(settings.out):
            save_model(source, place)


def from_source(source, settings):
    """The source as the run's own model: step 0, N(0, I) as the prior to learn with, the run's optimizer."""
    source.step.assign(0)
    source.images_seen.assign(0)
    source.set_prior(StandardNormal())
    source.spec = dataclasses.replace(source.spec, source=lineage(settings, source.spec.source))
    regularizers = []
    if settings.adaptation.anchored:
        regularizers = [PosteriorAnchor(settings.posterior_kl_weight), L2SP(settings.l2sp_weight)]
    compile_vae(source, settings, regularizers=regularizers)
    return source


def _fresh_networks(source):
    """Networks as the source's with fresh weights; a SavedModel's can't be had, so `conv_vae` stands for them."""
    layers = [layer for network in source.roles.values() for layer in network._flatten_layers()]
    if any(isinstance(layer, SavedModelLayer) for layer in layers):
        spec = source.spec
        return build_conv_vae(spec.image_size, spec.channels, spec.latent_dim)
    networks = [keras.models.clone_model(network) for network in source.roles.values()]
    for network in networks:
        for layer in network._flatten_layers():
            layer.trainable = True
    return networks


def from_nothing(source, settings):
    """A compiled VAE of the source's shape with fresh weights, nothing frozen."""
    keras.utils.set_random_seed(settings.seed)
    networks = _fresh_networks(source)
    likelihood = type(source.likelihood).from_config(source.likelihood.get_config())
    spec = dataclasses.replace(source.spec, source=f"Trained from nothing on {settings.data}.")
    options = {name: getattr(source, name) for name in ("beta", "free_bits", "kl_annealing_kimg")}
    vae = VAE(*networks, likelihood=likelihood, spec=spec, **options)
    compile_vae(vae, settings, VAE_LEARNING_RATE)
    return vae

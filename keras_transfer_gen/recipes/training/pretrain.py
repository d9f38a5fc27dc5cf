"""Training from nothing: the same story as fine-tuning, without a source."""

import keras

from keras_transfer_gen import tables
from keras_transfer_gen.recipes.inputs.run_images import read_inputs
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import on_run
from keras_transfer_gen.recipes.runs.training_loop import compile_gan, enough_memory, resume_or, train
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import choose_precision


def pretrain(settings, reporter=SILENT):
    """Trains a GAN from nothing, scores it and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `PretrainSettings`.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.
    """
    return on_run(
        "pretrain", settings, reporter,
        read=lambda run, strategy: read_inputs(settings, settings.image_size, settings.channels, reporter),
        work=lambda *held: _train(*held, settings, reporter),
    )  # fmt: skip


def _train(run, state, inputs, strategy, settings, reporter):
    """From the first note to metrics.json, in a run that is held."""
    notes = finalize.begin(
        run, state, "pretrain", settings, inputs, strategy, reporter, lambda: _measure(settings, inputs, strategy)
    )
    trained = resume_or(lambda: _begin(settings), run.adapted, strategy, settings)
    run.begin_stage(trained.gan.kimg)
    trained.gan.spec.save(run.spec_file)
    train(
        trained, inputs.image_set, settings, run.adapted, kimg=settings.kimg, minutes=settings.minutes,
        arithmetic=notes["arithmetic"], score=kid_protocol.curve_score(inputs.learnt), history=run.history_file,
        samples=run.path, label="training", reporter=reporter,
    )  # fmt: skip
    return finalize.finish(run, "pretrain", settings, trained, None, inputs, strategy, reporter)


def _measure(settings, inputs, strategy):
    """What is known before training: arithmetic and the score of the images."""
    generator, _ = _build(settings)
    batch = settings.batch_size // strategy.num_replicas_in_sync
    with enough_memory(settings):
        arithmetic, probe = choose_precision(settings.precision, generator, batch)
    return {"arithmetic": arithmetic, "probe": probe, "kid_floor": inputs.floor()}


def _spec(settings):
    return ModelSpec(
        image_size=settings.image_size, channels=settings.channels, latent_dim=settings.latent_dim, arch=settings.arch,
        source=f"Trained from nothing on {settings.data}.", licence=settings.licence,
    )  # fmt: skip


def _build(settings):
    keras.utils.set_random_seed(settings.seed)
    spec = _spec(settings)
    architecture = tables.architecture_of(spec)
    return architecture.build(spec, architecture.options_in(settings))


def _begin(settings):
    gan = GAN(*_build(settings), spec=_spec(settings))
    compile_gan(gan, settings)
    return gan

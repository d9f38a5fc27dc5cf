"""Training a VAE from nothing: the same story as for a GAN, measured by its bound as well."""

import keras

from keras_transfer_gen import tables
from keras_transfer_gen.recipes.inputs.holdout import read_vae_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import on_run
from keras_transfer_gen.recipes.runs.training_loop import enough_memory
from keras_transfer_gen.recipes.scoring import elbo_protocol
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.vae.finalize_vae import LAST, finish_vae
from keras_transfer_gen.recipes.training.vae.vae_loop import compile_vae, resume_vae_or, train_vae
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.precision import choose_precision
from keras_transfer_gen.training.vae import VAE


def pretrain_vae(settings, reporter=SILENT):
    """Trains a VAE from nothing, measures it and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `PretrainVaeSettings`.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.
    """
    return on_run(
        "pretrain", settings, reporter,
        read=lambda run, strategy: read_vae_images(settings, settings.image_size, settings.channels, reporter),
        work=lambda *held: _train(*held, settings, reporter),
    )  # fmt: skip


def _train(run, state, given, strategy, settings, reporter):
    """From the first note to metrics.json, in a run that is held."""
    notes = finalize.begin(
        run, state, "pretrain", settings, given.inputs, strategy, reporter,
        lambda: _measure(settings, given, strategy), LAST,
    )  # fmt: skip
    trained = resume_vae_or(lambda: _begin(settings), run.adapted, strategy, settings)
    run.begin_stage(trained.gan.kimg)
    trained.gan.spec.save(run.spec_file)
    train_vae(
        trained, given.inputs.image_set, settings, run.adapted, kimg=settings.kimg, minutes=settings.minutes,
        arithmetic=notes["arithmetic"], score=lambda vae: {"elbo": elbo_protocol.curve_elbo(vae, given.held)},
        history=run.history_file, samples=run.path, label="training", reporter=reporter,
    )  # fmt: skip
    return finish_vae(run, "pretrain", settings, trained, None, given, strategy, reporter, prior=settings.prior)


def _measure(settings, given, strategy):
    """What is known before training: arithmetic and the score of the images."""
    _, decoder = _build(settings)
    batch = settings.batch_size // strategy.num_replicas_in_sync
    with enough_memory(settings):
        arithmetic, probe = choose_precision(settings.precision, decoder, batch)
    return {"arithmetic": arithmetic, "probe": probe, "kid_floor": given.inputs.floor()}


def _spec(settings):
    return ModelSpec(
        image_size=settings.image_size, channels=settings.channels, latent_dim=settings.latent_dim, arch=settings.arch,
        source=f"Trained from nothing on {settings.data}.", licence=settings.licence, family="vae",
    )  # fmt: skip


def _build(settings):
    keras.utils.set_random_seed(settings.seed)
    spec = _spec(settings)
    architecture = tables.architecture_of(spec)
    return architecture.build(spec, architecture.options_in(settings))


def _begin(settings):
    options = {name: getattr(settings, name) for name in ("likelihood", "beta", "free_bits", "kl_annealing_kimg")}
    vae = VAE(*_build(settings), spec=_spec(settings), **options)
    compile_vae(vae, settings)
    return vae

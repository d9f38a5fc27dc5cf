"""Fine-tuning, from a folder of pictures and a source to a scored, pictured and exported model."""

import dataclasses

import keras

from keras_transfer_gen import checks, files
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes import finish, mining, scores
from keras_transfer_gen.recipes.distance import describe_distance, source_features
from keras_transfer_gen.recipes.inputs import read_inputs
from keras_transfer_gen.recipes.load import load_gan
from keras_transfer_gen.recipes.locate import locate
from keras_transfer_gen.recipes.reporter import SILENT
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.recipes.settings import SCRATCH_LEARNING_RATE
from keras_transfer_gen.recipes.training_run import compile_gan, enough_memory, prepare_tensorflow, resume_or, train
from keras_transfer_gen.training.checkpoint import save_checkpoint
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import choose_precision
from keras_transfer_gen.transfer.freezing import freeze

EVERYTHING = (".*", True)  # the last rule: a source that was trained with frozen layers gives none of it on


def fine_tune(settings, reporter=SILENT):
    """Adapts a source to pictures, scores it before and after, and exports it.

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
    run = RunFolder(settings.out)
    state = run.open("finetune", settings)
    if state == "finished":
        reporter.say(f"{run.path} had finished already: nothing to do. A larger --kimg continues it.")
        return files.read_json(run.metrics_file)
    strategy = prepare_tensorflow(settings)
    with strategy.scope():
        source = load_gan(settings.source)
    freeze_source(source, settings, reporter)
    inputs = read_inputs(settings, source.spec.image_size, source.spec.channels, reporter)
    with run.held("finetune", settings, state):
        return _adapt(run, state, source, settings, inputs, strategy, reporter)


def freeze_source(source, settings, reporter):
    """Sets what of a source is trained, as the settings say; a source's own frozen layers are set free first.

    Returns:
        `transfer.report.Report`.

    Raises:
        UserError: for a rule that fits nothing, and where nothing of the generator would be trained.
    """
    with checks.named(model="source", rules="freeze", blocks="freeze_d"):
        report = freeze(source, [*settings.rules(), EVERYTHING])
    still = [role for role, network in source.roles.items() if not network.trainable_variables]
    if "generator" in still:
        what = "the whole generator" if len(still) == 1 else "both networks"
        hint = f"The rules hold {what} still, so its pictures would stay as they are. Give --freeze fewer of them."
        raise checks.user_error("freeze", "rules that leave something of the generator to train", settings.freeze, hint)
    if still:
        reporter.say("the rules hold the whole discriminator still: the generator adapts to one that learns nothing")
    return report


def _adapt(run, state, source, settings, inputs, strategy, reporter):
    """From the first score to metrics.json, in a run that is held."""
    notes = finish.begin(
        run, state, "finetune", settings, inputs, strategy, reporter,
        lambda: _measure_source(run, source, settings, inputs, strategy, reporter),
    )  # fmt: skip
    reporter.say(notes["sentence"])

    shared = {"arithmetic": notes["arithmetic"], "score": scores.curve_score(inputs.learnt), "reporter": reporter}
    adapted = resume_or(lambda: from_source(source, settings), run.adapted, strategy, settings)
    run.begin_stage(adapted.gan.kimg)
    adapted.gan.spec.save(run.spec_file)
    options = {
        **shared, "kimg": settings.kimg, "minutes": settings.minutes, "history": run.history_file, "samples": run.path,
        "label": "adapting",
    }  # fmt: skip
    if mining.is_due(adapted.gan, settings, notes["distance"]):
        _mine(adapted, inputs.pictures, settings, run.adapted, strategy, options)
    train(adapted, inputs.pictures, settings, run.adapted, **options)
    scratch = None
    if settings.compare_scratch:
        rate = SCRATCH_LEARNING_RATE
        scratch = resume_or(lambda: from_nothing(source, settings, rate), run.scratch, strategy, settings, rate)
        train(
            scratch, inputs.pictures, settings, run.scratch, kimg=adapted.gan.kimg, minutes=None,
            history=run.checkpoints / "scratch.csv", samples=None, label="from scratch", **shared,
        )  # fmt: skip
    return finish.finish(run, "finetune", settings, adapted, scratch, inputs, strategy, reporter)


def _mine(training, pictures, settings, folder, strategy, options):
    """The begin of a fine-tune to near pictures; see `mining`."""

    def show(gan, kimg):
        alone = {"kimg": kimg, "score": None, "samples": None, "label": "looking"}
        train(training, pictures, settings, folder, **{**options, **alone})

    with strategy.scope():
        training.gan = mining.mine(training.gan, settings, show)
    save_checkpoint(training.gan, folder, training.state())


def _measure_source(run, source, settings, inputs, strategy, reporter):
    """What is known before training: arithmetic, distance, and the scores of the source and of the pictures."""
    batch = settings.batch_size // strategy.num_replicas_in_sync
    with enough_memory(settings):
        arithmetic, probe = choose_precision(settings.precision, source.generator, batch)
    images = source.generate(scores.NUM_FAKES, seed=scores.SEED)
    finish.keep_before(run, images)
    made = extract_features(images, progress=reporter.counter("score of the source"))
    known = source_features(locate(settings.source)[1].parent)
    distance, sentence = describe_distance(inputs.learnt.features, known, made)
    return {
        "arithmetic": arithmetic,
        "probe": probe,
        "distance": distance,
        "sentence": sentence,
        "kid_before": scores.score_features(made, inputs.reference),
        "kid_floor": inputs.floor(),
    }


def from_source(source, settings):
    """The source as the run's own model: averaged weights on both sides, step 0, the run's optimizers."""
    source.generator.set_weights(source.ema_generator.get_weights())
    source.step.assign(0)
    source.images_seen.assign(0)
    origin = f"Adapted from {settings.source} on {settings.data}. {source.spec.source}".strip()
    source.spec = dataclasses.replace(source.spec, source=origin)
    compile_gan(source, settings)
    return source


def from_nothing(source, settings, rate=SCRATCH_LEARNING_RATE):
    """A compiled GAN of the source's shape with fresh weights, nothing frozen."""
    keras.utils.set_random_seed(settings.seed)
    networks = [keras.models.clone_model(network) for network in source.roles.values()]
    for network in networks:
        for layer in network._flatten_layers():
            layer.trainable = True
    gan = GAN(*networks, spec=dataclasses.replace(source.spec, source=f"Trained from nothing on {settings.data}."))
    compile_gan(gan, settings, rate)
    return gan

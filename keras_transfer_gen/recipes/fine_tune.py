"""Fine-tuning, from a folder of pictures and a source to a scored, pictured and exported model."""

import dataclasses

import keras

from keras_transfer_gen import files
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes import finish, scores
from keras_transfer_gen.recipes.distance import describe_distance, source_features
from keras_transfer_gen.recipes.inputs import read_inputs
from keras_transfer_gen.recipes.load import load_gan
from keras_transfer_gen.recipes.locate import locate
from keras_transfer_gen.recipes.reporter import SILENT
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.recipes.settings import SCRATCH_LEARNING_RATE
from keras_transfer_gen.recipes.training_run import compile_gan, prepare_tensorflow, resume_or, train
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
        Interrupted: after SIGINT or SIGTERM, once everything is saved.
    """
    run = RunFolder(settings.out)
    state = run.open("finetune", settings)
    if state == "finished":
        reporter.say(f"{run.path} had finished already: nothing to do. A larger --kimg continues it.")
        return files.read_json(run.metrics_file)
    strategy = prepare_tensorflow(settings)
    with strategy.scope():
        source = load_gan(settings.source)
    freeze(source, [*settings.rules(), EVERYTHING])
    inputs = read_inputs(settings, source.spec.image_size, source.spec.channels, reporter)
    notes = finish.begin(
        run, state, "finetune", settings, inputs, strategy, reporter,
        lambda: _measure_source(run, source, settings, inputs, strategy, reporter),
    )  # fmt: skip
    reporter.say(notes["sentence"])

    shared = {"arithmetic": notes["arithmetic"], "score": scores.curve_score(inputs.learnt), "reporter": reporter}
    adapted = resume_or(lambda: _begin(source, settings), run.adapted, strategy, settings)
    adapted.gan.spec.save(run.spec_file)
    train(
        adapted, inputs.pictures, settings, run.adapted, kimg=settings.kimg, minutes=settings.minutes,
        history=run.history_file, samples=run.path, label="adapting", **shared,
    )  # fmt: skip
    scratch = None
    if settings.compare_scratch:
        rate = SCRATCH_LEARNING_RATE
        scratch = resume_or(lambda: _from_nothing(source, settings), run.scratch, strategy, settings, rate)
        train(
            scratch, inputs.pictures, settings, run.scratch, kimg=adapted.gan.kimg, minutes=None,
            history=run.checkpoints / "scratch.csv", samples=None, label="from scratch", **shared,
        )  # fmt: skip
    return finish.finish(run, "finetune", settings, adapted, scratch, inputs, strategy, reporter)


def _measure_source(run, source, settings, inputs, strategy, reporter):
    """What is known before training: arithmetic, distance, and the scores of the source and of the pictures."""
    arithmetic, probe = choose_precision(
        settings.precision, source.generator, settings.batch_size // strategy.num_replicas_in_sync
    )
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


def _begin(source, settings):
    """The source as the run's own model: averaged weights on both sides, step 0, the run's optimizers."""
    source.generator.set_weights(source.ema_generator.get_weights())
    source.step.assign(0)
    source.images_seen.assign(0)
    origin = f"Adapted from {settings.source} on {settings.data}. {source.spec.source}".strip()
    source.spec = dataclasses.replace(source.spec, source=origin)
    compile_gan(source, settings)
    return source


def _from_nothing(source, settings):
    """A GAN of the source's shape with fresh weights, nothing frozen."""
    keras.utils.set_random_seed(settings.seed)
    networks = [keras.models.clone_model(network) for network in source.roles.values()]
    for network in networks:
        for layer in network._flatten_layers():
            layer.trainable = True
    gan = GAN(*networks, spec=dataclasses.replace(source.spec, source=f"Trained from nothing on {settings.data}."))
    compile_gan(gan, settings, SCRATCH_LEARNING_RATE)
    return gan

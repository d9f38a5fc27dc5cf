"""What a training command would do, checked without doing it."""

import math

from keras_transfer_gen.networks.heads.feature_heads import has_feature_heads
from keras_transfer_gen.recipes.inputs.run_images import read_one
from keras_transfer_gen.recipes.runs.run_folder import OF_VAES, OUTPUTS, RunFolder
from keras_transfer_gen.recipes.settings.defaults import FAR_FEATURE_WEIGHT, NEAR_FEATURE_WEIGHT
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.gan.feature_heads import with_heads_and_rules
from keras_transfer_gen.recipes.training.gan.source import open_source
from keras_transfer_gen.training.distribution import check_global_batch, choose_strategy
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

ACTIONS = {"start": "start a new run", "continue": "continue the run", "finished": "nothing: the run has finished"}
ANEW = "start anew, and remove what the earlier run wrote"


def plan(command, settings, reporter):
    """Checks the settings, the source and the images, and says what would happen; writes nothing.

    Args:
        command: "finetune" or "pretrain".
        settings: `FineTuneSettings`, `PretrainSettings` or `PretrainVaeSettings`.
        reporter: told of the progress.

    Returns:
        JSON-ready dict of what would be done.
    """
    run = RunFolder(settings.out)
    state = run.open(command, settings)
    check_global_batch(settings.batch_size, choose_strategy(settings.devices))
    if command == "finetune":
        source = open_source(settings, run)
        gan = with_heads_and_rules(source.gan, settings, reporter)
        image_size, channels = source.gan.spec.image_size, source.gan.spec.channels
    else:
        image_size, channels = settings.image_size, settings.channels
    shape = (settings, image_size, channels, reporter)
    image_set = read_one("data", settings.data, *shape)
    found = {
        "action": action(run, state),
        "out": settings.out,
        "data": settings.data,
        "images": len(image_set.images),
        "skipped files": len(image_set.skipped),
        "image size": f"{image_size} x {image_size} x {channels}",
        "kimg": settings.kimg,
        "minutes": settings.minutes,
        "steps": math.ceil(settings.kimg * 1000 / settings.batch_size - 1e-9),
    }
    if settings.reference is not None:
        found["reference images"] = len(read_one("reference", settings.reference, *shape).images)
    if command == "finetune":
        found["source"] = settings.source
        found["method"] = settings.method
        found["trained"] = trainable_report(gan).totals()
        if has_feature_heads(gan.discriminator):
            by_distance = f"{NEAR_FEATURE_WEIGHT:g}, for far images {FAR_FEATURE_WEIGHT:g}"
            given = settings.feature_weight
            found["influence of the feature heads"] = by_distance if given is None else f"{given:g}"
        if source.fresh:
            found["the new discriminator learns alone"] = f"{settings.warmup():g} kimg"
    left_out = () if isinstance(settings, PretrainVaeSettings) else OF_VAES
    if command == "pretrain" or not (source.kept or saved_model_layers(source.gan.generator)):
        left_out = ("source", *left_out)
    found["files"] = ", ".join(name for name in OUTPUTS if name not in left_out)
    return found


def action(run, state):
    """What a command would do with a `RunFolder`, in words; `state` is what its `open` said."""
    return ANEW if state == "start" and run.exists else ACTIONS[state]

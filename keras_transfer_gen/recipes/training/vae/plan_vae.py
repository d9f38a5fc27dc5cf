"""What a fine-tune of a VAE would do, checked without doing it."""

import math

from keras_transfer_gen.recipes.inputs.holdout import LEAST, SHARE, VALIDATED
from keras_transfer_gen.recipes.inputs.run_images import read_one
from keras_transfer_gen.recipes.runs.run_folder import OF_TRAINING, OUTPUTS, RunFolder
from keras_transfer_gen.recipes.training.plan import action
from keras_transfer_gen.recipes.training.vae.fine_tune_vae import open_source
from keras_transfer_gen.training.distribution import check_global_batch, choose_strategy
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report


def plan_vae(settings, reporter):
    """Checks the settings, the source and the images, and says what would happen; writes nothing.

    Args:
        settings: `FineTuneVaeSettings`.
        reporter: told of the progress.

    Returns:
        JSON-ready dict of what would be done.

    Raises:
        UserError, UserFileError: for what the training would refuse, too few images aside.
    """
    run = RunFolder(settings.out)
    state = run.open("finetune", settings)
    check_global_batch(settings.batch_size, choose_strategy(settings.devices))
    source, how = open_source(settings), settings.adaptation
    shape = (settings, source.spec.image_size, source.spec.channels, reporter)
    count = len(read_one("data", settings.data, *shape).images)
    found = {
        "action": action(run, state),
        "out": settings.out,
        "source": settings.source,
        "method": f"{settings.method}: {how.words}",
        "prior": settings.prior,
        "data": settings.data,
        "images": count,
        "image size": f"{source.spec.image_size} x {source.spec.image_size} x {source.spec.channels}",
    }
    if settings.reference is not None:
        found["reference images"] = len(read_one("reference", settings.reference, *shape).images)
    else:
        found["held out for the bound"] = taken = _share_of(count)
        count -= taken
    if how.trains:
        found["put aside to choose the best weights by"] = _share_of(count) if count >= VALIDATED else 0
        found["kimg"], found["minutes"] = settings.kimg, settings.minutes
        found["steps"] = math.ceil(settings.kimg * 1000 / settings.batch_size - 1e-9)
        found["trained"] = trainable_report(source).totals()
    left_out = ("source", *(() if how.trains else OF_TRAINING))  # the source lies among the checkpoints
    found["files"] = ", ".join(name for name in OUTPUTS if name not in left_out)
    return found


def _share_of(count):
    return max(LEAST, round(SHARE * count))

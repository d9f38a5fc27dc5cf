"""What a training command would do, checked without doing it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen.data.labels import describe_classes
from keras_transfer_gen.recipes.inputs.run_images import read_image_set
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.run_folder import OUTPUTS, TENSORBOARD, RunFolder
from keras_transfer_gen.recipes.training.family import family_of
from keras_transfer_gen.recipes.training.memory import plan_memory
from keras_transfer_gen.training.distribution import check_global_batch, choose_strategy
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.worker_cluster import read_cluster

if TYPE_CHECKING:
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.report.reporter import Reporter


ACTIONS = {"start": "start a new run", "continue": "continue the run", "finished": "nothing: the run has finished"}
ANEW = "start again, and remove what the earlier run wrote"


def plan(command: str, settings: Any, reporter: Reporter = SILENT) -> dict[str, Any]:
    """Checks the settings, the source and the images, and says what would happen; writes nothing.

    Args:
        command: "finetune" or "pretrain".
        settings: those of `fine_tune` or `pretrain`.
        reporter: told of the progress.

    Returns:
        JSON-ready dict of what would be done.

    Raises:
        UserError, UserFileError: for what the training would refuse.
    """
    folder, family = RunFolder(settings.out), family_of(settings)
    state = folder.open(command, settings)
    strategy = choose_strategy(settings.devices) if read_cluster().size == 1 else tf.distribute.get_strategy()
    check_global_batch(settings.batch_size, strategy)
    run = Run(command, settings, family, reporter, state, strategy)
    source = family.open_source(run) if command == "finetune" else None
    described = settings if source is None else source.model.spec
    size, channels = described.image_size, described.channels
    image_set = read_image_set("data", settings.data, settings, size, channels, reporter)
    planned = {
        "action": ANEW if state == "start" and folder.exists else ACTIONS[state],
        "out": settings.out,
        "data": settings.data,
        "images": len(image_set.images),
        "skipped files": len(image_set.skipped),
        **_classes(settings, image_set),
        "image size": f"{size} x {size} x {channels}",
    }
    if settings.reference is not None:
        reference = read_image_set("reference", settings.reference, settings, size, channels, reporter)
        planned["reference images"] = len(reference.images)
    trains = source is None or family.needs_training(settings)
    if trains:
        planned["kimg"] = settings.kimg
        if settings.minutes is not None:
            planned["minutes at most"] = settings.minutes
        planned["steps"] = math.ceil(settings.kimg * 1000 / settings.batch_size - 1e-9)
    if source is not None:
        planned["source"] = settings.source
        if trains:
            planned["trained"] = trainable_report(source.model).totals()
    planned |= family.plan(run, source, len(image_set.images))
    if trains:
        planned |= plan_memory(run, source, image_set)
    skipped = [*family.skipped_files(run, source), *([] if settings.tensorboard else [TENSORBOARD])]
    planned["files"] = ", ".join(name for name in OUTPUTS if name not in skipped)
    return planned


def _classes(settings: Any, image_set: ImageSet) -> dict[str, str]:
    return {} if settings.data_labels is None else {"classes": describe_classes(image_set)}

"""Whether a training fits into the memory of this machine: said by a dry run, and before a run that would not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from keras_transfer_gen.recipes.machine.resources import free_memory

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.training.family import Source
    from keras_transfer_gen.training.step_memory import TrainingMemory

# Values of a network for each pixel of its image, at most: where even these fit, nothing is traced for an estimate.
VALUES_A_PIXEL = 20_000
HALF_PRECISIONS = ("bfloat16", "float16")


def images_at_once(run: Run) -> int:
    """How many images go through the networks of this machine at once: those of all its devices share its memory."""
    settings = run.settings
    devices = run.strategy.num_replicas_in_sync // max(run.workers.cluster.size, 1)
    return devices * (settings.micro_batch or run.batch_per_replica)


def plan_memory(run: Run, source: Source | None, image_set: ImageSet) -> dict[str, str]:
    """What a dry run says of memory.

    Args:
        run: `Run`.
        source: what a fine-tune starts from; None for a pretraining.
        image_set: the images to learn.

    Returns:
        dict of one entry, or of two where it would not fit; empty where the family has no estimate.
    """
    estimate = run.family.memory_estimate
    if estimate is None:
        return {}
    new = source is None
    networks = run.family.new_networks(run.settings, image_set) if new else source.model.roles.values()
    memory = estimate(*networks, half=run.settings.precision in HALF_PRECISIONS, **_penalised(run))
    images, free = images_at_once(run), _free()
    words = (
        f"about {_gb(memory.weights + memory.step(images))} beside TensorFlow's own: {_gb(memory.weights)} of weights "
        f"and optimizers, {_gb(memory.step(images))} for a step of {images} images at once"
    )
    if free is None:
        return {"memory": words}
    planned = {"memory": f"{words}; {_gb(free)} are free"}
    if memory.weights + memory.step(images) > free:
        planned["memory is short"] = advice(memory, run, free - memory.weights)
    return planned


def warn_of_little_memory(run: Run, model: keras.Model) -> None:
    """Says, before a model trains, that a step would not fit into what is free, and what would.

    Args:
        run: `Run`.
        model: compiled `GAN` or `VAE`; its weights and optimizers are in memory already.
    """
    free, images, estimate = _free(), images_at_once(run), run.family.memory_estimate
    if free is None or estimate is None:
        return
    networks = model.roles.values()
    weights = sum(4 * network.count_params() for network in networks)
    most = 2 * weights + images * model.spec.image_size**2 * VALUES_A_PIXEL * 4
    if most < free:
        return
    memory = estimate(*networks, half=run.notes.get("arithmetic") in HALF_PRECISIONS, **_penalised(run))
    if memory.step(images) > free:
        run.reporter.say(
            f"a step of {images} images at once takes about {_gb(memory.step(images))} of memory, and {_gb(free)} are "
            f"free: {advice(memory, run, free)}"
        )


def _penalised(run: Run) -> dict[str, bool]:
    """What else an estimate takes: whether path lengths are penalised."""
    return {"path_lengths": True} if getattr(run.settings, "path_length_weight", 0) else {}


def advice(memory: TrainingMemory, run: Run, free: float) -> str:
    """What to give so that a step fits: text.

    Args:
        memory: `TrainingMemory`.
        run: `Run`.
        free: bytes for a step.
    """
    devices = images_at_once(run) // (run.settings.micro_batch or run.batch_per_replica)
    fitting = memory.most_images(free) // devices  # on one device
    if not fitting:
        return "not even one image at a time fits. Close other programs, or train with a smaller --image-size."
    batch = run.batch_per_replica
    micro = max(size for size in range(1, min(fitting, batch) + 1) if batch % size == 0)
    smaller = min(fitting, batch) * run.strategy.num_replicas_in_sync
    return f"give --micro-batch {micro}, which takes longer for the same updates, or --batch-size {smaller}."


def _free() -> int | None:
    """Bytes that are free; None where it isn't known, and where GPUs have memory of their own."""
    return None if tf.config.list_physical_devices("GPU") else free_memory()


def _gb(size: float) -> str:
    """Such as "0.42 GB"."""
    return f"{size / 1e9:.3g} GB"

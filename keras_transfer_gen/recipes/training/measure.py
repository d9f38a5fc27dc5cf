"""What is measured before training: the faster precision, the source's scores, the distance of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.models import tuned_ways
from keras_transfer_gen.recipes.runs.training_loop import memory_errors_on_one_line
from keras_transfer_gen.recipes.scoring import distance, kid_protocol, run_scores
from keras_transfer_gen.training.precision import choose_precision

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.shared import RunSettings
    from keras_transfer_gen.recipes.training.family import Source


SHEET_IMAGES = 36  # on a contact sheet
BEFORE = "before.npy"  # in checkpoints/: what the source generates of the first latents


def measure_precision(run: Run, network: keras.Model) -> dict[str, Any]:
    """{"arithmetic": "float32" or "bfloat16", "probe": seconds of each where they were timed} for a network.

    What `ktg tune` measured on this machine is taken, unless the settings name a precision or are deterministic.
    """
    known = tuned_ways.read_answer(network, run.batch_per_replica) if _may_use_known(run.settings) else None
    if known is not None:
        speeds = {trial["precision"]: trial["images_per_second"] for trial in known["trials"][:2]}
        probe = {name: run.batch_per_replica / speed for name, speed in speeds.items() if speed}
        return {"arithmetic": known["precision"], "probe": probe}
    with memory_errors_on_one_line(run.settings.batch_size):
        arithmetic, probe = choose_precision(run.settings.precision, network, run.batch_per_replica)
    return {"arithmetic": arithmetic, "probe": probe}


def _may_use_known(settings: RunSettings) -> bool:
    return settings.precision == "auto" and not settings.deterministic


def measure_distance(run: Run, source: Source, images: RunImages) -> dict[str, Any]:
    """What a source's images say before training.

    Args:
        run: `Run`; its folder keeps the images that `before_after.png` shows.
        source: `Source`.
        images: the run's images.

    Returns:
        JSON-ready dict: distance, sentence, kid_floor, what `run_scores.score_views` gives for "before", and the
        source's precision and recall.
    """
    generated = kid_protocol.generate_fakes(source.model)
    with files.atomic_path(run.folder.checkpoints / BEFORE) as partial:
        np.save(partial, generated[:SHEET_IMAGES])
    features = extract_features(generated, progress=run.reporter.counter("score of the source"))
    known = distance.source_features(source.ref)
    kid, sentence = distance.measure_distance(images.training, generated, features, known, run.reporter)
    shares = run_scores.precision_and_recall(features, images.reference)
    return {
        "distance": kid,
        "sentence": sentence,
        **run_scores.score_views(generated, features, images.reference, "before", run.reporter),
        **{f"{name}_before": share for name, share in shares.items()},
        "kid_floor": images.floor(),
    }


def images_before(run: Run) -> np.ndarray | None:
    """uint8 `[N, S, S, C]`, what the source generated of the first latents; None without a source."""
    path = run.folder.checkpoints / BEFORE
    return np.load(path, allow_pickle=False) if path.is_file() else None

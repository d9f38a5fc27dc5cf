"""The two ends that every run shares: its books are opened before training; scores, images and exports close it."""

import numpy as np

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.models.export import export_saved_model, export_tflite
from keras_transfer_gen.recipes.report import curves
from keras_transfer_gen.recipes.report import sheets as image_set
from keras_transfer_gen.recipes.report.gan_card import gan_card
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.near_copies import find_copies, neighbour_sheet
from keras_transfer_gen.recipes.training.gan.source import is_third_party
from keras_transfer_gen.training.callbacks import read_history

GRID = 36  # images on a contact sheet
LAST = "none: the last weights are kept; the curve on the way is taken against the training images"


def begin(run, state, command, settings, inputs, strategy, reporter, measure, selection=LAST):
    """Makes the folder of a run and notes what is known before training; what is noted already is not measured again.

    Args:
        run: `RunFolder`.
        state: what `RunFolder.open` said.
        command: "finetune" or "pretrain".
        settings: `TrainSettings`.
        inputs: `Inputs`.
        strategy: what it trains under.
        reporter: told of the progress.
        measure: function that returns the notes, a JSON-ready dict.
        selection: how the weights will be chosen, in words.

    Returns:
        dict, the notes.
    """
    if state == "start":
        run.clear()
    elif changed := _changed(run.config()["resolved"], settings, inputs):
        reporter.say(
            f"the images in {' and '.join(changed)} changed since this run began: it goes on with the new ones, and "
            "what was scored before training is scored again"
        )
        run.note(stale=True)
        run.forget_best()
    run.sweep()
    # First of all: interrupted from here on, the folder counts as a run, and the same command continues it.
    run.record(command, settings, resolved(run.notes(), inputs, strategy, selection), finished=False)
    known = run.notes()
    if not known or known.get("stale"):
        once = ("arithmetic", "probe", "warmup_kimg")  # one of each in one run
        kept = {name: known[name] for name in once if name in known}
        run.note(**{**measure(), **kept, "stale": False})
        run.record(command, settings, resolved(run.notes(), inputs, strategy, selection), finished=False)
    return run.notes()


def _changed(before, settings, inputs):
    """The sources whose images are others than those that a run was begun with; what isn't known isn't changed."""
    digests = {"pictures_digest": settings.data, "reference_digest": settings.reference}
    now = {"pictures_digest": inputs.image_set.digest, "reference_digest": inputs.reference_digest}
    return [place for name, place in digests.items() if before.get(name) not in (None, now[name])]


def resolved(notes, inputs, strategy, selection=LAST):
    """What was settled at run time, for config.json."""
    return {
        "precision": notes.get("arithmetic"),
        "g_lr_ratio": notes.get("g_lr_ratio"),
        "feature_weight": notes.get("feature_weight"),
        "precision_probe_seconds": notes.get("probe"),
        "pictures": len(inputs.image_set.images),
        "pictures_digest": inputs.image_set.digest,
        "reference_digest": inputs.reference_digest,
        "skipped_files": len(inputs.image_set.skipped),
        "replicas": strategy.num_replicas_in_sync,
        "selection": selection,
        "source_distance": notes.get("distance"),
        "warmup_kimg": notes.get("warmup_kimg"),
    }


def finish(
    run, command, settings, adapted, scratch, inputs, strategy, reporter, *, selection=LAST, best_kimg=None
):  # fmt: skip
    """Scores, draws and exports a trained run, and marks it as finished.

    Args:
        run: `RunFolder`.
        command: "finetune" or "pretrain".
        settings: `TrainSettings`.
        adapted: the `Training` of the run.
        scratch: the `Training` from scratch, or None.
        inputs: `Inputs`.
        strategy: what it was trained under.
        reporter: told of the progress.
        selection: how the weights were chosen, in words.
        best_kimg: kimg of the weights that were chosen, or None for the last ones.

    Returns:
        dict, the content of metrics.json.
    """
    gan, notes = adapted.gan, run.notes()
    made = gan.generate(kid_protocol.NUM_FAKES, seed=kid_protocol.SEED)
    features = extract_features(made, progress=reporter.counter("score after training"))
    kid_scratch = None
    if scratch is not None:
        tick = reporter.counter("score from scratch")
        kid_scratch = kid_protocol.score_model(scratch.gan, inputs.reference, kid_protocol.NUM_FAKES, tick)
    metrics = {
        "kid_before": notes.get("kid_before"),
        "kid_after": kid_protocol.score_features(features, inputs.reference),
        "kid_scratch": kid_scratch,
        "kid_floor": notes.get("kid_floor"),
        "kimg": gan.kimg,
        "best_kimg": best_kimg,
        "images_per_second": adapted.images_per_second,
        "seconds": adapted.seconds,
    }
    copied, nearest = find_copies(made, features, inputs.learnt, reporter)
    metrics["near_copies"] = {"made": copied.near_copy_share, "training": copied.train_share}
    run.note(memorisation=copied.to_dict())
    _draw(run, adapted, scratch, made, nearest, inputs.learnt.images, best_kimg)
    reporter.say("exporting SavedModel and TFLite, each compared with the Keras model")
    with checks.named(path="out"):
        run.note(tflite=_export_tflite(gan, run, reporter))
        text = gan_card(run.path, command, settings, gan.spec, metrics, run.notes())
        files.write_text(run.card_file, text)
        export_saved_model(gan, run.saved_model, card=text)
    gan.spec.save(run.spec_file)
    files.write_json(run.metrics_file, metrics)
    run.record(command, settings, resolved(notes, inputs, strategy, selection), finished=True)
    return metrics


def _export_tflite(gan, run, reporter):
    """Writes the TFLite file; returns "", or why there is none: a graph of others may need what TFLite doesn't have."""
    try:
        export_tflite(gan, run.tflite)
    except ExportError as error:
        if not is_third_party(gan):
            raise
        run.tflite.unlink(missing_ok=True)  # an earlier one would be of other weights
        reporter.say(f"no TFLite file could be made, everything else is there: {error}")
        return str(error)
    return ""


def _draw(run, adapted, scratch, made, nearest, real, kept):
    before_file = run.checkpoints / "before.npy"
    before = np.load(before_file, allow_pickle=False) if before_file.is_file() else None
    sheet = image_set.before_after(before, made[:GRID], real)
    files.write_bytes(run.path / "before_after.png", pixels.to_png(sheet))
    files.write_bytes(run.path / "neighbours.png", pixels.to_png(neighbour_sheet(made, nearest)))
    sheets = image_set.read_sheets(run.path / "samples")
    image_set.write_film(run.path / "training.gif", sheets or [pixels.to_grid(made[:GRID])])
    rows = read_history(run.history_file) if run.history_file.is_file() else []
    panels = curves.gan_panels(rows, adapted.records, scratch.records if scratch else [], kept)
    curves.write_curves(run.path / "curves.png", panels)


def keep_before(run, images):
    """Keeps the source's images of the latents that `before_after.png` shows again after training."""
    with files.atomic_path(run.checkpoints / "before.npy") as partial:
        np.save(partial, images[:GRID])

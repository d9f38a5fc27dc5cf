"""The end of every run: scores, pictures, model card and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.report.html_report import build_report
from keras_transfer_gen.recipes.scoring.near_copies import find_copies, neighbour_sheet
from keras_transfer_gen.recipes.scoring.per_class import measure_classes
from keras_transfer_gen.recipes.scoring.run_scores import precision_and_recall, repeat_shares
from keras_transfer_gen.recipes.training.measure import SHEET_IMAGES, images_before
from keras_transfer_gen.training.class_sheets import MIN_COLUMNS, draw_class_rows, draw_sheet, shown_classes

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training


REPORTED = ("kimg", "back_to_kimg", "reason", "learning_rate")  # of each return to a checkpoint


def finalize(run: Run, images: RunImages, tuned: Training, scratch: Training | None = None) -> dict[str, Any]:
    """Scores, draws and exports a trained run, and marks it as finished.

    Args:
        run: `Run`.
        images: the run's images.
        tuned: the `Training` of the run.
        scratch: the `Training` from scratch, or None.

    Returns:
        dict, the content of metrics.json.
    """
    family, folder, model = run.family, run.folder, tuned.model
    run.reporter.say("scoring the generated images")
    scores = family.score(run, images, tuned, scratch)
    copies, nearest = find_copies(scores.images, scores.features, images.training, run.reporter)
    run.note(memorisation=copies.to_dict())
    near_copies = {"made": copies.near_copy_share, "training": copies.train_share}
    metrics = {
        **scores.metrics,
        "near_copies": near_copies,
        **precision_and_recall(scores.features, images.reference),
        **repeat_shares(scores.features, images.training),
    }
    if images.labelled and model.spec.num_classes:
        metrics |= measure_classes(model, images.image_set, reporter=run.reporter)

    if tuned.rollbacks:
        metrics["rollbacks"] = [{name: entry[name] for name in REPORTED} for entry in tuned.rollbacks]

    _draw(run, images, model, scores.images, nearest)
    family.draw(run, images, tuned, scratch)
    run.reporter.say("exporting SavedModel and TFLite, each compared with the Keras model")
    with checks.named(path="out"):
        family.export_mobile(run, model)
        card = family.card(run, model, metrics)
        files.write_text(folder.card_file, card)
        export_saved_model(model, folder.saved_model, card=card)
    model.spec.save(folder.spec_file)
    files.write_text(folder.report_file, build_report(folder.path, folder.config(), metrics))
    files.write_json(folder.metrics_file, metrics)
    run.record(finished=True)
    return metrics


def _draw(run: Run, images: RunImages, model: keras.Model, generated: np.ndarray, nearest: np.ndarray) -> None:
    """Writes what every family shows: before and after, likely copies, the film of the training."""
    folder, before = run.folder.path, images_before(run)
    if images.labelled and model.spec.num_classes:
        sheet = _class_sheets(model, images.image_set, before)
    else:
        sheet = sheets.before_after(before, generated[:SHEET_IMAGES], images.training.images)
    files.write_bytes(folder / "before_after.png", pixels.to_png(sheet))
    files.write_bytes(folder / "neighbours.png", pixels.to_png(neighbour_sheet(generated, nearest)))
    frames = sheets.read_sheets(folder / "samples") or [pixels.to_grid(generated[:SHEET_IMAGES])]
    sheets.write_film(folder / "training.gif", frames)


def _class_sheets(model: keras.Model, image_set: ImageSet, before: np.ndarray | None) -> np.ndarray:
    """One row a class: generated and real images; `before` are images of the source, or None."""
    spec, after = model.spec, draw_sheet(model, SHEET_IMAGES)
    columns = max(MIN_COLUMNS, -(-SHEET_IMAGES // len(shown_classes(spec.num_classes))))
    real = draw_class_rows(image_set.images, image_set.labels, spec, columns)
    parts = [] if before is None else [("before", pixels.to_grid(before))]
    return sheets.labelled([*parts, ("after", after), ("real", real)])

"""The end of every run: scores, pictures, model card and exports."""

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.scoring.near_copies import find_copies, neighbour_sheet
from keras_transfer_gen.recipes.training.measure import SHEET_IMAGES, images_before


def finalize(run, images, tuned, scratch=None):
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
    scores = family.score(run, images, tuned, scratch)
    copies, nearest = find_copies(scores.images, scores.features, images.training, run.reporter)
    run.note(memorisation=copies.to_dict())
    near_copies = {"made": copies.near_copy_share, "training": copies.train_share}
    metrics = {**scores.metrics, "near_copies": near_copies}

    _draw(run, images, scores.images, nearest)
    family.draw(run, images, tuned, scratch)
    run.reporter.say("exporting SavedModel and TFLite, each compared with the Keras model")
    with checks.named(path="out"):
        family.export_mobile(run, model)
        card = family.card(run, model, metrics)
        files.write_text(folder.card_file, card)
        export_saved_model(model, folder.saved_model, card=card)
    model.spec.save(folder.spec_file)
    files.write_json(folder.metrics_file, metrics)
    run.record(finished=True)
    return metrics


def _draw(run, images, generated, nearest):
    """Writes what every family shows: before and after, likely copies, the film of the training."""
    folder = run.folder.path
    sheet = sheets.before_after(images_before(run), generated[:SHEET_IMAGES], images.training.images)
    files.write_bytes(folder / "before_after.png", pixels.to_png(sheet))
    files.write_bytes(folder / "neighbours.png", pixels.to_png(neighbour_sheet(generated, nearest)))
    frames = sheets.read_sheets(folder / "samples") or [pixels.to_grid(generated[:SHEET_IMAGES])]
    sheets.write_film(folder / "training.gif", frames)

"""Scores of a preset with classes, whatever its family, and its sheet of generated images by class."""

import datetime
import io

import numpy as np
from PIL import Image

from keras_transfer_gen import files, pixels
from keras_transfer_gen.metrics.features import extract_features, reference_features
from keras_transfer_gen.metrics.memorisation import memorisation
from keras_transfer_gen.metrics.prdc import precision_recall
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import WHOLE
from keras_transfer_gen.recipes.scoring.per_class import measure_classes
from keras_transfer_gen.recipes.scoring.run_scores import score_views

SEEDS = (0, 1, 2)
SHOWN = 8  # generated images of a class on the sheet
MOST_BYTES = 1_500_000  # of a sheet with all its colours
VIEWS = {"kid": "kid_after", "kid_second": "kid_second_after", "layout": "layout_after"}


def measure_draws(model, image_set):
    """Scores of generated images, classes drawn as often as in the training: a JSON-ready dict.

    Args:
        model: with `generate` and classes.
        image_set: `ImageSet` of its training images, with labels.
    """
    images = np.asarray(image_set.images)
    reference = kid_protocol.make_reference(images, "its training images")
    rows = []
    for seed in SEEDS:
        generated = model.generate(kid_protocol.DEFAULT.num_fakes, seed=seed)
        features = extract_features(generated)
        views = score_views(generated, features, reference, "after")
        row = {name: views[key]["value"] for name, key in VIEWS.items()}
        row["layout_precision"], row["layout_recall"] = (
            views["layout_after"][name] for name in ("precision", "recall")
        )
        row["precision"], row["recall"] = precision_recall(reference.features, features)
        rows.append(row)
        if seed == SEEDS[0]:
            known = reference_features(images), reference_features(images, mirrored=True)
            copies = memorisation(generated, features, images, *known).to_dict()
    return {
        "kid": float(np.median([row["kid"] for row in rows])),
        "kid_by_seed": [row["kid"] for row in rows],
        **{f"{name}_by_seed": [float(row[name]) for row in rows] for name in rows[0] if name != "kid"},
        "memorisation": copies,
        **{name: value for name, value in measure_classes(model, image_set).items() if name != "per_class"},
        "n_fake": kid_protocol.DEFAULT.num_fakes,
        "n_real": len(reference.features),
        "feature_network": WHOLE.network,
        "input_size": WHOLE.input_size,
        "date": datetime.date.today().isoformat(),
    }


def write_sheet(path, model, class_names):
    """Writes a PNG of the first images of each class, a row each; a large one with 256 colours, dithered."""
    rows = [model.generate(SHOWN, seed=0, label=name) for name in class_names]
    sheet = pixels.to_grid(np.concatenate(rows), SHOWN)
    content = pixels.to_png(sheet)
    if len(content) > MOST_BYTES and sheet.shape[-1] == 3:
        picture, stream = Image.fromarray(sheet), io.BytesIO()
        palette = picture.quantize(256, Image.Quantize.FASTOCTREE)
        picture.quantize(palette=palette).save(stream, "PNG", optimize=True)
        content = stream.getvalue()
    files.write_bytes(path, content)


def describe_sheet(class_names):
    """Lines of a card that show the sheet."""
    names = ", ".join(class_names)
    return [
        f"Eight unselected images of each class; from top to bottom: {names}.", "",
        "![a row of generated images for each class](grid.png)", "",
    ]  # fmt: skip

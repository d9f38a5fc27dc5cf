"""How well do sources with classes draw what they are asked for? KID and recognisability, class by class.

    python benchmarks/compare_classes.py --sources emoji_vq_64 runs/gan --data CLASSES --seeds 3 --out DIR

Sources of any family may stand beside each other. --data has one sub-folder a class, called as in the sources; classes
that a source has besides are not drawn. Each class is drawn 100 times, and 500 images as often as the real images have
them for the scores of all. Writes `results.json`, `table.md` and for each source `sheet_<number>.png`, 8 unselected
images of the first seed a class, a row each, into --out. Results of a source and a seed are kept in `runs/` there.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from made_by import made_by
from source_tables import classes_table

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import reference_features
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.metrics.memorisation import memorisation
from keras_transfer_gen.metrics.prdc import precision_recall
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import SECOND
from keras_transfer_gen.recipes.scoring.per_class import MIN_REAL, PER_CLASS, measure_classes
from keras_transfer_gen.recipes.scoring.run_scores import score_views

SHOWN, TIMED = 8, 64  # images of a class on a sheet; images whose drawing is timed


def main():
    options = parse()
    rows = []
    for number, source in enumerate(options.sources):
        runs = [measured(options, number, source, seed) for seed in range(options.seeds)]
        rows.append({"source": source, "megabytes": resolve_model(source).path.stat().st_size / 1e6, "runs": runs})
    result = {**made_by("compare_classes.py", options), "sources": rows}
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", classes_table(result))
    print(classes_table(result))
    print(json.dumps({row["source"]: float(np.median([run["kid"] for run in row["runs"]])) for row in rows}))


def measured(options, number, source, seed):
    """The scores of a source with the images of one seed, from the disk where they are there; the first draws a sheet.

    Returns:
        JSON-ready dict of scores of all images, and "per_class" with those of each class.
    """
    path = options.out / "runs" / f"{number}_seed{seed}.json"
    if path.is_file():
        return files.read_json(path)
    model = open_model(source)
    image_set = read_images(options.data, model.spec.image_size, model.spec.channels, labels="folders")
    if seed == 0:
        sheet = np.concatenate([model.generate(SHOWN, seed=0, label=name) for name in image_set.class_names])
        files.write_bytes(options.out / f"sheet_{number}.png", pixels.to_png(pixels.to_grid(sheet, SHOWN)))
    scores = {**score_all(model, image_set, seed), **score_classes(model, image_set, seed)}
    start = time.perf_counter()
    model.generate(TIMED, seed=seed + 100, label=image_set.class_names[0])
    scores["seconds_for_64"] = time.perf_counter() - start
    files.write_json(path, scores)
    return scores


def score_all(model, image_set, seed):
    """The scores of images of all classes, as often as the real ones have them."""
    drawn = [
        model.generate(count, seed=seed, label=name)
        for name, count in zip(image_set.class_names, class_counts(image_set), strict=True)
    ]
    return score_images(np.concatenate(drawn), np.asarray(image_set.images))


def class_counts(image_set):
    """list of int: how many images of each class are scored, at least one; all together about 500."""
    shares = np.bincount(image_set.labels, minlength=len(image_set.class_names)) / len(image_set.labels)
    return np.maximum(np.round(kid_protocol.DEFAULT.num_fakes * shares), 1).astype(int).tolist()


def score_images(generated, images):
    """The scores of generated images against real ones, both uint8 `[N, S, S, C]`."""
    reference = kid_protocol.make_reference(images, "the real images")
    features = reference.view.extract(generated)
    mirrored = reference_features(images, mirrored=True)
    copies = memorisation(generated, features, images, reference_features(images), mirrored)
    return {**score_features(generated, features, reference), "near_copies": copies.to_dict()["near_copy_share"]}


def score_features(generated, features, reference):
    """The same without near-copies, of uint8 `[N, S, S, C]`, their features and a `kid_protocol.Reference`."""
    views = score_views(generated, features, reference, "after")
    precision, recall = precision_recall(reference.features, features)
    layout = views["layout_after"]
    return {
        "kid": views["kid_after"]["value"], "kid_second": views["kid_second_after"]["value"],
        "layout": layout["value"], "layout_precision": layout["precision"], "layout_recall": layout["recall"],
        "precision": precision, "recall": recall,
    }  # fmt: skip


def score_classes(model, image_set, seed):
    """{"recognised", "recognised_real", "per_class"}; the last has for each class these and "kid", "kid_second"."""
    protocol = kid_protocol.KidProtocol(seed=seed)
    measures = measure_classes(model, image_set, PER_CLASS, protocol=protocol)
    images = np.asarray(image_set.images)
    per_class = {}
    for number, name in enumerate(image_set.class_names):
        own = images[image_set.labels == number][: kid_protocol.DEFAULT.max_reals]
        if len(own) >= MIN_REAL and name in measures["per_class"]:
            real = SECOND.extract_reference(own)
            drawn = SECOND.extract(model.generate(PER_CLASS, seed=seed, label=name))
            row = measures["per_class"][name]
            per_class[name] = {**row, "kid": row["kid"]["value"], "kid_second": kid_score(real, drawn)[0]}
    return {**{name: measures[name] for name in ("recognised", "recognised_real")}, "per_class": per_class}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", required=True, nargs="+", help="presets, RUN folders or .keras files with classes")
    parser.add_argument("--data", required=True, help="real images, one sub-folder a class")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

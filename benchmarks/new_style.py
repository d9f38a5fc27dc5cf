"""Does a style that was learnt from a few classes carry over to classes that were not shown?

    python examples/fetch_emoji.py --vendor twemoji --by-class --out runs/twemoji_classes
    python benchmarks/new_style.py --sources emoji_64 --kimg 6 --data runs/twemoji_classes \
        --learn people faces hands objects --seeds 3 --out DIR

Each source must have the classes of --data by name. It is fine-tuned as `ktg finetune --labels` does it, on the images
of the classes --learn alone, a VQ-VAE by each method of --methods. Then the other classes of --data are drawn, each as
often as its share of the real images, and scored against these, of which no run has seen any. Beside the adapted model
stand the source's own draws of these classes, and the same draws with the colours of the style: each pixel that is not
white goes through the linear map that takes mean and covariance of the source's draws of the learnt classes to those of
the learnt images.

Finished RUNs are kept in `runs/` of --out and not repeated. Writes `results.json`, `table.md` and for each source
`sheet_<number>.png`: a row each of the source's draws, these recoloured, the adapted model's, and real images.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from compare_classes import class_counts, score_features
from labelled_rows import evenly_chosen, labelled_rows
from made_by import made_by
from scipy.linalg import inv, sqrtm
from source_tables import new_style_table

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

SETTINGS = {cls.family: cls for cls in (FineTuneSettings, FineTuneVqSettings)}
SCORES = ("kid", "kid_second", "layout", "precision", "recall")
SHOWN, WHITE = 16, 250


def main():
    options = parse()
    spec = open_model(options.sources[0]).spec
    image_set = read_images(options.data, spec.image_size, spec.channels, labels="folders")
    shown = np.isin(np.array(image_set.class_names)[image_set.labels], options.learn)
    learnt, unseen = part_of(image_set, shown), part_of(image_set, ~shown)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "learnt.npz"
    np.savez(path, images=learnt.images, labels=np.array(learnt.class_names)[learnt.labels])
    rows = [row for number in range(len(options.sources)) for row in rows_of(options, number, path, learnt, unseen)]
    result = {
        **made_by("new_style.py", options), "learnt": len(learnt), "unseen": len(unseen), "classes": unseen.class_names,
        "rows": rows,
    }  # fmt: skip
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", new_style_table(result))
    print(new_style_table(result))
    print(json.dumps({row["name"]: float(np.median([run["kid"] for run in row["runs"]])) for row in rows}))


def part_of(image_set, chosen):
    """An `ImageSet` of some images, whose classes are those that it has images of."""
    return read_images(
        np.asarray(image_set.images)[chosen],
        image_set.images.shape[1], image_set.images.shape[3],
        labels=np.array(image_set.class_names)[image_set.labels[chosen]],
    )  # fmt: skip


def rows_of(options, number, path, learnt, unseen):
    """The rows of a source: itself, its draws in the colours of the style, and each method: {"name", "runs"}."""
    source = options.sources[number]
    family = resolve_model(source).family or "gan"
    methods = options.methods if family == "vq" else [""]
    real, model = np.asarray(unseen.images), open_model(source)
    reference = kid_protocol.make_reference(real, "the real images")
    names = [source, f"{source}, recoloured", *(f"{source}, adapted{method and ': '}{method}" for method in methods)]
    rows = {name: [] for name in names}
    for seed in range(options.seeds):
        kept = options.out / "runs" / f"{number}_seed{seed}.json"
        if not kept.is_file():
            own, seen = draw(model, unseen, seed), draw(model, learnt, seed)
            drawn = [own, recoloured(own, seen, np.asarray(learnt.images))]
            drawn += [draw(adapt(options, number, family, path, method, seed), unseen, seed) for method in methods]
            if seed == 0:
                write_sheet(options.out / f"sheet_{number}.png", names, drawn, real)
            files.write_json(kept, dict(zip(names, [scored(part, reference) for part in drawn], strict=True)))
        for name, scores in files.read_json(kept).items():
            rows[name].append(scores)
    return [{"name": name, "runs": runs} for name, runs in rows.items()]


def scored(drawn, reference):
    """The scores of the table, of uint8 `[N, S, S, C]` against a `kid_protocol.Reference`."""
    scores = score_features(drawn, reference.view.extract(drawn), reference)
    return {name: scores[name] for name in SCORES}


def adapt(options, number, family, path, method, seed):
    """A source, fine-tuned on the learnt classes with one seed: what `open_model` returns."""
    out = options.out / "runs" / "_".join(filter(None, [str(number), method, f"seed{seed}"]))
    kimg = options.kimg[number % len(options.kimg)]
    chosen = {"method": method} if method else {}
    fine_tune(SETTINGS[family](
        source=options.sources[number], data=str(path), labels="own", kimg=kimg, seed=seed, out=str(out), **chosen,
    ))  # fmt: skip
    return open_model(out)


def draw(model, images, seed):
    """About 500 images of the classes of an `ImageSet`, each as often as it has them: uint8 `[N, S, S, C]`."""
    pairs = zip(images.class_names, class_counts(images), strict=True)
    return np.concatenate([model.generate(count, seed=seed, label=name) for name, count in pairs])


def recoloured(images, seen, target):
    """Images whose colours are mapped as those of `seen` must be to have mean and covariance of `target`'s."""
    ink = images.min(axis=-1) < WHITE
    first, second = (part[part.min(axis=-1) < WHITE].astype(np.float64) for part in (seen, target))
    covariances = [np.atleast_2d(np.cov(part.T)) + np.eye(part.shape[-1]) for part in (first, second)]
    root = np.real(sqrtm(covariances[0]))
    matrix = inv(root) @ np.real(sqrtm(root @ covariances[1] @ root)) @ inv(root)
    result = images.copy()
    mapped = (images[ink] - first.mean(axis=0)) @ matrix + second.mean(axis=0)
    result[ink] = np.clip(np.round(mapped), 0, 255)
    return result


def write_sheet(path, names, drawn, real):
    """A labelled row of each set of images, chosen evenly, in the order of the classes."""
    rows = [*zip(names, drawn, strict=True), ("real images of these classes", real)]
    chosen = [(name, evenly_chosen(images, SHOWN)) for name, images in rows]
    files.write_bytes(path, pixels.to_png(labelled_rows(chosen)))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", required=True, nargs="+", help="presets, RUN folders or .keras files with classes")
    parser.add_argument("--kimg", type=float, nargs="+", default=[10.0], help="for each source, or one for all")
    parser.add_argument("--data", required=True, help="images of the style, one sub-folder a class")
    parser.add_argument("--learn", required=True, nargs="+", help="classes that are shown")
    parser.add_argument("--methods", nargs="+", default=["full", "decoder"], help="of a VQ-VAE")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

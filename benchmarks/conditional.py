"""Does a GAN that is told classes draw better than one that is not, at equal minutes? Both from nothing.

    python examples/fetch_grey.py --set fashion --out runs/fashion
    python benchmarks/conditional.py --data runs/fashion/test.npz --image-size 28 --channels 1 --minutes 5 --seeds 3 \
        --networks max_channels=96,min_channels=24 --out benchmarks/results/conditional_fashion

Each is trained as `ktg pretrain` does it with its defaults, `dcgan` without and `dcgan_conditional` with labels, for
the same minutes; --networks are options of both, which are of one size but for what the classes add. About 500 images
are drawn, by the conditional GAN as often of each class as the real images have it, and scored against the real images.

- recognised: share of 100 draws of each class that a linear probe takes for the class, the mean over the classes;
  the unconditional GAN can't be asked for a class.
- clear: share of the draws that a probe takes for any one class with a probability of at least 0.9. The probe learns
  from one half of at most 3,000 real images; "of real images" is that share of the other half.

Finished RUNs are kept in `runs/` of --out. Writes `results.json`, `table.md` and for each GAN `sheet_<name>.png`, 64
images of the first seed, unselected: a row each of the first 8 classes where it has classes.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from compare_classes import class_counts, score_images
from made_by import made_by
from source_tables import conditional_table

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.near_duplicates import group_alike
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.linear_probe import assign_folds, fit_probe
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.scoring.per_class import MOST_REAL, measure_classes
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.training.pretrain import pretrain

ARCHITECTURES = {"unconditional": "dcgan", "conditional": "dcgan_conditional"}
ENOUGH_KIMG, CLEAR, SHOWN = 1e6, 0.9, 8


def main():
    options = parse()
    images = read_images(options.data, options.image_size, options.channels, labels=options.labels)
    chosen = np.random.default_rng(0).permutation(len(images))[:MOST_REAL]
    subset = images.subset(np.sort(chosen))
    probe = Probe(subset)
    runs = {name: [] for name in ARCHITECTURES}
    for seed, name in itertools.product(range(options.seeds), ARCHITECTURES):  # one after the other, on one machine
        runs[name].append(scored(options, name, seed, subset, probe))
    result = {
        **made_by("conditional.py", options), "images": len(images),
        "classes": len(images.class_names), "minutes": options.minutes, "clear_real": probe.real, "runs": runs,
    }  # fmt: skip
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", conditional_table(result))
    print(conditional_table(result))


class Probe:
    """A linear classifier that has learnt half of some real images.

    Args:
        image_set: `ImageSet` with labels.

    Attributes:
        real: share of the other half that it is sure of, float.
    """

    def __init__(self, image_set):
        images = np.asarray(image_set.images)
        features, fold = extract_features(images), assign_folds(image_set.labels, group_alike(images), folds=2)
        self._probe = fit_probe(features[fold == 0], image_set.labels[fold == 0])
        self.real = self.clear_share(features[fold == 1])

    def clear_share(self, features):
        """The share of images, float32 `[N, D]` features, that it takes for one class with enough probability."""
        return float(np.mean(self._probe.predict_proba(features).max(axis=1) >= CLEAR))


def scored(options, name, seed, images, probe):
    """The scores of one training: JSON-ready dict, from the disk where it is there."""
    out = options.out / "runs" / f"{name}_seed{seed}"
    path = out.with_suffix(".json")
    if path.is_file():
        return files.read_json(path)
    labels = {"labels": options.labels} if name == "conditional" else {}
    arch = ":".join(filter(None, [ARCHITECTURES[name], options.networks]))
    metrics = pretrain(PretrainSettings(
        data=options.data, image_size=options.image_size, channels=options.channels, arch=arch,
        kimg=ENOUGH_KIMG, minutes=options.minutes, evaluate_every_kimg=ENOUGH_KIMG, seed=seed, out=str(out), **labels,
    ))  # fmt: skip
    gan = load_gan(str(out))
    drawn = draw(gan, images, seed)
    scores = {**score_images(drawn, np.asarray(images.images)), "kimg": metrics["kimg"]}
    scores["clear"] = probe.clear_share(extract_features(drawn))
    if gan.spec.num_classes:
        measured = measure_classes(gan, images)
        scores |= {key: measured[key] for key in ("recognised", "recognised_real")}
    if seed == 0:
        files.write_bytes(options.out / f"sheet_{name}.png", pixels.to_png(pixels.to_grid(shown(gan), SHOWN)))
    files.write_json(path, scores)
    return scores


def draw(gan, images, seed):
    """About 500 images, of each class as many as its share of the real images, where there are classes."""
    counts = class_counts(images)
    if not gan.spec.num_classes:
        return gan.generate(sum(counts), seed=seed)
    rows = [
        gan.generate(count, seed=seed, label=label) for label, count in zip(images.class_names, counts, strict=True)
    ]
    return np.concatenate(rows)


def shown(gan):
    """uint8 images of a sheet: rows of 8, of one class each where there are classes."""
    names = gan.spec.class_names[:SHOWN] if gan.spec.num_classes else []
    if not names:
        return gan.generate(SHOWN * SHOWN, seed=0)
    return np.concatenate([gan.generate(SHOWN, seed=0, label=name) for name in names])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="images with labels")
    parser.add_argument("--labels", default="own", help="where their labels come from: own, folders or a file")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--networks", help="options of both architectures, such as max_channels=96; see `ktg pretrain`")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

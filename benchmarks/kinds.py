"""Does a fine-tune of blended codes keep known images of the kind that it is shown? Before any training.

    python examples/fetch_emoji.py --vendor twemoji --by-class --out runs/twemoji_classes
    python benchmarks/kinds.py --source emoji_64 --data runs/twemoji_classes --classes animals faces food \
        --seeds 3 --out DIR

Of each class some of its things by chance are what a user would have, at most --images images and half of the class;
the other images are the reference. The source keeps the known images that a fine-tune would keep, once ordered by their
ranks as neighbours alone, once by kinds as well (`recipes.training.gan.known_images.order_by_kind`). 500 draws of each
are scored against the reference.

- of the kind: share of the known images kept that are of the class, in any of the source's styles.

Writes `results.json`, `table.md` and `sheet.png`: for each class 16 draws of both ways and 16 images of the reference,
unselected, of the first seed.
"""

import argparse
from pathlib import Path
from unittest import mock

import numpy as np
from compare_classes import score_features
from labelled_rows import evenly_chosen, labelled_rows
from made_by import made_by
from source_tables import NEW_STYLE, kinds_table

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.blended.known import known_classes, known_images
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.training.gan import known_images as module

WAYS = {"by ranks": 0.0, "by kinds": module.FEW}  # share of the known images that counts as few
DRAWN, SHOWN = 500, 16


def main():
    options = parse()
    source = ktg.load_gan(options.source)
    network = load_feature_network(side=module.SIDE)
    known = extract_features(known_images(source.ema_generator), network)
    numbers = known_classes(source.ema_generator)
    names = np.array(source.spec.every_class_name)[numbers]
    images = read_images(options.data, source.spec.image_size, source.spec.channels, labels="folders")
    rows, sheet = [], []
    for name in options.classes:
        of_class = np.array([one == name or one.startswith(f"{name}_") for one in names])
        runs = {way: [] for way in WAYS}
        for seed in range(options.seeds):
            shown, reference = split(images, name, options.images, seed)
            wanted, judge = extract_features(shown, network), kid_protocol.make_reference(reference, "the reference")
            drawn = {}
            for way, few in WAYS.items():
                with mock.patch.object(module, "FEW", few):
                    chosen = module.choose_by_features(wanted, known, numbers)
                drawn[way] = module.keep_known(source, chosen, seed).generate(DRAWN, seed=seed)
                scores = score_features(drawn[way], judge.view.extract(drawn[way]), judge)
                kind = float(of_class[chosen].mean())
                runs[way].append({"kind": kind, "kept": len(chosen), **{key: scores[key] for key in NEW_STYLE}})
                print(name, seed, way, runs[way][-1], flush=True)
            if seed == 0:
                sheet += [(f"{name}, {way}", part[:SHOWN]) for way, part in drawn.items()]
                sheet.append((f"{name}, reference", evenly_chosen(reference, SHOWN)))
        rows += [{"name": f"{name}, {way}", "runs": runs[way]} for way in WAYS]
    result = {**made_by("kinds.py", options), "known": len(names), "drawn": DRAWN, "rows": rows}
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", kinds_table(result))
    files.write_bytes(options.out / "sheet.png", pixels.to_png(labelled_rows(sheet)))
    print(kinds_table(result))


def split(image_set, name, most, seed):
    """(images of some things of a class, images of its other things), both uint8 `[N, S, S, C]`.

    A thing is a sub-folder of the class, such as one figure in every skin colour.
    """
    of_class = np.flatnonzero(image_set.labels == image_set.class_names.index(name))
    things = np.array([image_set.names[number].split("/")[1] for number in of_class])
    order = np.random.default_rng(seed).permutation(np.unique(things))
    sizes = np.cumsum([np.sum(things == thing) for thing in order])
    first = order[sizes <= min(most, len(of_class) // 2)]
    shown = np.isin(things, first)
    images = np.asarray(image_set.images)
    return images[of_class[shown]], images[of_class[~shown]]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="preset, RUN folder or .keras file of blended codes")
    parser.add_argument("--data", required=True, help="images, a sub-folder a class, in it one a thing")
    parser.add_argument("--classes", required=True, nargs="+", help="names of sub-folders")
    parser.add_argument("--images", type=int, default=100, help="shown at most")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

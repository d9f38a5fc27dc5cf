"""Are restyled images nearer to their true counterparts in the target's style than the input is?

    for vendor in noto twemoji; do python examples/fetch_emoji.py --vendor $vendor --category "/(person|family)" \
        --no-tones --out ${vendor}_people; done
    python benchmarks/counterparts.py --sources noto_vae_64 runs/tokens --data examples/twemoji_people/train \
        --images noto_people --counterparts twemoji_people --num 50 --seeds 3 --out DIR

Runs what `ktg finetune` and `ktg restyle` run, with their defaults: of a VAE the decoder is adapted, of a VQ-VAE the
decoder, alone and before the prior. An image and its counterpart have files of one name. Left out are images whose
counterpart --data holds, by name (a skin tone aside) or by pixels, and those whose counterpart is the drawing of one
before. Finished RUNs are kept in `runs/` there and not repeated. Writes `results.json`, `table.md` and, of the first
seed, `sheet.png` into --out: input, what each source makes of it, true counterpart, row by row, unselected.

Distances of a pair: root mean squared difference (levels) of both averaged down to 16 x 16 pixels, and 1 - cosine of
their features by each of the two networks of every score. The cosine finds an image's counterpart among others more
often than the Euclidean distance does. Soft images are near to everything in pixels: so the blurred input and the
source's plain reconstruction stand beside the others, and what the adapted decoder draws alone (`--detail 0`). What a
change of colours can reach shows in the last row: the input with the one that its true counterpart asks for. p:
Wilcoxon's signed-rank test, two-sided, of the images' distances (means over the seeds). It takes images as
independent; men and women of one motif are less than that.
"""

import argparse
import itertools
import json
import re
from pathlib import Path

import numpy as np
import tensorflow as tf
from labelled_rows import evenly_chosen, labelled_rows
from made_by import made_by
from scipy.stats import wilcoxon
from source_tables import counterparts_table

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.latent_tools.autoencoders import codes_of, open_autoencoder
from keras_transfer_gen.recipes.latent_tools.restyle import carry_over, restyle
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.scoring.feature_views import LAYOUT_SIZE, SECOND, WHOLE, average_down
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

SETTINGS = {cls.family: cls for cls in (FineTuneVaeSettings, FineTuneVqSettings)}
METHODS = {"vae": ("decoder",), "vq": ("decoder", "full")}  # those that change the style of what the encoder sees
VIEWS = {"features": WHOLE, "second": SECOND}
SHOWN = 16  # images in a row of the sheet
TONE = re.compile(r"-(medium-)?(light|medium|dark)(_(medium-)?(light|medium|dark))?$")


def main():
    options = parse()
    shape = shape_of(options.sources)
    names, images, counterparts = choose_pairs(options, shape)
    parts = [("input", "", [images]), ("input, blurred", "", [blurred(images)])]  # (name, what it is, of each seed)
    for number, source in enumerate(options.sources):
        parts += adapted(options, number, source, images)
    true_colours = carry_over(images, images, counterparts)
    parts.append(("input, in the colours of its true counterpart", "bound", [true_colours]))
    true = seen(counterparts)
    measured = [(name, kind, [distances(seen(restyled), true) for restyled in seeds]) for name, kind, seeds in parts]
    result = {
        **made_by("counterparts.py", options), "num": len(names), "names": names,
        "rows": rows_of(measured), "against": against_each_other(measured),
    }  # fmt: skip
    shown = [(name, seeds[0]) for name, kind, seeds in parts if name == "input" or kind == "restyled"]
    rows = [(label, evenly_chosen(images, SHOWN)) for label, images in [*shown, ("true counterpart", counterparts)]]
    files.write_bytes(options.out / "sheet.png", pixels.to_png(labelled_rows(rows)))
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", counterparts_table(result))
    print(counterparts_table(result))
    print(json.dumps({row["name"]: medians(row["runs"]) for row in result["rows"]}))


def shape_of(sources):
    """(side, channels) of the images of all sources, which must be one; each must be a VAE or a VQ-VAE."""
    for source in sources:
        if resolve_model(source).family not in METHODS:
            raise SystemExit(f"{source} is no VAE and no VQ-VAE: it encodes no images. Leave it out of --sources.")
    shapes = {(spec.image_size, spec.channels) for spec in (open_autoencoder(source).spec for source in sources)}
    if len(shapes) > 1:
        raise SystemExit(f"the sources take images of {sorted(shapes)} (side, channels). Give sources of one kind.")
    return shapes.pop()


def choose_pairs(options, shape):
    """(names, images, counterparts) of --num pairs, evenly over the names: list of str, two uint8 `[N, S, S, C]`."""
    folders = options.images, options.counterparts, options.data
    images, counterparts, data = (read_images(folder, *shape) for folder in folders)
    numbers = {Path(str(name)).stem: number for number, name in enumerate(counterparts.names)}
    trained = {motif(name) for name in data.names}
    drawn = {image.tobytes() for image in np.asarray(data.images)}
    pairs = []
    for number, name in enumerate(images.names):
        other = numbers.get(Path(str(name)).stem)
        if other is None or motif(name) in trained or counterparts.images[other].tobytes() in drawn:
            continue
        drawn.add(counterparts.images[other].tobytes())
        pairs.append((number, other))
    if not pairs:
        raise SystemExit(
            "no image has a counterpart of its name that is not in --data. Check --images, --counterparts."
        )
    chosen = np.linspace(0, len(pairs) - 1, min(options.num, len(pairs))).round().astype(int)
    first, second = np.transpose([pairs[index] for index in chosen])
    names = [Path(str(images.names[number])).stem for number in first]
    return names, np.asarray(images.images[first]), np.asarray(counterparts.images[second])


def motif(name):
    """The name of a file without its folder, its ending and a skin tone."""
    return TONE.sub("", Path(str(name)).stem)


def adapted(options, number, source, images):
    """list of (name, kind, images of each seed) of a source: its reconstruction, then what each method makes of it."""
    family, model = resolve_model(source).family, open_autoencoder(source)
    parts = [(f"{source}, plain reconstruction", "plain", [model.decode(codes_of(model, images))])]
    for method in METHODS[family]:
        kimg = options.kimg[number % len(options.kimg)] if options.kimg else SETTINGS[family].kimg
        runs = []
        for seed in range(options.seeds):
            run = str(options.out / "runs" / f"{number}_{method}_seed{seed}")
            fine_tune(SETTINGS[family](
                source=source, data=options.data, method=method, kimg=kimg, seed=seed, out=run,
            ))  # fmt: skip
            runs.append(run)
        name = f"{source}, {method}, {kimg:g} kimg"
        parts.append((name, "restyled", [restyle(run, images).images for run in runs]))
        parts.append((f"{name}, decoded alone", "decoded", [restyle(run, images, detail=0.0).images for run in runs]))
    return parts


def blurred(images):
    """Images that hold no more than 16 x 16 pixels do."""
    small = average_down(images, LAYOUT_SIZE)
    return np.round(tf.image.resize(small, images.shape[1:3])).astype(np.uint8)


def seen(images):
    """What distances compare, a row for each image: {"pixels", "features", "second"}."""
    small = average_down(images, LAYOUT_SIZE).reshape(len(images), -1)
    return {"pixels": small.astype(np.float64), **{name: view.extract(images) for name, view in VIEWS.items()}}


def distances(first, second):
    """Distances of pairs by each measure: float64 `[N]` each."""
    result = {"pixels": np.sqrt(np.mean((first["pixels"] - second["pixels"]) ** 2, axis=1))}
    for name in VIEWS:
        units = [
            part[name] / np.linalg.norm(part[name].astype(np.float64), axis=1, keepdims=True)
            for part in (first, second)
        ]
        result[name] = 1.0 - np.sum(units[0] * units[1], axis=1)
    return result


def rows_of(parts):
    """The rows of results.json: every part beside the first, the input. Parts: list of (name, kind, distances)."""
    before = parts[0][2]
    rows = []
    for name, kind, seeds in parts:
        runs = [
            {key: {"mean": float(seed[key].mean()), "nearer": nearer(seed[key], before[0][key])} for key in seed}
            for seed in seeds
        ]
        row = {"name": name, "kind": kind, "runs": runs, "p": {key: p_of(seeds, before, key) for key in before[0]}}
        rows.append(row)
    return rows


def against_each_other(parts):
    """How each pair of restylings compares: list of {"restyling", "against"} and by each measure {"nearer", "p"}."""
    result = []
    for first, second in itertools.combinations([part for part in parts if part[1] == "restyled"], 2):
        row = {"restyling": first[0], "against": second[0]}
        for key in first[2][0]:
            share = nearer(over_seeds(first[2], key), over_seeds(second[2], key))
            row[key] = {"nearer": share, "p": p_of(first[2], second[2], key)}
        result.append(row)
    return result


def over_seeds(seeds, key):
    """The mean distance of each image, `[N]`."""
    return np.mean([seed[key] for seed in seeds], axis=0)


def nearer(first, second):
    """The share of images whose first distance is the smaller one."""
    return float(np.mean(first < second))


def p_of(first, second, key):
    """Wilcoxon's p of two lists of seeds; 1 where all distances are the same."""
    difference = over_seeds(first, key) - over_seeds(second, key)
    return float(wilcoxon(difference).pvalue) if difference.any() else 1.0


def medians(runs):
    """The median over the seeds of the mean distance by each measure, rounded."""
    return {key: round(float(np.median([run[key]["mean"] for run in runs])), 4) for key in runs[0]}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", required=True, nargs="+", help="VAEs and VQ-VAEs: presets, RUNs or .keras files")
    parser.add_argument(
        "--kimg", type=float, nargs="+", help="for each source, or one for all; by default its family's"
    )
    parser.add_argument("--data", required=True, help="images of the target to learn")
    parser.add_argument("--images", required=True, help="the images to restyle are chosen from these")
    parser.add_argument("--counterparts", required=True, help="what they show in the target's style, by the same names")
    parser.add_argument("--num", type=int, default=50, help="images to restyle")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Which source adapts best to the same images? Each is fine-tuned as `ktg finetune` does it.

    python benchmarks/compare_sources.py --sources noto_gan_64 runs/tokens --kimg 10 16 [--num 10] \
        --data examples/twemoji_people/train --reference examples/twemoji_people/reference --seeds 3 --out DIR \
        [--scratch runs/tokens]

Sources of any family may stand beside each other, such as a GAN and a VQ-VAE; each runs with its family's defaults.
Give each as many kimg as make the minutes alike, which the table shows. Of sources that `--scratch` names, the same
networks are also trained from nothing for as many kimg. With `--num` so many images of --data are learnt, evenly over
their names. Finished RUNs are kept in `runs/` there and not repeated. Writes `results.json`, `table.md` and for each
source `sheet_<number>.png`, 36 images of the first seed, unselected, into --out. Scores are against --reference, which
no run is trained on; nothing is selected on it. Beside them stand the scores of what can't be expected to be beaten:
the images of --data themselves, and of a VQ-VAE what its decoder makes of the reference's own tokens, of the levels
that its prior draws.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from compare_classes import score_images
from labelled_rows import evenly_chosen
from made_by import made_by
from source_tables import REAL, compared_table

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

SETTINGS = {cls.family: cls for cls in (FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings)}
SHOWN, DRAWN = 36, 64  # images on a sheet; images whose drawing is timed


def main():
    options = parse()
    options.learnt = learnt_images(options)
    rows = []
    for number, source in enumerate(options.sources):
        kimg = options.kimg[number % len(options.kimg)]
        runs = [adapt(options, number, source, kimg, seed) for seed in range(options.seeds)]
        rows.append({"source": source, "runs": runs})
        model = open_model(options.out / "runs" / f"{number}_seed0")
        sheet = pixels.to_grid(model.generate(SHOWN, seed=0))
        files.write_bytes(options.out / f"sheet_{number}.png", pixels.to_png(sheet))
    result = {**made_by("compare_sources.py", options, without=["learnt"]), "sources": rows}
    result["images"] = score_data(options)
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", compared_table(result))
    print(compared_table(result))
    print(json.dumps({row["source"]: median(row["runs"], "kid") for row in rows}))


def learnt_images(options):
    """What runs are given: --data, or a file of --out with --num of its images, evenly over their names."""
    if options.num is None:
        return options.data
    (images,) = read_arrays(options, options.data)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "learnt.npz"
    np.savez(path, images=evenly_chosen(images, options.num))
    return str(path)


def adapt(options, number, source, kimg, seed):
    """The scores of a source adapted with one seed: dict of float; read from the RUN where it is there."""
    out = options.out / "runs" / f"{number}_seed{seed}"
    family = resolve_model(source).family or "gan"
    settings = SETTINGS[family](
        source=source, data=options.learnt, reference=options.reference, kimg=kimg, seed=seed, out=str(out),
        compare_scratch=source in options.scratch,
    )  # fmt: skip
    metrics = fine_tune(settings)
    model = open_model(out)
    model.generate(DRAWN, seed=0)  # traced
    start = time.perf_counter()
    model.generate(DRAWN, seed=1)
    scores = {**scores_of(metrics, "after"), "seconds_for_64": time.perf_counter() - start}
    others = {name: scores_of(metrics, name) for name in ("before", "scratch") if metrics.get(f"kid_{name}")}
    if family == "vq":
        others["decoded"] = score_decoded(options, model)
    return {
        **scores, **others, "layout_precision": metrics["layout_after"].get("precision"),
        "precision": metrics["precision"],
        "near_copies": metrics["near_copies"]["made"], "repeats": metrics["repeats"],
        "kimg": metrics["kimg"], "minutes": metrics["seconds"] / 60, "images_per_second": metrics["images_per_second"],
    }  # fmt: skip


def read_arrays(options, *folders):
    """uint8 `[N, S, S, C]` of each folder, as the sources take them."""
    spec = open_model(options.sources[0]).spec
    return [np.asarray(read_images(folder, spec.image_size, spec.channels).images) for folder in folders]


def score_data(options):
    """The scores of the images to learn themselves: dict of float."""
    return real_scores(*read_arrays(options, options.learnt, options.reference))


def score_decoded(options, vq):
    """The scores of the reference, decoded from its own tokens of the levels that the prior draws: dict of float."""
    (reference,) = read_arrays(options, options.reference)
    return real_scores(vq.decode(vq.prior.own_rows(vq.encode(reference))), reference)


def real_scores(images, reference):
    """The scores of images that no prior drew: dict of float."""
    scores = score_images(images, reference)
    return {name: scores[name] for name in REAL}


def scores_of(metrics, when):
    """{"kid", "kid_second", "layout", "recall", "nats"} of the model "before" or "after" training or from "scratch"."""
    views = {name: metrics[f"{name}_{when}"]["value"] for name in ("kid", "kid_second", "layout")}
    recall = metrics["recall"] if when == "after" else metrics.get(f"recall_{when}")
    return {**views, "recall": recall, "nats": metrics.get(f"nats_{when}")}


def median(runs, name):
    """Median over the seeds, rounded."""
    return round(float(np.median([run[name] for run in runs])), 2)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", required=True, nargs="+", help="presets, RUN folders or .keras files")
    parser.add_argument("--data", required=True, help="images to learn")
    parser.add_argument("--reference", required=True, help="images of the same kind to score against")
    parser.add_argument("--kimg", type=float, nargs="+", default=[10.0], help="for each source, or one for all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--num", type=int, help="learn so many of the images; all by default")
    parser.add_argument("--scratch", nargs="+", default=[], help="sources that are also trained from scratch")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

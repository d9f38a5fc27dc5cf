"""Which source adapts best to the same images? Each is fine-tuned as `ktg finetune` does it.

    python benchmarks/compare_sources.py --sources noto_gan_64 runs/tokens --kimg 10 16 \
        --data examples/twemoji_people/train --reference examples/twemoji_people/reference --seeds 3 --out DIR

Sources of any family may stand beside each other, such as a GAN and a VQ-VAE; each runs with its family's defaults.
Give each as many kimg as make the minutes alike, which the table shows. Finished RUNs are kept in `runs/` there and not
repeated. Writes `results.json`, `table.md` and for each source `sheet_<number>.png`, 36 images of the first seed,
unselected, into --out. Scores are against --reference, which no run is trained on; nothing is selected on it.
"""

import argparse
import datetime
import json
import time
from pathlib import Path

import numpy as np
from source_tables import compared_table

from keras_transfer_gen import files, pixels
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
    rows = []
    for number, source in enumerate(options.sources):
        kimg = options.kimg[number % len(options.kimg)]
        runs = [adapt(options, number, source, kimg, seed) for seed in range(options.seeds)]
        rows.append({"source": source, "runs": runs})
        model = open_model(options.out / "runs" / f"{number}_seed0")
        sheet = pixels.to_grid(model.generate(SHOWN, seed=0))
        files.write_bytes(options.out / f"sheet_{number}.png", pixels.to_png(sheet))
    result = {"date": datetime.date.today().isoformat(), "command": command(options), "sources": rows}
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", compared_table(result))
    print(compared_table(result))
    print(json.dumps({row["source"]: median(row["runs"], "kid") for row in rows}))


def adapt(options, number, source, kimg, seed):
    """The scores of a source adapted with one seed: dict of float; read from the RUN where it is there."""
    out = options.out / "runs" / f"{number}_seed{seed}"
    family = resolve_model(source).family or "gan"
    settings = SETTINGS[family](
        source=source, data=options.data, reference=options.reference, kimg=kimg, seed=seed, out=str(out)
    )
    metrics = fine_tune(settings)
    model = open_model(out)
    model.generate(DRAWN, seed=0)  # traced
    start = time.perf_counter()
    model.generate(DRAWN, seed=1)
    layout = metrics["layout_after"]
    return {
        "kid": metrics["kid_after"]["value"], "kid_second": metrics["kid_second_after"]["value"],
        "layout": layout["value"], "layout_precision": layout.get("precision"), "precision": metrics["precision"],
        "recall": metrics["recall"], "near_copies": metrics["near_copies"]["made"], "repeats": metrics["repeats"],
        "kimg": metrics["kimg"], "minutes": metrics["seconds"] / 60, "images_per_second": metrics["images_per_second"],
        "seconds_for_64": time.perf_counter() - start, "nats": metrics.get("nats_after"),
    }  # fmt: skip


def median(runs, name):
    """Median over the seeds, rounded."""
    return round(float(np.median([run[name] for run in runs])), 2)


def command(options):
    """The command line that makes the result again."""
    texts = {
        name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in vars(options).items()
    }
    return "python benchmarks/compare_sources.py " + " ".join(f"--{name} {value}" for name, value in texts.items())


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", required=True, nargs="+", help="presets, RUN folders or .keras files")
    parser.add_argument("--data", required=True, help="images to learn")
    parser.add_argument("--reference", required=True, help="images of the same kind to score against")
    parser.add_argument("--kimg", type=float, nargs="+", default=[10.0], help="for each source, or one for all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Does restyling put the target's style on images and leave their content? A VAE's decoder adapted, seed by seed.

    python examples/fetch_emoji.py --vendor noto --category "/(person|family)" --no-tones --out noto_people
    python benchmarks/restyle.py --source noto_vae_64 --data examples/twemoji_people/train \
        --reference examples/twemoji_people/reference --images noto_people --seeds 3 --out DIR

Runs what `ktg finetune --method decoder` and `ktg restyle` run, with their defaults. Finished RUNs are kept in `runs/`
there and not repeated. Writes `results.json`, `table.md` and, of the first seed, `sheet.png` into --out: input, plain
reconstruction and restyled image, row by row. KID x 1000 is against --reference, which no run is trained on; nothing
is selected on it. Edges kept: similarity of the outlines to the input's over that of the plain reconstruction, see
`keras_transfer_gen/metrics/edge_similarity.py`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from made_by import made_by
from result_tables import restyle_table

from keras_transfer_gen import files
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import draw_counts, kernel_matrices, weighted_kid
from keras_transfer_gen.recipes.latent_tools.restyle import restyle
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

RESAMPLES = 1000


def main():
    options = parse()
    spec = load_vae(options.source).spec
    shape = (spec.image_size, spec.channels)
    target = extract_features(read_images(options.reference, *shape).images)
    images = read_images(options.images, *shape).images
    images = images[np.linspace(0, len(images) - 1, options.num).round().astype(int)]  # evenly over the names
    runs = [restyle_once(options, images, target, seed) for seed in range(options.seeds)]
    result = {**made_by("restyle.py", options), "num": len(images), "runs": runs}
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", restyle_table(result))
    print(restyle_table(result))
    print(json.dumps({"ratio": round(float(np.median([run["edges_kept"] for run in runs])), 4)}))


def restyle_once(options, images, target, seed):
    """What `restyle` measured, of one seed, and the change of the KID; read from the disk where it is there."""
    path = options.out / "runs" / f"seed{seed}.json"
    if path.is_file():
        return files.read_json(path)
    settings = FineTuneVaeSettings(
        data=options.data, source=options.source, reference=options.reference, kimg=options.kimg, seed=seed,
        out=str(options.out / "runs" / f"seed{seed}"),
    )  # fmt: skip
    fine_tune(settings)
    sheet = options.out / "sheet.png" if seed == 0 else None
    restyled = restyle(settings.out, images, reference=options.reference, grid=sheet)
    features = extract_features(images), extract_features(restyled.images)
    measures = {**restyled.to_dict(), "change": change(target, *features)}
    files.write_json(path, measures)
    return measures


def change(target, before, after):
    """{"value", "std"}: KID x 1000 of one set of features less that of another, row by row of the same images."""
    rng = np.random.default_rng(0)
    drawn = draw_counts(rng, len(target), RESAMPLES), draw_counts(rng, len(before), RESAMPLES)
    every = [np.ones((1, len(rows))) for rows in (target, before)]
    first, second = kernel_matrices(target, before), kernel_matrices(target, after)
    differences = 1000 * (weighted_kid(*second, *drawn) - weighted_kid(*first, *drawn))
    value = 1000 * (weighted_kid(*second, *every) - weighted_kid(*first, *every))
    return {"value": float(value[0]), "std": float(differences.std(ddof=1))}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="VAE to start from")
    parser.add_argument("--data", required=True, help="images of the target to learn")
    parser.add_argument("--reference", required=True, help="images of the target to score against")
    parser.add_argument("--images", "--pictures", required=True, help="the images to restyle are chosen from these")
    parser.add_argument("--num", type=int, default=50, help="images to restyle")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kimg", type=float, default=FineTuneVaeSettings.kimg, help="of each fine-tune")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

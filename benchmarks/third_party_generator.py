"""A third-party face generator, adapted from the command line to several targets; it is given as a folder, no more.

    python benchmarks/third_party_generator.py --seeds 1 --kimg 20 --out benchmarks/results/third_party

Converts the generator with `examples/convert_face_generator.py` into --work (its docstring states the licence: neither
the generator nor what is tuned from it is shipped) and runs `ktg finetune --source FOLDER` for each target and seed.
Finished runs are kept in --work and not repeated; an interrupted one goes on. Writes `table.md` and `results.json` into
--out; rows of other targets and settings stay.
Scores: KID x 1000 of 500 generated images against reference images that are not trained on; nothing is selected on it.
The photographs' reference is written by `python examples/make_examples.py`; all Twemoji are fetched, 100 of them to
learn and 1,000 others to score against.
"""

import argparse
import datetime
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from result_tables import TARGETS, rate_ratio_of, third_party_table

from keras_transfer_gen import files
from keras_transfer_gen.recipes.settings.defaults import FAR_RATIO
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings

ROOT = Path(__file__).resolve().parents[1]
FETCHED, TRAIN, REFERENCE = "twemoji_all", 100, 1000  # drawn from all emoji of a vendor, skin tones left out


def main():
    options = parse()
    source = options.work / "faces"
    if not (source / "saved_model.pb").is_file():
        run([ROOT / "examples" / "convert_face_generator.py", "--out", source])
    rows = files.read_json(options.out / "results.json") if (options.out / "results.json").is_file() else []
    for target in options.targets:
        row = {
            "target": target,
            "kimg": options.kimg,
            "learning_rate": options.learning_rate or FineTuneSettings.learning_rate,
            "batch_size": options.batch_size or FineTuneSettings.batch_size,
            "g_lr_ratio": options.g_lr_ratio or FAR_RATIO,  # all targets are far from faces
        }
        rows = [other for other in rows if not same_setting(other, row)]
        runs = [adapt(target, seed, source, options) for seed in range(options.seeds)]
        rows.append({**row, "date": datetime.date.today().isoformat(), "command": command(options), "runs": runs})
        files.write_json(options.out / "results.json", rows)
        files.write_text(options.out / "table.md", third_party_table(rows))
    print(third_party_table(rows))


def adapt(target, seed, source, options):
    """{"before", "after", "floor", "n_real", "images"} of one run of the command line; KID x 1000."""
    folder = fetched(options.work) if target == FETCHED else ROOT / "examples" / target
    changed = {"learning-rate": options.learning_rate, "batch-size": options.batch_size}
    changed["g-lr-ratio"] = options.g_lr_ratio
    changed = {name: value for name, value in changed.items() if value is not None}
    names = [target, f"seed{seed}", f"{options.kimg:g}kimg", *(f"{name}-{value:g}" for name, value in changed.items())]
    out = options.work / "-".join(names)
    words = ["--source", source, "--data", folder / "train", "--reference", folder / "reference", "--out", out]
    words += ["--kimg", options.kimg, "--seed", seed]
    for name, value in changed.items():
        words += [f"--{name}", value]
    run(["-c", "from keras_transfer_gen.cli.main import main; main()", "finetune", *words])
    metrics = files.read_json(out / "metrics.json")
    return {
        "before": metrics["kid_before"]["value"],
        "after": metrics["kid_after"]["value"],
        "floor": metrics["kid_floor"] and metrics["kid_floor"]["value"],
        "n_real": metrics["kid_after"]["n_real"],
        "n_fake": metrics["kid_after"]["n_fake"],
        "images": len(list((folder / "train").glob("*.png"))),
    }


def same_setting(row, other):
    """Whether a row of the results was run with the target and the settings of another."""
    names = ("target", "kimg", "learning_rate", "batch_size")
    return all(row[name] == other[name] for name in names) and rate_ratio_of(row) == rate_ratio_of(other)


def fetched(work):
    """The folder of the target that is fetched: `train` and `reference`, which share no image."""
    folder, every = work / FETCHED, work / "twemoji"
    if not (folder / "reference").is_dir():
        run([ROOT / "examples" / "fetch_emoji.py", "--vendor", "twemoji", "--no-tones", "--out", every])
        files_of = np.random.default_rng(0).permutation(sorted(every.rglob("*.png")))
        for part, chosen in (("train", files_of[:TRAIN]), ("reference", files_of[TRAIN : TRAIN + REFERENCE])):
            with files.atomic_path(folder / part) as partial:
                partial.mkdir()
                for file in chosen:
                    shutil.copyfile(file, partial / file.name)
    return folder


def run(words):
    """Runs Python with arguments; an error ends this script as well."""
    subprocess.run([sys.executable, *map(str, words)], check=True)


def command(options):
    """The command line that makes the result again."""
    words = f"--seeds {options.seeds} --kimg {options.kimg:g}"
    if options.learning_rate is not None:
        words += f" --learning-rate {options.learning_rate:g}"
    if options.batch_size is not None:
        words += f" --batch-size {options.batch_size}"
    if options.g_lr_ratio is not None:
        words += f" --g-lr-ratio {options.g_lr_ratio:g}"
    if list(options.targets) != list(TARGETS):
        words += " --targets " + " ".join(options.targets)
    return f"python benchmarks/third_party_generator.py {words} --out benchmarks/results/third_party"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs to each target")
    parser.add_argument("--kimg", type=float, default=20.0, help="budget of each run")
    parser.add_argument("--learning-rate", type=float, help="another one than the default of `ktg finetune`")
    parser.add_argument("--batch-size", type=int, help="another one than the default of `ktg finetune`")
    parser.add_argument("--g-lr-ratio", type=float, help="another one than the default of `ktg finetune`")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    work = Path("~/.cache/keras_transfer_gen/third_party").expanduser()
    parser.add_argument("--work", type=Path, default=work, help="folder of the model and the runs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

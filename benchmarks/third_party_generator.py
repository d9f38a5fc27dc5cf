"""A face generator made by others, adapted from the command line to two targets, nothing known of it but its folder.

    python benchmarks/third_party_generator.py --seeds 1 --kimg 20 --out benchmarks/results/third_party

Converts the generator with `examples/convert_face_generator.py` into --work (its docstring tells the licence: neither
it nor what is tuned from it is shipped) and runs `ktg finetune --source FOLDER` for each target and seed. Finished runs
are kept in --work and not repeated; an interrupted one goes on. Writes `table.md` and `results.json` into --out; rows
of other targets and settings stay.
Scores: KID x 1000 of 500 generated images against reference images that are not trained on; nothing is selected on it.
The photographs' reference is made by `python examples/make_examples.py`; all Twemoji are fetched, 100 of them to learn
and 1,000 others to score against.
"""

import argparse
import datetime
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.recipes.settings.defaults import FAR_RATIO
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"twemoji_people": "Twemoji people", "photo_patches": "photographs", "twemoji_all": "all Twemoji"}
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
        rows = [other for other in rows if any(setting(other, name) != value for name, value in row.items())]
        found = [adapt(target, seed, source, options) for seed in range(options.seeds)]
        rows.append({**row, "date": datetime.date.today().isoformat(), "command": command(options), "runs": found})
        files.write_json(options.out / "results.json", rows)
        files.write_text(options.out / "table.md", table(rows))
    print(table(rows))


def adapt(target, seed, source, options):
    """{"before", "after", "floor", "n_real", "pictures"} of one run of the command line; KID x 1000."""
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
        "pictures": len(list((folder / "train").glob("*.png"))),
    }


def setting(row, name):
    """What a row was run with; before there was a ratio of rates they were equal."""
    return row.get(name, 1.0) if name == "g_lr_ratio" else row[name]


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


def table(rows):
    """The results in Markdown, a row for each target and setting."""
    first = rows[0]["runs"][0]
    lines = [
        f"KID x 1000 (lower is better) of {first['n_fake']} generated images against reference images. Where there are "
        "several seeds: median (lowest to highest). Rates: the generator's over the discriminator's (where "
        "they were equal, the last weights were kept, not the best). Ratio: after / before. Floor: the training "
        "pictures themselves.",
        "",
        "| target | trained on, against | kimg | batch | rates | seeds | before | after | ratio | floor | date |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(
        rows, key=lambda row: (row["target"], row["kimg"], row["batch_size"], setting(row, "g_lr_ratio"))
    ):
        one = row["runs"][0]
        ratio = np.median([entry["after"] / entry["before"] for entry in row["runs"]])
        cells = [
            TARGETS[row["target"]],
            f"{one['pictures']}, {one['n_real']}",
            f"{row['kimg']:g}",
            row["batch_size"],
            f"{setting(row, 'g_lr_ratio'):g}",
            len(row["runs"]),
            f"{one['before']:.1f}",
            spread([entry["after"] for entry in row["runs"]]),
            f"{ratio:.2f}",
            "" if one["floor"] is None else f"{one['floor']:.1f}",
            row["date"],
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    commands = dict.fromkeys(row["command"] for row in rows)
    return "\n".join([*lines, "", "Commands:", "", "```", *commands, "```", ""])


def spread(values):
    """Median, lowest and highest, as text; the value alone of a single one."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


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

"""A fine-tune with this version of the package and with another one: images a second and scores, seed by seed.

    python benchmarks/engine/versions.py --other FOLDER [--kimg 4] [--seeds 3] [--out OUT]

FOLDER is a checkout of another version. Both adapt noto_gan_64 to the shipped Twemoji people with their own default
settings, but for the thousands of images, and give the last weights, so that both have had as much training. They take
turns, each run a process of its own. Images a second are those that the run itself reports: training steps alone. The
last line is JSON: speeds and KID x 1000 of both, seed by seed, and "ratio", the median of the ratios of the speeds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import interleaved

from keras_transfer_gen import files

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "twemoji_people" / "train"
RUN = "from keras_transfer_gen.cli.main import main; main()"


def fine_tune(package, kimg, seed):
    """metrics.json of a fine-tune in a process of its own, with the package in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--source", "noto_gan_64", "--data", DATA, "--out", f"{folder}/run", "--kimg", kimg]
        command = [sys.executable, "-c", RUN, "finetune", *options, "--seed", seed, "--select", "last"]
        environment = {**os.environ, "PYTHONPATH": str(package)}
        environment.pop("TF_ENABLE_ONEDNN_OPTS", None)  # this script's own choice, not that of a version
        words = [str(word) for word in command]
        # Not in this checkout: the folder that a process is in comes before PYTHONPATH.
        subprocess.run(words, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return json.loads(Path(folder, "run", "metrics.json").read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--other", type=Path, required=True, help="folder of a checkout of another version")
    parser.add_argument("--kimg", type=float, default=4, help="thousands of images of a run")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each version")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    options.other = options.other.resolve()
    result = interleaved.measured_here()
    commit = ["git", "-C", str(options.other), "log", "-1", "--format=%h of %cs"]
    result["other"] = subprocess.run(commit, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    result["command"] = result["command"].replace(str(options.other), "FOLDER")
    speeds, kids, befores = {"this": [], "other": []}, {"this": [], "other": []}, set()
    for seed in range(options.seeds):
        for version, package in (("this", ROOT), ("other", options.other)):
            metrics = fine_tune(package, options.kimg, seed)
            speeds[version].append(round(metrics["images_per_second"], 1))
            kids[version].append(round(metrics["kid_after"]["value"], 1))
            befores.add(round(metrics["kid_before"]["value"], 1))
            print(f"{version}, seed {seed}: {speeds[version][-1]} images/s, KID {kids[version][-1]}", flush=True)
    if max(befores) - min(befores) > 0.2:
        raise ValueError(
            f"the versions score the same source differently, so their scores can't be compared: {befores}"
        )
    result.update(kimg=options.kimg, images_per_second=speeds, kid=kids)
    result["ratio"] = interleaved.paired_ratio(speeds["this"], speeds["other"])
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Does transfer win for VAEs? Ways of adapting, a new prior alone, and training from scratch on the same images.

    python benchmarks/vae_transfer_vs_scratch.py --source noto_vae_64 --data examples/twemoji_people/train \
        --reference examples/twemoji_people/reference --seeds 3 --out DIR
    python examples/fetch_grey.py --set mnist --out mnist
    python benchmarks/vae_transfer_vs_scratch.py --source fashion_vae_28 --data mnist/train.npz \
        --reference mnist/reference.npz --seeds 3 --out DIR

Writes `results.json`, `table.md`, `results.csv` and `curves.png` into --out. Finished runs are kept in `runs/` there
and not repeated, so an interrupted call goes on. The ELBO (nats per image, N(0, I) as the prior, 4 latent samples)
is taken on images of --reference, which no run is trained on. A tenth of --data is the holdout that sets the stored
scale of errors, in every method alike; no point of a curve is chosen by it. "Reached" is the first point of a curve
that is as good as the best that scratch ever gets, on the mean of its seeds. Scratch uses the best of three learning
rates, found on the first seed against the reference itself, which favours scratch. KID x 1000 is of 500 images that
the best weights of each run draw from a prior fitted to the training images.
"""

import argparse
import csv
import platform
import time
from pathlib import Path

import keras
import numpy as np
from made_by import made_by
from result_tables import best_of_scratch, vae_table

from keras_transfer_gen import files
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.inputs.holdout import split_holdout
from keras_transfer_gen.recipes.latent_tools.fit_prior import fit_prior
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.elbo_protocol import calibrate, measure_elbo, subsample
from keras_transfer_gen.recipes.settings.defaults import VAE_LEARNING_RATE
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.vae.models import (
    adapt_source,
    compile_vae,
    model_from_scratch,
    model_from_source,
)
from keras_transfer_gen.training.precision import choose_precision, set_precision

METHODS = ("scratch", "decoder", "bsa", "anchored", "full", "prior")
COLOURS = ("tab:red", "tab:blue", "tab:green", "tab:orange", "tab:purple", "black")
SCRATCH_RATES = (0.5 * VAE_LEARNING_RATE, VAE_LEARNING_RATE, 2 * VAE_LEARNING_RATE)
SHARES = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the budget, where curves are measured
MORE = (1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30)  # multiples of it, for scratch
MEASURED = 500  # images of the reference at most


class Trial:
    """The fixed parts of all runs.

    Args:
        options: of the command line.
    """

    def __init__(self, options):
        self.options = options
        source = load_vae(options.source)
        size, channels = source.spec.image_size, source.spec.channels
        self.image_set, self.validation = split_holdout(read_images(options.data, size, channels))
        real = read_images(options.reference, size, channels).images
        self.images = subsample(real, MEASURED)
        self.reference = kid_protocol.make_reference(real, options.reference)
        self.seen = np.concatenate([self.image_set.images, self.validation])
        self.precision, _ = choose_precision("auto", source.decoder, options.batch_size)

    def settings(self, method, seed, rate=None):
        """The settings of `ktg finetune` for a method."""
        return FineTuneVaeSettings(
            data=self.options.data, source=self.options.source, out=self.options.out, kimg=self.options.kimg,
            batch_size=self.options.batch_size, seed=seed, learning_rate=rate, precision=self.precision,
            method="full" if method == "scratch" else method,
        )  # fmt: skip

    def start(self, method, seed, rate):
        """A compiled VAE: the source as a method wants it, or one of its shape with fresh weights."""
        keras.utils.set_random_seed(seed)
        settings = self.settings(method, seed, rate)
        if method != "scratch":
            return model_from_source(adapt_source(load_vae(settings.source), settings), settings)
        vae = model_from_scratch(load_vae(self.options.source), settings)
        compile_vae(vae, settings, rate)
        return vae

    def run(self, method, seed, rate, points):
        """A run: {"curve": list of points, "kid", "std", "prior_seconds"}; read from the disk where it is there."""
        label = "default" if rate is None else f"{rate:g}"
        path = Path(self.options.out) / "runs" / f"{method}-seed{seed}-rate{label}-{points[-1]:g}kimg.json"
        if path.is_file():
            return files.read_json(path)
        vae, begun = self.start(method, seed, rate), time.perf_counter()
        stream = stream_images(self.image_set, self.options.batch_size, seed=seed)
        curve, best = [self.measure(vae)], vae.get_weights()
        for point in points if method != "prior" else ():
            steps = round((point - vae.kimg) * 1000 / self.options.batch_size)
            for network in vae.roles.values():
                set_precision(network, self.precision)
            if steps > 0:
                vae.fit(stream, steps_per_epoch=steps, verbose=0)
            for network in vae.roles.values():
                set_precision(network, "float32")
            curve.append(self.measure(vae))
            if curve[-1]["elbo"] > max(known["elbo"] for known in curve[:-1]):
                best = vae.get_weights()
            print(
                f"{method}, seed {seed}, rate {label}: {curve[-1]} in {time.perf_counter() - begun:.0f} s", flush=True
            )
        vae.set_weights(best)
        begun = time.perf_counter()
        fit_prior(vae, self.seen, seed=seed)
        spent = time.perf_counter() - begun
        fitted = measure_elbo(vae, self.images, "")["elbo"]["value"]
        kid = kid_protocol.score_model(vae, self.reference)
        vae.set_prior(StandardNormal())
        measures = {
            "curve": curve,
            "elbo_fitted": fitted,
            "kid": kid["value"],
            "std": kid["std"],
            "prior_seconds": spent,
        }
        files.write_json(path, measures)
        return measures

    def measure(self, vae):
        """A point of a curve."""
        calibrate(vae, self.validation)
        scores = vae.evaluate(self.images, samples=4, seed=0, return_dict=True)
        return {
            "kimg": vae.kimg, "elbo": scores["elbo"], "kl": scores["kl_loss"], "bits_per_dim": scores["bits_per_dim"],
            "active_units": scores["active_units"],
        }  # fmt: skip


def main():
    options = parse()
    trial = Trial(options)
    budget, seeds = options.kimg, range(options.seeds)
    short = [share * budget for share in SHARES]
    long = short + [budget * factor for factor in MORE if factor <= options.scratch_factor]
    search = {}
    for rate in SCRATCH_RATES:
        search[rate] = max(point["elbo"] for point in trial.run("scratch", 0, rate, long)["curve"])
    chosen = max(search, key=search.get)
    runs = {}
    for method in options.methods:
        rate, points = (chosen, long) if method == "scratch" else (None, short)
        runs[method] = [trial.run(method, seed, rate, points) for seed in (seeds if method != "prior" else [0])]
    result = {
        **made_by("vae_transfer_vs_scratch.py", options), "machine": platform.processor() or platform.machine(),
        "precision": "auto", "kimg": budget, "images": len(trial.seen),
        "n_held": len(trial.images), "n_real": len(trial.reference.features), "n_fake": kid_protocol.DEFAULT.num_fakes,
        "scratch_rate": chosen, "scratch_rate_search": {f"{rate:g}": value for rate, value in search.items()},
        "before": runs["scratch"][0]["curve"][0]["elbo"], "runs": runs,
    }  # fmt: skip
    write(Path(options.out), result)


def write(out, result):
    """results.json, results.csv, table.md and curves.png."""
    files.write_json(out / "results.json", result)
    with files.atomic_path(out / "results.csv") as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["method", "seed", "kimg", "elbo", "kl", "bits_per_dim", "active_units"])
        for method, runs in result["runs"].items():
            for seed, run in enumerate(runs):
                for point in run["curve"]:
                    numbers = [f"{point[name]:.6g}" for name in ("kimg", "elbo", "kl", "bits_per_dim", "active_units")]
                    writer.writerow([method, seed, *numbers])
    files.write_text(out / "table.md", vae_table(result))
    plot(out / "curves.png", result)
    print(vae_table(result))


def plot(path, result):
    """The learning curves of every seed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for (method, runs), colour in zip(result["runs"].items(), COLOURS, strict=False):
        for index, run in enumerate(runs):
            points, label = run["curve"], method if index == 0 else None
            if len(points) == 1:
                axes.axhline(run["elbo_fitted"], color=colour, ls="--", label=f"{method} alone, no gradient")
                continue
            kimg, elbo = ([point[name] for point in points] for name in ("kimg", "elbo"))
            axes.plot(kimg, elbo, "o-", ms=3, color=colour, alpha=0.7, label=label)
    axes.axhline(best_of_scratch(result)[1], color="tab:red", ls=":", label="the best of scratch")
    axes.set_xscale("symlog", linthresh=SHARES[0] * result["kimg"])
    axes.set_xlim(left=0)
    axes.set_yscale("symlog", linthresh=1000.0)
    axes.set(xlabel="kimg (thousands of real images shown)", ylabel="ELBO of the reference, nats per image")
    axes.grid(alpha=0.3)
    figure.legend(frameon=False, loc="outside upper center", ncols=4)
    with files.atomic_path(path) as partial:
        figure.savefig(partial, dpi=120)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="VAE to start from")
    parser.add_argument("--data", required=True, help="training images")
    parser.add_argument("--reference", required=True, help="images to measure on")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each method")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="in this order; with scratch")
    parser.add_argument("--kimg", type=float, default=4.0, help="budget of each method")
    parser.add_argument("--scratch-factor", type=float, default=10.0, help="scratch goes on to this multiple")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--out", required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Does transfer win? Fine-tuning, fine-tuning with FreezeD, and training from scratch on the same images.

    python benchmarks/transfer_vs_scratch.py --source noto_gan_64 --data DIR --reference DIR --seeds 3 --out DIR

Fine-tuning is what `ktg finetune` does: its start (latent selection, for images that are not far) is part of its kimg.
"all latents" is the same without latent selection, "no feature heads" without the heads that look through a trained
network. "scratch, feature heads" has those, and so is not quite from nothing: it shows what they bring by themselves,
at the fastest of the rates alone.
Writes `results.json`, `table.md`, `results.csv` and `curves.png` into --out. Finished runs are kept in `runs/` there
and not repeated, so an interrupted call goes on. All use DiffAugment, R1 and the same rule for the averaged generator
(its half-life is 10 % of the images shown, so each point of a curve is what a run of that length would have given).
As in `ktg finetune`, weights are selected by the training images: at every tenth of the budget (beyond it, at every
point that is measured) 200 generated images are scored against them, and a point of a curve is the best so far by that
score; from scratch alike. --select last takes the last weights instead. "scratch" has a generator that learns eight
times as fast as the discriminator, which suits few images, "scratch, equal rates" one that learns as fast. Both use
the best of three learning rates (and of --scratch-rates), found on the first seed at the budget against the reference
itself, which favours scratch. Scores: KID x 1000 of 500 generated images against the reference; nothing else is
selected on it.
"""

import argparse
import contextlib
import csv
import dataclasses
import json
import platform
import time
from pathlib import Path

import keras
import numpy as np
from made_by import made_by
from result_tables import kid_at, rates_text, transfer_table

from keras_transfer_gen import files
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.distance import measure_distance, source_features
from keras_transfer_gen.recipes.settings.defaults import FINETUNE_LEARNING_RATE
from keras_transfer_gen.recipes.settings.gan import SELECTIONS, FineTuneSettings
from keras_transfer_gen.recipes.settings.rates import resolve_g_lr_ratio
from keras_transfer_gen.recipes.training.gan.curve import BestKidCurve
from keras_transfer_gen.recipes.training.gan.feature_heads import resolve_feature_weight, set_feature_heads
from keras_transfer_gen.recipes.training.gan.latent_selection import (
    freeze_generator,
    is_due,
    limit_latents,
    selection_kimg,
)
from keras_transfer_gen.recipes.training.gan.models import model_from_scratch, model_from_source
from keras_transfer_gen.recipes.training.rules import EVERYTHING
from keras_transfer_gen.training.precision import choose_precision, set_precision
from keras_transfer_gen.transfer.freezing.freeze import freeze

METHODS = (
    "scratch", "scratch, equal rates", "scratch, feature heads", "fine-tune", "fine-tune + FreezeD",
    "fine-tune, all latents", "fine-tune, no feature heads",
)  # fmt: skip
COLOURS = ("tab:red", "tab:pink", "tab:brown", "tab:blue", "tab:green", "tab:orange", "tab:grey")
SCRATCH_RATES = {  # (generator's, discriminator's) learning rates that are tried
    "scratch": ((8e-4, 1e-4), (1.6e-3, 2e-4), (3.2e-3, 4e-4)),
    "scratch, equal rates": ((2e-4, 2e-4), (4e-4, 4e-4), (8e-4, 8e-4)),
    "scratch, feature heads": ((3.2e-3, 4e-4),),
}
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the budget, where curves are measured
PLAIN = ("scratch", "scratch, equal rates", "fine-tune, no feature heads")  # without feature heads
FREEZE_BLOCKS = 2


class Trial:
    """The fixed parts of all runs.

    Args:
        options: of the command line.
    """

    def __init__(self, options):
        self.options = options
        spec = load_gan(options.source).spec
        self.image_set = read_images(options.data, spec.image_size, spec.channels)
        real = read_images(options.reference, spec.image_size, spec.channels).images
        self.reference = kid_protocol.make_reference(real, options.reference)
        training = kid_protocol.make_reference(self.image_set.images, options.data)
        self.curve_score = kid_protocol.curve_score(training)
        generated = kid_protocol.generate_fakes(load_gan(options.source))
        known = source_features(resolve_model(options.source))
        self.distance, _ = measure_distance(training, generated, extract_features(generated), known)
        self.precision, _ = choose_precision("auto", load_gan(options.source).generator, options.batch_size)

    def start(self, method, seed, rates):
        """A compiled GAN: the source, or one of its shape with fresh weights."""
        keras.utils.set_random_seed(seed)
        settings = self.settings(method, seed, rates)
        source = load_gan(self.options.source)
        if method in SCRATCH_RATES:
            gan = model_from_scratch(source, settings, rates)
        else:
            gan = model_from_source(source, settings)
        gan = set_feature_heads(gan, settings.feature_weight)
        freeze(gan, [*settings.rules(), EVERYTHING])
        return gan

    def rates(self):
        """(generator's, discriminator's) learning rate of fine-tuning, by the distance of the images."""
        rates = {"learning_rate": self.options.learning_rate, "g_lr_ratio": self.options.g_lr_ratio}
        settings = FineTuneSettings(data=self.options.data, source=self.options.source, out=self.options.out, **rates)
        ratio = resolve_g_lr_ratio(settings, self.distance)
        return ratio * settings.learning_rate, settings.learning_rate

    def settings(self, method, seed, rates):
        """The settings of `ktg finetune` for a method."""
        selects = method not in SCRATCH_RATES and not method.endswith("all latents")
        settings = FineTuneSettings(
            data=self.options.data, source=self.options.source, out=self.options.out, kimg=self.options.kimg,
            batch_size=self.options.batch_size, seed=seed, precision=self.precision,
            learning_rate=rates[1], g_lr_ratio=rates[0] / rates[1],
            freeze_d=FREEZE_BLOCKS if method.endswith("FreezeD") else 0,
            latent_selection_kimg=FineTuneSettings.latent_selection_kimg if selects else 0.0,
            feature_weight=0.0 if method in PLAIN else None,
        )  # fmt: skip
        return dataclasses.replace(settings, feature_weight=resolve_feature_weight(settings, self.distance))

    def run(self, method, seed, rates, points):
        """A curve: list of {"kimg", "kid", "std", "best_kimg"} at given kimg; read from the disk where it exists."""
        kind = "scratch" if method == "scratch, equal rates" else method.replace(" ", "").replace(",", "-")
        name = f"{kind}-seed{seed}-rates{rates_text(rates)}-{points[-1]:g}kimg-{self.precision}.json"
        path = Path(self.options.out) / "runs" / name
        if path.is_file():
            return files.read_json(path)
        gan, settings = self.start(method, seed, rates), self.settings(method, seed, rates)
        curve, begun = [] if method in SCRATCH_RATES else [self.measure(gan)], time.perf_counter()
        best = Best(self.curve_score, self.options.select)
        stream = stream_images(self.image_set, self.options.batch_size, seed=seed)

        def show(gan, kimg):
            for network in gan.roles.values():
                set_precision(network, self.precision)
            steps = round((kimg - gan.kimg) * 1000 / self.options.batch_size)
            if steps > 0:
                gan.fit(stream, steps_per_epoch=steps, verbose=0)
            for network in gan.roles.values():
                set_precision(network, "float32")

        if is_due(gan, settings, self.distance):
            freeze_generator(gan)
            show(gan, selection_kimg(settings))
            gan = limit_latents(gan, settings)
        interval = BestKidCurve.interval(self.options.kimg)
        looks = [interval * (1 + look) for look in range(round(self.options.kimg / interval))]
        for point in sorted({*points, *(look for look in looks if look < points[-1])}):
            show(gan, point)
            if point in looks or point > looks[-1]:
                best.look(gan)
            if point not in points:
                continue
            with best.shown(gan):
                curve.append({**self.measure(gan), "best_kimg": best.kimg})
            seconds = time.perf_counter() - begun
            print(f"{method}, seed {seed}, rates {rates_text(rates)}: {curve[-1]} after {seconds:.0f} s", flush=True)
        files.write_json(path, curve)
        return curve

    def measure(self, gan):
        """The score of the averaged generator now."""
        score = kid_protocol.score_model(gan, self.reference)
        return {"kimg": gan.kimg, "kid": score["value"], "std": score["std"]}


class Best:
    """The averaged weights with the best score so far, or the latest ones.

    Args:
        score: function `gan -> {"kid": ...}`.
        select: "best" or "last".
    """

    def __init__(self, score, select):
        self.score, self.select = score, select
        self.lowest, self.kimg, self.weights = float("inf"), None, None

    def look(self, gan):
        """Keeps the weights of now where they are better than all before."""
        if self.select == "best" and (kid := self.score(gan)["kid"]) < self.lowest:
            self.lowest, self.kimg, self.weights = kid, gan.kimg, gan.ema_generator.get_weights()

    @contextlib.contextmanager
    def shown(self, gan):
        """Lends them to the GAN."""
        latest = gan.ema_generator.get_weights()
        gan.ema_generator.set_weights(latest if self.weights is None else self.weights)
        yield
        gan.ema_generator.set_weights(latest)


def main():
    options = parse()
    trial = Trial(options)
    budget, seeds = options.kimg, range(options.seeds)
    short = [share * budget for share in SHARES]
    long = short + [budget * factor for factor in (2, 4, 7, 10) if factor <= options.scratch_factor]
    search = {
        method: {rates: kid_at(trial.run(method, 0, rates, short), budget) for rates in tried}
        for method, tried in rates_to_try(options).items()
        if method in options.methods
    }
    best = {method: min(kids, key=kids.get) for method, kids in search.items()}
    rates = {**dict.fromkeys(METHODS, trial.rates()), **best}
    curves = {
        method: [
            trial.run(method, seed, rates[method], long if method == "scratch" and seed < options.long_seeds else short)
            for seed in seeds
        ]
        for method in options.methods
    }
    floor_images = trial.image_set.images[:500]
    floor = kid_protocol.score_images(floor_images, trial.reference)
    result = {
        **made_by("transfer_vs_scratch.py", options), "machine": platform.processor() or platform.machine(),
        "precision": trial.precision, "kimg": budget, "rates": rates,
        "scratch_rate_search": {
            rates_text(rates): kid for kids in search.values() if len(kids) > 1 for rates, kid in kids.items()
        },
        "before": trial.measure(load_gan(options.source))["kid"], "floor": floor["value"],
        "n_real": floor["n_real"], "n_fake": kid_protocol.DEFAULT.num_fakes, "images": len(trial.image_set.images),
        "curves": curves,
    }  # fmt: skip
    write(Path(options.out), result)


def rates_to_try(options):
    """dict of method from scratch -> (generator's, discriminator's) learning rates that are tried."""
    tried = dict(SCRATCH_RATES)
    tried["scratch, equal rates"] += tuple((rate, rate) for rate in options.scratch_rates or ())
    return tried


def write(out, result):
    """results.json, results.csv, table.md and curves.png."""
    files.write_json(out / "results.json", result)
    with files.atomic_path(out / "results.csv") as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["method", "seed", "kimg", "kid_x1000", "bootstrap_deviation"])
        for method, runs in result["curves"].items():
            for seed, curve in enumerate(runs):
                writer.writerows([method, seed, p["kimg"], f"{p['kid']:.2f}", f"{p['std']:.2f}"] for p in curve)
    files.write_text(out / "table.md", transfer_table(result))
    plot(out / "curves.png", result)
    print(transfer_table(result))
    if {"fine-tune", "scratch"} <= set(result["curves"]):
        after, scratch = ([kid_at(c, result["kimg"]) for c in result["curves"][m]] for m in ("fine-tune", "scratch"))
        print(json.dumps({"ratio": round(float(np.median(after) / np.median(scratch)), 4)}))


def plot(path, result):
    """The learning curves of every seed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for (method, runs), colour in zip(result["curves"].items(), COLOURS, strict=False):
        for index, curve in enumerate(runs):
            points = [p for p in curve if p["kimg"] > 0]
            label = method if index == 0 else None
            axes.plot(
                [p["kimg"] for p in points],
                [p["kid"] for p in points],
                "o-",
                ms=3,
                color=colour,
                alpha=0.7,
                label=label,
            )
    axes.axhline(result["before"], color="grey", ls="--", label="source before adapting")
    if result["floor"] > 1:
        axes.axhline(result["floor"], color="black", ls=":", label="the training images themselves")
    axes.set(xscale="log", yscale="log", xlabel="kimg (thousands of real images shown)", ylabel="KID x 1000")
    axes.grid(alpha=0.3)
    figure.legend(frameon=False, loc="outside upper center", ncols=2, fontsize="small")
    with files.atomic_path(path) as partial:
        figure.savefig(partial, dpi=120)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="model to start from")
    parser.add_argument("--data", required=True, help="training images")
    parser.add_argument("--reference", required=True, help="images to score against")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each method")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="in this order")
    parser.add_argument("--kimg", type=float, default=10.0, help="budget of each method")
    parser.add_argument("--scratch-factor", type=float, default=10.0, help="scratch goes on to this multiple")
    parser.add_argument("--long-seeds", type=int, default=3, help="seeds of which scratch goes on so long")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument(
        "--learning-rate", type=float, default=FINETUNE_LEARNING_RATE, help="of fine-tuning: the discriminator's"
    )
    parser.add_argument("--g-lr-ratio", type=float, help="of the generator's; by default as `ktg finetune`")
    parser.add_argument(
        "--scratch-rates", nargs="+", type=float, help="further equal rates to try, such as the one of StyleGAN2"
    )
    parser.add_argument("--select", choices=SELECTIONS, default="best", help="the weights of a point")
    parser.add_argument("--out", required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""What share of a fine-tune goes to anything else than training steps: checkpoints, scores, sheets; EMA and metrics.

    python benchmarks/engine/share_of_a_run.py [--kimg 20] [--out benchmarks/results/engine/share_of_a_run]

A fine-tune of noto_gan_64 on the shipped Twemoji people with the default settings, at 64 px. The time from the scores
of the source to the last checkpoint is taken as a whole, and each part by the functions that do it. The averaged
generator and the running means of the losses are inside of the training step: they are timed alone and compared with a
step. The last line is JSON with "share" (checkpoints, scores, sheets, EMA and metrics together), and each part's own.
"""

import argparse
import contextlib
import json
import tempfile
import time
from pathlib import Path
from unittest import mock

import interleaved
import numpy as np
import tensorflow as tf

from keras_transfer_gen import files
from keras_transfer_gen.recipes.runs.training import Training
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training import fine_tune as recipe
from keras_transfer_gen.recipes.training.gan.curve import BestKidCurve
from keras_transfer_gen.training import callbacks, ema

ROOT = Path(__file__).resolve().parents[2]
STEPS = 20


@contextlib.contextmanager
def timed(seconds, name, owner, attribute):
    """Within it, the seconds spent in a function are added to `seconds[name]`."""
    original = getattr(owner, attribute)

    def function(*arguments, **named):
        start = time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start

    with mock.patch.object(owner, attribute, function):
        yield


def seconds_inside_of_a_step(gan):
    """{"ema": seconds, "metrics": seconds} of one update each, medians."""
    average = tf.function(
        lambda: ema.update_average(gan.ema_generator.variables, gan.generator.variables, tf.constant(0.999))
    )
    values = {name: tf.zeros((32, 1)) if name.endswith("logits") else tf.constant(0.0) for name in gan.trackers}
    metrics = tf.function(lambda: gan._track(values))

    def run(function):
        def steps(count):
            for _ in range(count):
                function()
            gan.ema_generator.variables[0].numpy()

        return steps

    seconds = interleaved.times_in_turn({"ema": run(average), "metrics": run(metrics)}, 5, STEPS)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kimg", type=float, help="thousands of images; the default budget of a fine-tune if left out")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    result, seconds, trainings = interleaved.measured_here(), {}, []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        budget = {} if options.kimg is None else {"kimg": options.kimg}
        data = str(ROOT / "examples" / "twemoji_people" / "train")
        settings = FineTuneSettings(data=data, source="noto_gan_64", out=f"{folder}/run", **budget)
        for name, owner, attribute in (
            ("whole", recipe, "run_phases"),
            ("checkpoints", Training, "save"),
            ("scores", BestKidCurve, "__call__"),
            ("sheets", callbacks.SampleGrid, "act"),
            ("history", callbacks.HistoryCsv, "act"),
        ):
            stack.enter_context(timed(seconds, name, owner, attribute))
        run_phases = recipe.run_phases  # the timed one

        def watched(run, training, *rest):
            trainings.append(training)
            return run_phases(run, training, *rest)

        stack.enter_context(mock.patch.object(recipe, "run_phases", watched))
        recipe.fine_tune(settings)
    gan = trainings[0].model
    steps = int(gan.step.numpy())
    inside = {name: value * steps for name, value in seconds_inside_of_a_step(gan).items()}
    whole = seconds.pop("whole")
    shares = {name: round(value / whole, 4) for name, value in {**seconds, **inside}.items()}
    result.update(
        share=round(sum(shares.values()), 4), shares=shares, seconds=round(whole, 1), kimg=round(gan.kimg, 2),
    )  # fmt: skip
    for name, share in shares.items():
        print(f"{name:12} {100 * share:5.1f} %")
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

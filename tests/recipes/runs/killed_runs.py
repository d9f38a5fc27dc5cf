"""Runs a tiny training again and again, each time killed at a random moment, and compares it with an undisturbed one.

A program of its own: it loads TensorFlow once and forks a process for each attempt before anything has run in it.

    python killed_runs.py FOLDER KILLS SEED
    python killed_runs.py FOLDER full SEED     FOLDER is a small file system of its own, which is full at five moments

Every second kill comes while a checkpoint, a history or the best model is being written. The last line is JSON: where
the kills came, and whether everything is bit-identical.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.recipes.inputs.run_images import RunImages
from keras_transfer_gen.recipes.report.reporter import Reporter
from keras_transfer_gen.recipes.runs.best_model import BestModel
from keras_transfer_gen.recipes.runs.phases import Curve, Phase, run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.recipes.training.gan.models import compile_gan
from keras_transfer_gen.training.checkpoint import load_checkpoint
from keras_transfer_gen.training.checkpoint_folders import latest_checkpoint
from keras_transfer_gen.training.gan import GAN

STEPS, BATCH = 9, 4


class Brightness(Curve):
    """A score of generated images that costs next to nothing; keeps the brightest model."""

    points = 6

    def __init__(self, out):
        self.out, self.best = out, None

    def begin(self, training):  # as `BestKidCurve`
        known = [record["score"] for record in training.records]
        file = training.branch.best / "gan.keras"
        value = max(known, default=float("-inf")) if file.is_file() else float("-inf")
        self.best = BestModel(file, self.out, value, training.say)

    def __call__(self, model):
        score = float(model.generate(4).mean())
        self.best.offer(model, score)
        return {"score": score}


class Lines(Reporter):
    """Writes what is said to a file beside the RUN's file system."""

    def say(self, line):
        with open(os.environ["KTG_TEST_LINES"], "a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")


def train(out):
    """What `ktg pretrain --deterministic` does but for features, exports and the end."""
    settings = PretrainSettings(
        data="images", out=out, batch_size=BATCH, kimg=STEPS * BATCH / 1000, image_size=32, precision="float32",
        augment="none", deterministic=True, r1_interval=4,
    )  # fmt: skip
    pixels = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3)).astype(np.uint8)
    images = RunImages(read_images(pixels, 32), None, None)
    with Run.open("pretrain", settings, GanFamily(), Lines()) as run:
        run.begin(images, "none")
        run.measure_once(lambda: {"arithmetic": "float32"})

        def make():
            gan = GAN(*build_dcgan(32, latent_dim=8, max_channels=8, min_channels=4))
            compile_gan(gan, settings)
            return gan

        training = resume_training(run, Branch.main(run.folder), make)
        run.begin_stage(training.model)
        run_phases(run, training, images, [Phase("training", settings.kimg, curve=Brightness(out))])


def kill_within_a_write(number):
    """Kills this process in write number `number`: before or after a rename, or in the middle of a model's file."""
    count = [0]

    def deadly(function, after):
        def run(*arguments, **named):
            count[0] += 1
            fatal = count[0] == number
            if fatal and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **named)
            if fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run

    os.replace = deadly(os.replace, after=number % 2)
    zipfile.ZipFile.writestr = deadly(zipfile.ZipFile.writestr, after=number % 2)


def attempt(out, prepare=lambda: None):
    """Forks a process that trains; returns its id."""
    child = os.fork()
    if child == 0:
        try:
            prepare()
            train(out)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child


def wait(child, is_time=None):
    """Waits for a process, or kills it once a function says so; returns "done", "killed" or "failed"."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            if os.WIFSIGNALED(status):
                return "killed"
            return "done" if os.waitstatus_to_exitcode(status) == 0 else "failed"
        if is_time is not None and is_time():
            os.kill(child, signal.SIGKILL)
            is_time = None
        time.sleep(0.001)


def soon_after(out, step, seconds):
    """Function for `wait`: whether some seconds are over since there was a checkpoint of a step."""
    seen = []

    def is_time():
        if not seen and step_of(out) >= step:
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= seconds

    return is_time


def step_of(out):
    """The step of the newest checkpoint of a run; -1 of none."""
    last = latest_checkpoint(RunFolder(out).adapted)
    return -1 if last is None else int(last.name.removeprefix("step-"))


def content(out):
    """Everything that a run consists of but its times: {name: digest}."""
    folder = RunFolder(out)
    parts = {"history": folder.history_file.read_bytes()}
    for name, file in (("last", latest_checkpoint(folder.adapted)), ("best", None)):
        if file is None:
            gan = keras.models.load_model(folder.best / "gan.keras")
        else:
            gan, state = load_checkpoint(file)
            parts["records"] = json.dumps(state["records"]).encode()
            parts["checkpoint"] = file.name.encode()
        variables = [v for part in (gan, gan.g_optimizer, gan.d_optimizer) for v in part.variables]
        parts |= {f"{name} {index}": v.numpy().tobytes() for index, v in enumerate(variables)}
    return {name: hashlib.sha256(value).hexdigest() for name, value in parts.items()}


def main(folder, kills, seed):
    draw, folder = random.Random(seed), Path(folder)
    os.environ["KTG_CHECKPOINT_SECONDS"] = "0"
    finished, ends, outs = [wait(attempt(folder / "undisturbed"))], [], [folder / "killed-0"]
    while len(ends) < kills:
        out, step = outs[-1], step_of(outs[-1])
        if step >= STEPS - 3:  # nearly through: another run is killed from then on
            finished.append(wait(attempt(out)))
            outs.append(folder / f"killed-{len(outs)}")
            continue
        if len(ends) % 2:
            number = draw.randint(1, 16)
            end = wait(attempt(out, lambda number=number: kill_within_a_write(number)))
            moment = f"in write {number}"
        else:
            wanted, seconds = step + draw.randint(1, 2), draw.uniform(0.0, 0.5)
            end = wait(attempt(out), soon_after(out, wanted, seconds))
            moment = f"{seconds:.3f} s after step {wanted}"
        ends.append([moment, end, step_of(out)])
    finished.append(wait(attempt(outs[-1])))
    expected = content(folder / "undisturbed")
    same = [content(out) == expected for out in outs]
    print(json.dumps({"kills": ends, "finished": finished, "bit_identical": all(same), "parts": len(expected)}))


def fill(folder, is_over):
    """Leaves no byte free in a file system until a function says that it is over."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while stream.write(b"x" * size) == size:
                    pass
            except OSError:  # full
                continue
    while not is_over():
        time.sleep(0.01)
    ballast.unlink()


def unsaved(lines):
    """How often a run said that a checkpoint was not saved, by the file of what it said."""
    return lines.read_text("utf-8").count("is not saved") if lines.exists() else 0


def fill_at_random_moments(folder, seed):
    """A training during which the disk is full five times; the last line is JSON, as that of `main`."""
    draw, folder, outside = random.Random(seed), Path(folder), Path(os.environ["KTG_TEST_LINES"]).parent
    os.environ["KTG_CHECKPOINT_SECONDS"] = "0"
    finished = [wait(attempt(outside / "undisturbed"))]
    out, child, moments, lines = folder / "run", attempt(folder / "run"), [], Path(os.environ["KTG_TEST_LINES"])
    until = time.monotonic() + 1200
    for number in range(5):
        while step_of(out) < number and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.3))
        moments.append(step_of(out))
        before = unsaved(lines)
        fill(folder, lambda: time.monotonic() > until or unsaved(lines) > before)  # noqa: B023
    finished.append(wait(child))
    expected, content_now = content(outside / "undisturbed"), content(out)
    different = sorted({name.split()[0] for name in expected if expected[name] != content_now.get(name)})
    said = [line for line in lines.read_text("utf-8").splitlines() if "disk is full" in line]
    print(json.dumps({"full_at_steps": moments, "finished": finished, "different": different, "lines": said}))


if __name__ == "__main__":
    os.environ.setdefault("KTG_TEST_LINES", os.devnull)
    if os.environ.get("KTG_TEST_EAGERLY"):  # nothing is traced: a quick attempt
        tf.config.run_functions_eagerly(True)
    if sys.argv[2] == "full":
        fill_at_random_moments(sys.argv[1], int(sys.argv[3]))
    else:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

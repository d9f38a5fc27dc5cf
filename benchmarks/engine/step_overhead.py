"""What `model.fit` costs over a bare `tf.function` loop on the same training step.

    python benchmarks/engine/step_overhead.py [--blocks 20] [--steps 20] [--out benchmarks/results/engine/step_overhead]

Blocks of steps of the two are timed in turn, so that a drift of the machine meets both; the median of the pairwise
ratios is printed as one JSON line. 64 px, batch 32, the default networks. Run it on a quiet machine.
"""

import argparse
import json
import time
from pathlib import Path

import interleaved
import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import files
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN

BATCH, SIZE = 32, 64


class Stopwatch(keras.callbacks.Callback):
    """Times the steps of one `fit`, without its first, which builds the iterator."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.start = time.perf_counter()

    def on_train_end(self, logs=None):
        self.model.step.numpy()  # waits for the last step
        self.seconds = time.perf_counter() - self.start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=20, help="blocks of each kind")
    parser.add_argument("--steps", type=int, default=20, help="timed steps in a block")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    result = interleaved.measured_here()
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(SIZE))
    gan.compile(augment="diffaugment")
    images = np.random.default_rng(0).integers(0, 256, (500, SIZE, SIZE, 3), dtype=np.uint8)
    stream = load_images(images, image_size=SIZE, batch_size=BATCH)

    @tf.function
    def bare_step(iterator):
        return gan.train_step(next(iterator))

    def fit_block():
        watch = Stopwatch()
        gan.fit(stream, steps_per_epoch=options.steps + 1, verbose=0, callbacks=[watch])
        return watch.seconds / options.steps

    def bare_block():
        iterator = iter(stream.from_step(int(gan.step.numpy())))
        bare_step(iterator)
        start = time.perf_counter()
        for _ in range(options.steps):
            bare_step(iterator)
        gan.step.numpy()
        return (time.perf_counter() - start) / options.steps

    fit_block(), bare_block()  # traces both
    pairs = [(fit_block(), bare_block()) for _ in range(options.blocks)]
    ratios = [fitted / bare for fitted, bare in pairs]
    print(f"ratios from {min(ratios):.3f} to {max(ratios):.3f}")
    result["ratio"] = round(float(np.median(ratios)), 4)
    result["seconds"] = {
        name: round(float(np.median(values)), 4)
        for name, values in zip(("fit", "bare loop"), zip(*pairs, strict=True), strict=True)
    }
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

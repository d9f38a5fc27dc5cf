"""Peak memory of a training step against its estimate, by model and batch.

    python benchmarks/engine/memory.py [--only gan_64] [--out benchmarks/results/engine/memory]

Each case runs in a process of its own, which makes and compiles a model, estimates, and trains two steps, the first of
which has the penalty. "measured" is how much the resident memory grew at its peak, from the compiled model on. The last
line is JSON: the cases, and the largest factor between an estimate and what was measured.
"""

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import interleaved

CASES = {  # name -> (preset, or architecture and image size; images in a step)
    "gan_64_b128": ("dcgan", 64, 128),
    "heads_64_b128": ("noto_gan_64", 64, 128),
    "vae_64_b128": ("noto_vae_64", 64, 128),
    "gan_128_b32": ("dcgan", 128, 32),
    "stylegan2_64_b4": ("stylegan2", 64, 4),
    "stylegan2_128_b8": ("stylegan2", 128, 8),
    "stylegan2_256_b4": ("stylegan2", 256, 4),
    "gan_64_b32": ("dcgan", 64, 32),
    "heads_64_b32": ("noto_gan_64", 64, 32),
    "vae_64_b32": ("noto_vae_64", 64, 32),
}


def build(source, size):
    """A compiled model: a preset, the GAN with the feature heads of a fine-tune, or a new one with R1.

    A StyleGAN2 is compiled as `ktg pretrain --arch stylegan2` does: with path lengths and ADA as well.
    """
    from keras_transfer_gen.recipes.models.load import load_gan
    from keras_transfer_gen.recipes.models.load_vae import load_vae
    from keras_transfer_gen.recipes.settings.gan import PretrainSettings
    from keras_transfer_gen.recipes.training.gan.feature_heads import add_feature_heads
    from keras_transfer_gen.recipes.training.gan.models import new_model

    if source == "noto_vae_64":
        return load_vae(source)
    if source == "noto_gan_64":
        return add_feature_heads(load_gan(source))
    return new_model(PretrainSettings(data="images", out="run", arch=source, image_size=size))


def estimate(model):
    """`TrainingMemory` of a model."""
    from keras_transfer_gen.training.step_memory import gan_memory, vae_memory

    if "discriminator" not in model.roles:
        return vae_memory(*model.roles.values())
    penalised = any(penalty.name.startswith("path_length") for penalty in getattr(model, "penalties", []))
    return gan_memory(*model.roles.values(), path_lengths=penalised)


def peak():
    """The peak of this process's resident memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(name):
    """Trains two steps of a case in this process; returns what was measured (dict)."""
    import numpy as np
    import tensorflow as tf

    source, size, batch = CASES[name]
    model = build(source, size)
    estimated = estimate(model).step(batch)
    if not model.compiled:
        model.compile()
    shape = (batch, size, size, model.spec.channels)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    model.fit(tf.data.Dataset.from_tensors(images).repeat(), steps_per_epoch=2, verbose=0)
    measured = peak() - before
    return {
        "case": name,
        "batch": batch,
        "estimated_gb": round(estimated / 1e9, 3),
        "measured_gb": round(measured / 1e9, 3),
        "factor": round(max(estimated / measured, measured / estimated), 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES, action="append", help="this case alone; repeatable")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    parser.add_argument("--inside", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(options.inside)))
        return
    result, rows = interleaved.measured_here(), []
    for name in options.only or CASES:
        inside = [sys.executable, __file__, "--inside", name]
        done = subprocess.run(inside, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
        result.update(cases=rows, largest_factor=max(row["factor"] for row in rows))
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

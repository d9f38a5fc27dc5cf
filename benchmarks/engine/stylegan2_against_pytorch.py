"""Training steps of a StyleGAN2 and of the same network in PyTorch, in images a second, and where the time goes.

    python benchmarks/engine/stylegan2_against_pytorch.py [--out benchmarks/results/engine/stylegan2_against_pytorch]

Both sides start from the same weights, which is checked by their outputs, and follow the same rule: the discriminator's
update, the generator's through the new discriminator on the same images, Adam, the average of the generator. Three
steps are timed in turn: plain, with R1, with path lengths. "ratio" compares plain steps; "ratio_training" a training
with R1 every 16 steps and path lengths every 4. PyTorch has plain operators only (styles scale activations, as in the
official program in training; no compiled extension) and runs eagerly, in channels-last and with `torch.compile` in
channels-last; the fastest counts, for each step its own. "parts" is the share of kinds of operations in our plain step,
by TensorFlow's profiler. The last line is JSON. PyTorch is in the extra `bench`.
"""

import argparse
import collections
import copy
import json
import statistics
import tempfile
from pathlib import Path

import interleaved
import keras
import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional
from torch_stylegan2 import StyleDiscriminator, StyleGenerator

from keras_transfer_gen import files
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape, usual_widths
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator
from keras_transfer_gen.objectives.path_length import PathLength
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN

LATENTS, RATE, BETAS, DECAY, GAMMA, WEIGHT = 128, 2.5e-3, (0.0, 0.99), 0.999, 1.0, 2.0
INTERVALS = {"R1": 16, "path lengths": 4}
STEPS = ("plain", *INTERVALS)
PARTS = {  # what a kernel's name ends with -> part of the step
    "DepthwiseConv2dNative": "low-pass filters",
    "DepthwiseConv2dNativeBackpropInput": "low-pass filters",
    "FusedConv2D": "convolutions",
    "Conv2D": "convolutions",
    "Conv2DBackpropInput": "convolutions' gradients of the input, transposed convolutions",
    "Conv2DBackpropFilter": "convolutions' gradients of the kernel",
    "MatMul": "dense layers",
}


def keras_networks(options):
    """The pair of networks of seed 0."""
    keras.utils.set_random_seed(0)
    shared = {"widths": usual_widths(options.image_size, options.channel_base), "clamp": 256.0}
    generator = GeneratorShape(options.image_size, 3, LATENTS, w_dim=LATENTS, mapping_layers=2, mixing=0.0, **shared)
    discriminator = DiscriminatorShape(options.image_size, 3, group_size=4, **shared)
    return build_stylegan2_generator(generator), build_stylegan2_discriminator(discriminator)


def keras_step(kind, options, images):
    """Function of a number of steps: the training step of this package in one graph."""
    spec = ModelSpec(options.image_size, channels=3, latent_dim=LATENTS, arch="stylegan2")
    gan = GAN(*keras_networks(options), spec=spec)
    optimizers = [keras.optimizers.Adam(RATE, *BETAS, epsilon=1e-8) for _ in range(2)]
    penalty = {"plain": None, "R1": R1(GAMMA, 1), "path lengths": PathLength(WEIGHT, interval=1)}[kind]
    gan.compile(penalty=penalty, g_optimizer=optimizers[0], d_optimizer=optimizers[1])
    batch = tf.constant(images)
    return interleaved.repeated(tf.function(lambda: gan.train_step(batch)), wait=gan.step.numpy)


def torch_step(kind, options, images, variant):
    """Function of a number of steps: the same in PyTorch."""
    layout = torch.contiguous_format if variant == "eager" else torch.channels_last
    first, second = keras_networks(options)
    generator = StyleGenerator(first).to(memory_format=layout).train()
    discriminator = StyleDiscriminator(second).to(memory_format=layout).train()
    generate, judge = generator, discriminator
    if variant == "compile":
        generate, judge = torch.compile(generator), torch.compile(discriminator)
    g_optimizer, d_optimizer = (
        torch.optim.Adam(network.parameters(), RATE, BETAS, eps=1e-8) for network in (generator, discriminator)
    )
    average, mean = copy.deepcopy(generator), torch.zeros(())
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).to(memory_format=layout)

    def penalty_r1(real):
        real = real.detach().requires_grad_(True)
        # As the official program does: the networks themselves, since compiled ones have no second derivative.
        (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
        return 0.5 * GAMMA * gradient.square().sum((1, 2, 3)).mean()

    def penalty_path(latents):
        styles = generator.map(latents)[:, None].expand(-1, 2 * len(generator.convs), -1)
        drawn = generator.synthesize(styles)
        projected = (drawn * torch.randn_like(drawn)).sum() / options.image_size
        (gradient,) = torch.autograd.grad(projected, styles, create_graph=True)
        lengths = gradient.square().sum(2).mean(1).sqrt()
        mean.lerp_(lengths.detach().mean(), 0.01)
        return WEIGHT * (lengths - mean).square().mean()

    def step():
        real = batch.float() / 127.5 - 1.0
        latents = torch.randn(len(batch), LATENTS)
        fake = generate(latents)
        d_loss = functional.softplus(-judge(real)).mean() + functional.softplus(judge(fake.detach())).mean()
        if kind == "R1":
            d_loss = d_loss + penalty_r1(real)
        d_optimizer.zero_grad(set_to_none=True)
        d_loss.backward()
        d_optimizer.step()
        discriminator.requires_grad_(False)
        g_loss = functional.softplus(-judge(fake)).mean()
        if kind == "path lengths":
            g_loss = g_loss + penalty_path(latents[: (len(latents) + 1) // 2])
        g_optimizer.zero_grad(set_to_none=True)
        g_loss.backward()
        g_optimizer.step()
        discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - DECAY)
            average.average.copy_(generator.average)
        return float(d_loss.detach()), float(g_loss.detach())

    return interleaved.repeated(step)


def check_same_networks(options, images):
    """Raises a `ValueError` where the two sides don't compute the same from the same weights, without noise."""
    first, second = keras_networks(options)
    latents = np.random.default_rng(1).standard_normal((4, LATENTS), np.float32)
    real = images[:4].astype(np.float32) / 127.5 - 1.0
    with torch.no_grad():
        drawn = StyleGenerator(first).eval()(torch.from_numpy(latents), noise=False).permute(0, 2, 3, 1).numpy()
        logits = StyleDiscriminator(second)(torch.from_numpy(real).permute(0, 3, 1, 2)).numpy()
    # The strength of the noise is 0 in new networks.
    ours = first({"latents": latents, "truncation": np.ones(4, np.float32)})
    for name, mine, other in (("images", ours, drawn), ("logits", second(real), logits)):
        worst = float(np.abs(mine.numpy() - other).max() / np.abs(other).max())
        if worst > 1e-4:
            raise ValueError(f"the {name} of the two differ by {worst:.2g} of the largest")


def shares(run):
    """Share of each part of a step in the time of all its kernels: dict of name -> share, largest first."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        run(2)
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    times = collections.Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            operation, _, kernel = plane.event_metadata[event.metadata_id].name.rpartition(":")
            if operation and "::" not in operation and not operation.endswith(":") and kernel.isidentifier():
                times[PARTS.get(kernel.removeprefix("_Mkl").removeprefix("Native"), "all else")] += event.duration_ps
    total = sum(times.values())
    return {name: round(time / total, 3) for name, time in times.most_common()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--channel-base", type=int, default=2048, help="channels times side of a feature map")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5, help="rounds that are counted")
    parser.add_argument("--steps", type=int, default=2, help="steps of a variant in a round")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    result = interleaved.measured_here()
    images = np.random.default_rng(0).integers(0, 256, (options.batch_size, *[options.image_size] * 2, 3), np.uint8)
    check_same_networks(options, images)
    variants = ["eager", "channels-last", *([] if options.no_compile else ["compile"])]
    result["images_per_second"], ours, best = {}, {}, {}
    for kind in STEPS:
        runs = {"ktg": keras_step(kind, options, images)}
        runs |= {name: torch_step(kind, options, images, name) for name in variants}
        seconds = interleaved.times_in_turn(runs, options.repeats, options.steps)
        result["images_per_second"][kind] = speeds = interleaved.speeds(seconds, options.batch_size)
        fastest = max(variants, key=speeds.get)
        ours[kind], best[kind] = statistics.median(seconds["ktg"]), statistics.median(seconds[fastest])
        if kind == "plain":
            result["ratio"] = interleaved.paired_ratio(seconds[fastest], seconds["ktg"])
            result["parts"] = shares(runs["ktg"])
        print(f"{kind}: {speeds}, {best[kind] / ours[kind]:.3f} times the best of PyTorch", flush=True)
    result["ratio_training"] = round(_training(best) / _training(ours), 3)
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


def _training(seconds):
    """Seconds of a step on average, with the penalties that are due in some steps only."""
    extra = [(seconds[kind] - seconds["plain"]) / interval for kind, interval in INTERVALS.items()]
    return seconds["plain"] + sum(extra)


if __name__ == "__main__":
    main()

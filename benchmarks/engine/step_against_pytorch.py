"""Training steps of this package and of the same networks in PyTorch, in images a second.

    python benchmarks/engine/step_against_pytorch.py [--out benchmarks/results/engine/step_against_pytorch]

Three steps at 64 px and batch 32: a GAN (no penalty, no augmentation), the same with feature heads, and a VAE; each in
float32 and in bfloat16. Both sides start from the same weights, which is checked by their outputs, and follow the same
rule: the discriminator's update, then the generator's through the new discriminator on the same generated images, both
with Adam, then the average of the generator. PyTorch runs eagerly, in channels-last and (unless --no-compile) with
`torch.compile` in channels-last; the fastest of the three counts. All take turns, round by round. Where the
package computes gradients of convolutions in its own way, "plain gradients" is what TensorFlow's would give. On a busy
machine, --clock cpu --threads 1 counts the seconds of the processor in place of those of the clock.

The last line is JSON: "ratio_float32" and "ratio_bfloat16" are this package over PyTorch's fastest for the GAN,
"heads_ratio_..." and "vae_ratio_..." for the others. PyTorch is no dependency of the package; it is in the extra
`bench`.
"""

import argparse
import contextlib
import copy
import json
from unittest import mock

import interleaved
import keras
import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional
from torch_features import DiscriminatorWithHeads
from torch_networks import SLOPE, Discriminator, Encoder, Generator

from keras_transfer_gen import convolution, files
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import set_precision
from keras_transfer_gen.training.vae import VAE

BATCH, SIZE, RATE, BETAS, DECAY = 32, 64, 2e-4, (0.0, 0.99), 0.999
LATENTS = {"gan": 128, "heads": 128, "vae": 64}


def keras_networks(kind):
    """The pair of networks of a kind of step, with the weights of seed 0."""
    keras.utils.set_random_seed(0)
    if kind == "vae":
        return build_conv_vae(SIZE)
    generator, discriminator = build_dcgan(SIZE)
    return generator, build_feature_heads(discriminator) if kind == "heads" else discriminator


def keras_step(kind, precision, images, plain=False):
    """Function of a number of steps: the training step of this package in one graph.

    Args:
        kind: "gan", "heads" or "vae".
        precision: "float32" or "bfloat16".
        images: uint8 `[batch, H, W, 3]`.
        plain: whether gradients of convolutions are TensorFlow's own on every machine.
    """
    networks = keras_networks(kind)
    if kind == "vae":
        model = VAE(*networks)
        model.compile(keras.optimizers.Adam(RATE, *BETAS))
    else:
        model = GAN(*networks)
        optimizers = [keras.optimizers.Adam(RATE, *BETAS) for _ in range(2)]
        model.compile(penalty=None, g_optimizer=optimizers[0], d_optimizer=optimizers[1])
    set_precision(model, precision)
    batch = tf.constant(images)
    step = tf.function(lambda: model.train_step(batch))
    if plain:
        with mock.patch.object(convolution, "are_faster_here", lambda: False):
            step()  # traces it
    return interleaved.repeated(step, wait=model.step.numpy)


def torch_step(kind, precision, images, variant):
    """Function of a number of steps: the same in PyTorch."""
    layout = torch.contiguous_format if variant == "eager" else torch.channels_last
    first, second = keras_networks(kind)
    if kind == "vae":
        networks = [Encoder(first), Generator(second, SLOPE)]
    else:
        networks = [Generator(first), (DiscriminatorWithHeads if kind == "heads" else Discriminator)(second)]
    networks = [network.to(memory_format=layout).train() for network in networks]
    called = [torch.compile(network) for network in networks] if variant == "compile" else networks
    autocast = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).to(memory_format=layout)
    make = _torch_vae_step if kind == "vae" else _torch_gan_step
    return interleaved.repeated(make(networks, called, autocast, lambda: batch.float() / 127.5 - 1.0))


def _adam(networks):
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return torch.optim.Adam(parameters, RATE, BETAS, eps=1e-7)


def _torch_gan_step(networks, called, autocast, real_images):
    (generator, discriminator), (generate, judge) = networks, called
    g_optimizer, d_optimizer = _adam([generator]), _adam([discriminator])
    average = copy.deepcopy(generator)

    def losses(function, logits):
        return sum(function(head.float()).mean() for head in (logits if isinstance(logits, list) else [logits]))

    def step():
        latents = torch.randn(BATCH, LATENTS["gan"])
        with autocast:
            fake = generate(latents)
            real_logits, fake_logits = judge(real_images()), judge(fake.detach())
        d_loss = losses(lambda x: functional.softplus(-x), real_logits) + losses(functional.softplus, fake_logits)
        d_optimizer.zero_grad(set_to_none=True)
        d_loss.backward()
        d_optimizer.step()
        discriminator.requires_grad_(False)
        with autocast:
            fake_logits = judge(fake)
        g_loss = losses(lambda x: functional.softplus(-x), fake_logits)
        g_optimizer.zero_grad(set_to_none=True)
        g_loss.backward()
        g_optimizer.step()
        discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - DECAY)
            for old, new in zip(average.buffers(), generator.buffers(), strict=True):
                old.copy_(new)
        return float(d_loss.detach()), float(g_loss.detach())

    return step


def _torch_vae_step(networks, called, autocast, real_images):
    (encode, decode), optimizer = called, _adam(networks)

    def step():
        real = real_images()
        noise = torch.randn(BATCH, LATENTS["vae"])
        with autocast:
            mean, log_var = encode(real)
            mean, log_var = mean.float(), log_var.float()
            drawn = decode(mean + torch.exp(0.5 * log_var) * noise)
        error = ((real - drawn.float()) ** 2).mean(dim=(1, 2, 3))
        variance = error.mean().detach()
        cost = 0.5 * real[0].numel() * (error / variance + torch.log(2 * torch.pi * variance))
        loss = (cost + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def check_same_networks(kind, images):
    """Raises a `ValueError` where the two sides don't compute the same from the same weights, in training mode."""
    first, second = keras_networks(kind)
    real = images[:4].astype(np.float32) / 127.5 - 1.0
    latents = np.random.default_rng(1).standard_normal((4, LATENTS[kind]), np.float32)
    turned = torch.from_numpy(real).permute(0, 3, 1, 2)
    if kind == "vae":
        pairs = [(first(real, training=True), Encoder(first)(turned))]
        pairs.append((second(latents, training=True), Generator(second, SLOPE)(torch.from_numpy(latents))))
    else:
        judge = (DiscriminatorWithHeads if kind == "heads" else Discriminator)(second)
        pairs = [(first(latents, training=True), Generator(first)(torch.from_numpy(latents)))]
        pairs.append((second(real, training=True), judge(turned)))
    for ours, theirs in pairs:
        theirs = theirs if isinstance(theirs, (list, tuple)) else [theirs]
        for mine, other in zip(tf.nest.flatten(ours), theirs, strict=True):
            other = other.detach()
            other = other.permute(0, 2, 3, 1) if other.ndim == 4 else other
            worst = float(np.abs(mine.numpy() - other.numpy()).max())
            if worst > 2e-3:
                raise ValueError(f"the networks of {kind} differ by {worst:.2g}: {mine.shape}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=["gan", "heads", "vae"], choices=["gan", "heads", "vae"])
    interleaved.add_rival_options(parser)
    options = parser.parse_args()
    result = interleaved.measured_here()
    interleaved.limit_threads(options.threads)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    variants = ["eager", "channels-last", *([] if options.no_compile else ["compile"])]
    result["images_per_second"] = {}
    for kind in options.kinds:
        check_same_networks(kind, images)
        for precision in options.precisions:
            steps = {"ktg": keras_step(kind, precision, images)}
            if convolution.are_faster_here() and precision == "float32":
                steps["ktg, plain gradients"] = keras_step(kind, precision, images, plain=True)
            rivals, failed = interleaved.runnable(
                {name: torch_step(kind, precision, images, name) for name in variants}
            )
            if failed:
                result.setdefault("failed", {})[f"{kind} {precision}"] = failed
            if not rivals:
                continue
            steps |= rivals
            count = options.steps if precision == "float32" else 1  # without instructions for it a step takes seconds
            seconds = interleaved.times_in_turn(steps, options.repeats, count, interleaved.CLOCKS[options.clock])
            speeds = interleaved.speeds(seconds, BATCH)
            best = max(rivals, key=speeds.get)
            key = f"{'' if kind == 'gan' else kind + '_'}ratio_{precision}"
            result[key] = interleaved.paired_ratio(seconds[best], seconds["ktg"])
            result["images_per_second"][f"{kind} {precision}"] = speeds
            print(f"{kind} {precision}: {speeds}, {result[key]} times the best of PyTorch", flush=True)
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""A VAE of this package and the same one in PyTorch: speed and bits per dimension.

    python examples/fetch_grey.py --set fashion --out FASHION
    python benchmarks/vae_against_pytorch.py --data FASHION [--images 12000] [--epochs 5] [--seeds 3] [--out DIR]

Both sides have the same layers, start from the same weights, see the same batches in the same order, draw N(0, 1)
noise, compute in float32 and take Adam steps of the same size on the same loss. PyTorch runs eagerly, in its own memory
layout and in channels-last; the quicker one counts. They take turns, seed by seed, so that a drift of the machine meets
all; the first step of each is not timed. PyTorch is no dependency of the package: it is in the extra `bench`.
Prints a table and, as its last line, JSON with "ratio", images a second of this package over PyTorch's. Run it on a
quiet machine.
"""

import argparse
import datetime
import json
import math
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import torch
from result_tables import pytorch_table
from torch import nn

from keras_transfer_gen import files
from keras_transfer_gen.networks.conv_vae.conv_vae import MOMENTUM, SLOPE, build_conv_vae
from keras_transfer_gen.training.vae import VAE

BATCH, LATENTS, WIDTH, RATE, EPSILON = 64, 32, 128, 1e-3, 1e-3


class TorchVAE(nn.Module):
    """The networks of `build_conv_vae(28, 1, 32, 128)` with padding as TensorFlow's "same"."""

    def __init__(self):
        super().__init__()

        def norm(channels):
            return nn.BatchNorm2d(channels, EPSILON, momentum=1 - MOMENTUM)

        self.down = nn.ModuleList([nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.Conv2d(64, 128, 4, 2, 1, bias=False)])
        self.down_norms = nn.ModuleList([norm(64), norm(128)])
        self.mean, self.log_var = nn.Linear(7 * 7 * 128, LATENTS), nn.Linear(7 * 7 * 128, LATENTS)
        self.start, self.start_norm = nn.Linear(LATENTS, 7 * 7 * 128, bias=False), norm(128)
        self.up = nn.ModuleList(
            [nn.Conv2d(128, 64, 3, padding=1, bias=False), nn.Conv2d(64, 32, 3, padding=1, bias=False)]
        )
        self.up_norms = nn.ModuleList([norm(64), norm(32)])
        self.to_image = nn.Conv2d(32, 1, 3, padding=1)

    def encode(self, x):
        for conv, norm in zip(self.down, self.down_norms, strict=True):
            x = nn.functional.leaky_relu(norm(conv(x)), SLOPE)
        flat = x.permute(0, 2, 3, 1).flatten(1)
        return self.mean(flat), self.log_var(flat)

    def decode(self, z):
        x = self.start(z).view(-1, 7, 7, 128).permute(0, 3, 1, 2)
        x = nn.functional.leaky_relu(self.start_norm(x), SLOPE)
        for conv, norm in zip(self.up, self.up_norms, strict=True):
            x = nn.functional.leaky_relu(norm(conv(nn.functional.interpolate(x, scale_factor=2))), SLOPE)
        return torch.tanh(self.to_image(x))

    def copy_weights(self, encoder, decoder):
        """Copies the weights of the Keras networks."""
        pairs = [
            *zip(self.down, (layer.conv for layer in encoder.layers[1:3]), strict=True),
            (self.mean, encoder.get_layer("z_mean")), (self.log_var, encoder.get_layer("z_log_var")),
            (self.start, decoder.layers[1].dense),
            *zip(self.up, (layer.conv for layer in decoder.layers[2:4]), strict=True),
            (self.to_image, decoder.get_layer("to_image")),
        ]  # fmt: skip
        with torch.no_grad():
            for ours, theirs in pairs:
                kernel = keras.ops.convert_to_numpy(theirs.kernel)
                ours.weight.copy_(torch.tensor(kernel.transpose((3, 2, 0, 1) if kernel.ndim == 4 else (1, 0))))
                if ours.bias is not None:
                    ours.bias.copy_(torch.tensor(keras.ops.convert_to_numpy(theirs.bias)))


def gaussian_cost(error, variance, numbers):
    """Nats per image of a mean squared error, at a variance."""
    return 0.5 * numbers * (error / variance + torch.log(2 * math.pi * variance))


def torch_step(model, optimizer, images, noise):
    real = images.float() / 127.5 - 1.0
    mean, log_var = model.encode(real)
    drawn = model.decode(mean + torch.exp(0.5 * log_var) * noise)
    error = ((real - drawn) ** 2).mean(dim=(1, 2, 3))
    variance = error.mean().detach()
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)
    loss = (gaussian_cost(error, variance, real[0].numel()) + kl).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(variance)


def train_torch(batches, noise, start, channels_last):
    """(model, variance, seconds a step); the first step is not timed."""
    model = TorchVAE()
    model.copy_weights(*start)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), RATE, eps=1e-7)
    variance, begun = 0.0, None
    for step, (images, eps) in enumerate(zip(batches, noise, strict=True)):
        if step == 1:
            begun = time.perf_counter()
        part = torch.from_numpy(images).permute(0, 3, 1, 2).to(memory_format=layout)
        latest = torch_step(model, optimizer, part, torch.from_numpy(eps))
        variance = latest if step == 0 else 0.95 * variance + 0.05 * latest
    return model, variance, (time.perf_counter() - begun) / (len(batches) - 1)


class Stopwatch(keras.callbacks.Callback):
    """Times the steps of one `fit`, without its first, which builds the graph."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.begun = time.perf_counter()

    def on_train_end(self, logs=None):
        self.model.step.numpy()  # waits for the last step
        self.seconds = time.perf_counter() - self.begun


def train_keras(batches, networks, seed):
    """(vae, seconds a step); the first step is not timed. Noise comes from the model's own stateless stream."""
    vae = VAE(*networks)
    vae.compile(keras.optimizers.Adam(RATE), seed=seed)
    stacked = np.stack(batches)
    data = tf.data.Dataset.from_tensor_slices(stacked).prefetch(2)
    watch = Stopwatch()
    vae.fit(data, verbose=0, callbacks=[watch])
    return vae, watch.seconds / (len(batches) - 1)


def torch_bits(model, variance, images, samples=16):
    """Bits per dimension of a PyTorch model: the same formula and the same draws as `VAE.evaluate`."""
    model.eval()
    numbers, costs = images[0].size, []
    with torch.no_grad():
        for number, image in enumerate(images):
            real = torch.from_numpy(image[None]).permute(0, 3, 1, 2).float() / 127.5 - 1.0
            mean, log_var = model.encode(real)
            draws = np.random.default_rng((0, number)).standard_normal((samples, LATENTS), np.float32)
            drawn = model.decode(mean + torch.exp(0.5 * log_var) * torch.from_numpy(draws))
            error = ((real - drawn) ** 2).mean(dim=(1, 2, 3))
            kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
            costs.append(float(gaussian_cost(error, torch.tensor(variance), numbers).mean() + kl))
    return np.mean(costs) / (numbers * math.log(2)) + math.log2(127.5)


def same_start(seed):
    """Fresh Keras networks of a seed."""
    keras.utils.set_random_seed(seed)
    return build_conv_vae(28, 1, latent_dim=LATENTS, max_channels=WIDTH)


def read_fashion(folder):
    """(training images, test images), uint8 `[N, 28, 28, 1]`."""
    images = []
    for name in ("train", "test"):
        with np.load(Path(folder) / f"{name}.npz") as arrays:
            images.append(np.ascontiguousarray(arrays["images"].reshape(-1, 28, 28, 1)))
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with train.npz and test.npz")
    parser.add_argument("--images", type=int, default=12000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--holdout", "--held-out", type=int, default=1000, help="test images for bits per dimension")
    parser.add_argument("--out", help="folder for vae_against_pytorch.json and .md")
    options = parser.parse_args()
    train, test = read_fashion(options.data)
    train, test = train[: options.images], test[: options.holdout]
    rows = []
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        orders = [rng.permutation(len(train)) for _ in range(options.epochs)]
        steps = len(train) // BATCH
        batches = [train[order[i * BATCH : (i + 1) * BATCH]] for order in orders for i in range(steps)]
        noise = [rng.standard_normal((BATCH, LATENTS), np.float32) for _ in batches]
        row = {"seed": seed}
        vae, seconds = train_keras(batches, same_start(seed), seed)
        row["ktg"] = {"speed": BATCH / seconds, "bits": vae.evaluate(test, return_dict=True)["bits_per_dim"]}
        for name, channels_last in (("torch", False), ("torch, channels last", True)):
            model, variance, seconds = train_torch(batches, noise, same_start(seed), channels_last)
            row[name] = {"speed": BATCH / seconds, "bits": torch_bits(model, variance, test)}
        rows.append(row)
        print(json.dumps(row), flush=True)
    names = [name for name in rows[0] if name != "seed"]
    speeds = {name: float(np.median([row[name]["speed"] for row in rows])) for name in names}
    bits = {name: [row[name]["bits"] for row in rows] for name in names}
    quickest = max(speed for name, speed in speeds.items() if name != "ktg")
    result = {
        "ratio": round(speeds["ktg"] / quickest, 3), "images_per_second": speeds, "bits_per_dim": bits,
        "date": datetime.date.today().isoformat(), "images": options.images, "epochs": options.epochs,
        "seeds": options.seeds, "held_out": options.holdout,
    }  # fmt: skip
    print(pytorch_table(result))
    if options.out:
        files.write_text(Path(options.out) / "vae_against_pytorch.md", pytorch_table(result))
        files.write_json(Path(options.out) / "vae_against_pytorch.json", {**result, "runs": rows})
    print(json.dumps(result))


if __name__ == "__main__":
    main()

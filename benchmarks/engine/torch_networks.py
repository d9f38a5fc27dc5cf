"""The networks of `build_dcgan` and `build_conv_vae` in PyTorch, with the weights of given Keras networks."""

import keras
import torch
from torch import nn
from torch.nn import functional

SLOPE = 0.2


def to_torch(weight):
    """A Keras kernel or vector as a PyTorch parameter: `[H, W, in, out]` -> `[out, in, H, W]`, `[in, out]` transposed.

    Args:
        weight: `keras.Variable` or array.
    """
    array = keras.ops.convert_to_numpy(weight)
    order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(array.ndim)
    return nn.Parameter(torch.tensor(array if order is None else array.transpose(order)))


def convolution(layer, stride=1, padding=1):
    """`nn.Conv2d` with the weights of a built `keras.layers.Conv2D` of padding "same"."""
    height, _, inputs, filters = layer.kernel.shape
    conv = nn.Conv2d(inputs, filters, height, stride, padding, bias=layer.use_bias)
    conv.weight = to_torch(layer.kernel)
    if layer.use_bias:
        conv.bias = to_torch(layer.bias)
    return conv


def dense(layer):
    """`nn.Linear` with the weights of a built `keras.layers.Dense`."""
    linear = nn.Linear(*layer.kernel.shape, bias=layer.use_bias)
    linear.weight = to_torch(layer.kernel)
    if layer.use_bias:
        linear.bias = to_torch(layer.bias)
    return linear


def norm(layer):
    """`nn.BatchNorm2d` of a built `FusedBatchNormalization`."""
    return nn.BatchNorm2d(layer.gamma.shape[0], layer.epsilon, momentum=1 - layer.momentum)


def blocks_of(network):
    """The layers of a network that are named "block_<side>"."""
    return [layer for layer in network.layers if layer.name.startswith("block_")]


class Generator(nn.Module):
    """`build_dcgan_generator`, or with another slope and no modulation `build_conv_vae_decoder`.

    Args:
        network: Keras network whose weights are copied.
        slope: of the leaky ReLU; 0 is a ReLU.
    """

    def __init__(self, network, slope=0.0):
        super().__init__()
        start, *ups = blocks_of(network)
        self.slope, self.side, self.filters = slope, start.size, start.filters
        self.start, self.start_norm = dense(start.dense), norm(start.norm)
        self.convs = nn.ModuleList([convolution(block.conv) for block in ups])
        self.norms = nn.ModuleList([norm(block.norm) for block in ups])
        modulated = [getattr(block, "modulated", False) for block in ups]
        self.modulations = nn.ModuleList(
            [dense(b.modulation) if yes else nn.Identity() for b, yes in zip(ups, modulated, strict=True)]
        )
        self.to_image = convolution(network.get_layer("to_image"))

    def forward(self, latents):
        x = self.start(latents).view(-1, self.side, self.side, self.filters).permute(0, 3, 1, 2)
        x = functional.leaky_relu(self.start_norm(x), self.slope)
        for conv, norm_, modulation in zip(self.convs, self.norms, self.modulations, strict=True):
            x = norm_(conv(functional.interpolate(x, scale_factor=2)))
            if isinstance(modulation, nn.Linear):
                scale, shift = modulation(latents)[:, :, None, None].chunk(2, dim=1)
                x = x * (1.0 + scale) + shift
            x = functional.leaky_relu(x, self.slope)
        return torch.tanh(self.to_image(x))


class Discriminator(nn.Module):
    """`build_dcgan_discriminator`: images -> logits.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        *downs, last = blocks_of(network)
        self.convs = nn.ModuleList([convolution(block.conv, 2) for block in downs])
        self.last = convolution(last)
        self.logits = dense(network.get_layer("logits"))

    def forward(self, x):
        for conv in self.convs:
            x = functional.leaky_relu(conv(x), SLOPE)
        x = functional.leaky_relu(self.last(x), SLOPE)
        return self.logits(x.permute(0, 2, 3, 1).flatten(1))


class Encoder(nn.Module):
    """`build_conv_vae_encoder`: images -> (mean, log variance).

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        downs = blocks_of(network)
        self.convs = nn.ModuleList([convolution(block.conv, 2) for block in downs])
        self.norms = nn.ModuleList([norm(block.norm) for block in downs])
        self.mean, self.log_var = dense(network.get_layer("z_mean")), dense(network.get_layer("z_log_var"))

    def forward(self, x):
        for conv, norm_ in zip(self.convs, self.norms, strict=True):
            x = functional.leaky_relu(norm_(conv(x)), SLOPE)
        x = x.permute(0, 2, 3, 1).flatten(1)
        return self.mean(x), self.log_var(x)

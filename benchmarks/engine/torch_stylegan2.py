"""StyleGAN2 (generator `skip`, discriminator `resnet`) in plain PyTorch, with the weights of Keras networks."""

import math

import torch
from torch import nn
from torch.nn import functional
from torch_networks import to_torch

SLOPE, ROOT = 0.2, math.sqrt(2.0)
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8.0


def activate(x, bias=None, gain=1.0, clamp=0.0):
    """Bias, leaky ReLU times the root of 2, a gain, and a limit; `[batch, C, ...]`."""
    if bias is not None:
        x = x + bias.view(1, -1, *[1] * (x.ndim - 2)).to(x.dtype)
    x = functional.leaky_relu(x, SLOPE) * (ROOT * gain)
    return x.clamp(-clamp * gain, clamp * gain) if clamp else x


def low_pass(x, padding, gain=1.0, stride=1):
    """The 4 x 4 low-pass filter on each channel, with zeros around."""
    kernel = (gain * torch.outer(TAPS, TAPS)).to(x.dtype).expand(x.shape[1], 1, 4, 4)
    return functional.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])


def upsample(x):
    """Twice as large with the low-pass filter: bilinear weights, zero beyond the border; `[batch, C, H, W]`."""
    kernel = (4.0 * torch.outer(TAPS, TAPS)).to(x.dtype).expand(x.shape[1], 1, 4, 4)
    return functional.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


class Dense(nn.Module):
    """`EqualizedDense`."""

    def __init__(self, layer):
        super().__init__()
        self.weight, self.bias = to_torch(layer.kernel), to_torch(layer.bias)
        self.leaky, self.rate = layer.leaky, layer.lr_multiplier
        self.scale = layer.lr_multiplier / math.sqrt(self.weight.shape[1])

    def forward(self, x):
        x = functional.linear(x, self.weight * self.scale, self.bias * self.rate)
        return functional.leaky_relu(x, SLOPE) * ROOT if self.leaky else x


class Conv(nn.Module):
    """`EqualizedConv2D`."""

    def __init__(self, layer):
        super().__init__()
        self.weight = to_torch(layer.kernel)
        self.bias = to_torch(layer.bias) if layer.use_bias else None
        self.down, self.leaky, self.gain, self.clamp = layer.down, layer.leaky, layer.gain, layer.clamp
        self.scale = 1.0 / math.sqrt(self.weight[0].numel())

    def forward(self, x):
        weight, size = self.weight * self.scale, self.weight.shape[-1]
        if self.down and size == 1:
            x = functional.conv2d(low_pass(x, 1, stride=2), weight)
        elif self.down:
            x = functional.conv2d(low_pass(x, 2), weight, stride=2)
        else:
            x = functional.conv2d(x, weight, padding=size // 2)
        return activate(x, self.bias, self.gain, self.clamp) if self.leaky else x * self.gain


class StyledConv(nn.Module):
    """`StyledConv2D` with random noise: channels are scaled before and after a convolution of the whole batch."""

    def __init__(self, layer):
        super().__init__()
        self.affine = Dense(layer.affine)
        self.weight = to_torch(layer.kernel)  # where `up`, [in, out, 3, 3]: what a transposed convolution takes
        self.bias, self.strength = to_torch(layer.bias), to_torch(layer.noise_strength)
        self.up, self.clamp = layer.up, layer.clamp

    def forward(self, x, w, noise=True):
        styles = self.affine(w)
        x = x * styles[:, :, None, None]
        if self.up:
            x = low_pass(functional.conv_transpose2d(x, self.weight, stride=2), 1, gain=4.0)
        else:
            x = functional.conv2d(x, self.weight, padding=1)
        squares = self.weight.square().sum((2, 3))
        squares = styles.square() @ (squares if self.up else squares.t())
        x = x * (squares + 1e-8).rsqrt()[:, :, None, None]
        if noise:
            x = x + torch.randn(x.shape[0], 1, *x.shape[2:]) * self.strength
        return activate(x, self.bias, clamp=self.clamp)


class StyledImage(nn.Module):
    """`StyledImage`."""

    def __init__(self, layer):
        super().__init__()
        self.affine, self.weight, self.bias = Dense(layer.affine), to_torch(layer.kernel), to_torch(layer.bias)
        self.clamp = layer.clamp

    def forward(self, x, w):
        styles = self.affine(w) / math.sqrt(self.weight.shape[1])
        x = functional.conv2d(x * styles[:, :, None, None], self.weight) + self.bias.view(1, -1, 1, 1)
        return x.clamp(-self.clamp, self.clamp) if self.clamp else x


class StyleGenerator(nn.Module):
    """`build_stylegan2_generator` of the form `skip`, without classes.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        self.dense = nn.ModuleList([Dense(layer) for layer in network.get_layer("mapping").dense_layers])
        blocks = [layer for layer in network.layers if layer.name.startswith("block_")]
        self.const = nn.Parameter(torch.tensor(blocks[0].const.numpy().transpose(2, 0, 1)))
        self.ups = nn.ModuleList([StyledConv(block.conv0) for block in blocks[1:]])
        self.convs = nn.ModuleList([StyledConv(block.conv1) for block in blocks])
        self.images = nn.ModuleList([StyledImage(block.torgb) for block in blocks])
        self.register_buffer("average", torch.tensor(network.get_layer("styles").w_avg.numpy()))

    def map(self, latents):
        """Styles `[batch, w_dim]`; in training their average follows."""
        x = latents * (latents.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.dense:
            x = layer(x)
        if self.training:
            with torch.no_grad():
                self.average.lerp_(x.detach().mean(0), 0.005)
        return x

    def synthesize(self, styles, noise=True):
        """Images `[batch, C, H, W]` of styles `[batch, places, w_dim]`."""
        x = self.const.expand(len(styles), -1, -1, -1)
        x = self.convs[0](x, styles[:, 0], noise)
        image = self.images[0](x, styles[:, 1])
        for number, (up, conv, to_image) in enumerate(zip(self.ups, self.convs[1:], self.images[1:], strict=True)):
            first = 2 * number + 1
            x = conv(up(x, styles[:, first], noise), styles[:, first + 1], noise)
            image = upsample(image) + to_image(x, styles[:, first + 2])
        return image

    def forward(self, latents, noise=True):
        return self.synthesize(self.map(latents)[:, None].expand(-1, 2 * len(self.convs), -1), noise)


class CriticBlock(nn.Module):
    """`CriticBlock` of the form `resnet`."""

    def __init__(self, block):
        super().__init__()
        self.from_image = Conv(block.fromrgb) if hasattr(block, "fromrgb") else nn.Identity()
        self.conv0, self.conv1, self.skip = Conv(block.conv0), Conv(block.conv1), Conv(block.skip)

    def forward(self, x):
        x = self.from_image(x)
        return self.conv1(self.conv0(x)) + self.skip(x)


class StyleDiscriminator(nn.Module):
    """`build_stylegan2_discriminator` of the form `resnet`, without classes.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        *blocks, end = [layer for layer in network.layers if layer.name.startswith("block_")]
        self.blocks = nn.Sequential(*[CriticBlock(block) for block in blocks])
        self.conv, self.fc, self.out, self.group = Conv(end.conv), Dense(end.fc), Dense(end.out), end.group_size

    def forward(self, images):
        x = self.blocks(images)
        grouped = x.reshape(self.group, -1, *x.shape[1:])
        deviation = (grouped.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        column = deviation.repeat(self.group).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
        x = self.conv(torch.cat([x, column], 1))
        return self.out(self.fc(x.permute(0, 2, 3, 1).flatten(1)))

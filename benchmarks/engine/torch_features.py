"""A discriminator with feature heads in PyTorch: EfficientNet-Lite1 with its shipped weights, and heads behind it."""

import torch
from torch import nn
from torch.nn import functional
from torch_networks import SLOPE, Discriminator, to_torch

from keras_transfer_gen import efficientnet_lite, pixels
from keras_transfer_gen.networks.heads.feature_heads import FEATURES, FeatureHead


def pad_same(x, kernel, stride):
    """`x` `[batch, C, H, W]` padded as TensorFlow's "SAME"."""
    total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
    before, after = total // 2, total - total // 2
    return functional.pad(x, (before, after, before, after)) if total else x


class FrozenWeights(nn.Module):
    """Computes the layers of `efficientnet_lite.stage_outputs` with buffers, as a frozen network does."""

    def __init__(self):
        super().__init__()
        for name, array in efficientnet_lite.lite1_arrays().items():
            part = torch.tensor(array)
            if name.endswith("depthwise/kernel"):
                part = part.permute(2, 3, 0, 1).contiguous()
            elif name.endswith("kernel"):
                part = part.permute(3, 2, 0, 1).contiguous()
            self.register_buffer(name.replace("/", "_"), part)

    def _weights(self, name):
        return getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")

    def convolve(self, x, name, filters, kernel=1, stride=1, activation="relu6"):
        y = functional.conv2d(pad_same(x, kernel, stride), *self._weights(name), stride)
        return functional.relu6(y) if activation else y

    def convolve_depthwise(self, x, name, kernel, stride):
        y = functional.conv2d(pad_same(x, kernel, stride), *self._weights(name), stride, groups=x.shape[1])
        return functional.relu6(y)

    def add(self, first, second, name):
        return first + second

    def maps(self, images):
        """List of maps of images `[batch, 3, S, S]` in [-1, 1], as `efficientnet_lite.feature_maps` gives them."""
        levels = ((images + 1.0) * pixels.LEVELS - efficientnet_lite.MEAN) / efficientnet_lite.SCALE
        outputs = efficientnet_lite.stage_outputs(levels, efficientnet_lite.LITE1, self)[1:]
        return [
            (x - getattr(self, f"tap{block}_mean")[:, None, None])
            / getattr(self, f"tap{block}_deviation")[:, None, None]
            for block, x in zip(efficientnet_lite.TAPS, outputs, strict=True)
        ]


def bounded(kernel):
    """A kernel divided by the bound of `feature_heads.spectral_bound`."""
    matrix = kernel.flatten(1)
    gram = matrix @ matrix.T
    total = gram.trace() + 1e-12
    second = (gram / total) @ (gram / total)
    fourth = second @ second
    return kernel / torch.sqrt(total * (fourth.square().sum() + 1e-30) ** 0.125)


class Head(nn.Module):
    """`FeatureHead` with the weights of a built one."""

    def __init__(self, layer):
        super().__init__()
        convs = [*layer.convs, layer.logits]
        self.kernels = nn.ParameterList([to_torch(conv.kernel) for conv in convs])
        self.biases = nn.ParameterList([to_torch(conv.bias) for conv in convs])
        self.strides = [conv.stride for conv in convs]

    def forward(self, x):
        for number, (kernel, bias, stride) in enumerate(zip(self.kernels, self.biases, self.strides, strict=True)):
            x = functional.conv2d(pad_same(x, kernel.shape[-1], stride), bounded(kernel), bias, stride)
            if number + 1 < len(self.kernels):
                x = functional.leaky_relu(x, SLOPE)
        return x.flatten(1)


class DiscriminatorWithHeads(nn.Module):
    """`build_feature_heads(build_dcgan_discriminator(...))`: images -> list of logits.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        self.own = Discriminator(network)
        features = network.get_layer(FEATURES)
        self.side, self.weight, self.features = features.side, features.weight, FrozenWeights()
        self.heads = nn.ModuleList([Head(layer) for layer in network.layers if isinstance(layer, FeatureHead)])

    def forward(self, images):
        shown = self.weight * images + (1.0 - self.weight) * images.detach()
        shown = functional.interpolate(shown, (self.side, self.side), mode="bilinear", align_corners=False)
        maps = self.features.maps(shown)
        return [self.own(images), *(head(map_) for head, map_ in zip(self.heads, maps, strict=True))]

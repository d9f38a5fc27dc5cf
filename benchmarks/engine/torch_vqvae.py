"""The autoencoder of a `VQVAE` in PyTorch: networks, codes and loss, with the weights of given Keras networks."""

import torch
from torch import nn
from torch.nn import functional
from torch_networks import SLOPE, blocks_of, convolution, norm

from keras_transfer_gen.objectives.reconstruction import SSIM_CONTRAST, SSIM_LIGHT, SSIM_WINDOW

LEAST_COUNT = 1e-5  # as in `VectorQuantizer`


class ResidualBlock(nn.Module):
    """`ResidualBlock`: x + conv(act(norm(conv(act(norm(x))))))."""

    def __init__(self, layer):
        super().__init__()
        self.norms = nn.ModuleList(map(norm, layer.norms))
        self.convs = nn.ModuleList(map(convolution, layer.convs))

    def forward(self, inputs):
        x = inputs
        for norm_, conv in zip(self.norms, self.convs, strict=True):
            x = conv(functional.leaky_relu(norm_(x), SLOPE))
        return inputs + x


def residuals(network):
    """The residual blocks of a network, in order, as one module."""
    return nn.Sequential(*(ResidualBlock(layer) for layer in network.layers if layer.name.startswith("residual_")))


class TokenEncoder(nn.Module):
    """`build_token_encoder`: images `[batch, C, H, W]` -> vectors `[batch, rows, columns, code_dim]`.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        downs = blocks_of(network)
        self.convs = nn.ModuleList([convolution(block.conv, 2) for block in downs])
        self.norms = nn.ModuleList([norm(block.norm) for block in downs])
        self.residuals = residuals(network)
        self.to_codes = convolution(network.get_layer("to_codes"), padding=0)

    def forward(self, x):
        for conv, norm_ in zip(self.convs, self.norms, strict=True):
            x = functional.leaky_relu(norm_(conv(x)), SLOPE)
        return self.to_codes(self.residuals(x)).permute(0, 2, 3, 1)


class TokenDecoder(nn.Module):
    """`build_token_decoder`: codes `[batch, rows, columns, code_dim]` -> images `[batch, C, H, W]`.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        ups = blocks_of(network)
        self.from_codes = convolution(network.get_layer("from_codes"))
        self.residuals = residuals(network)
        self.convs = nn.ModuleList([convolution(block.conv) for block in ups])
        self.norms = nn.ModuleList([norm(block.norm) for block in ups])
        self.to_image = convolution(network.get_layer("to_image"))

    def forward(self, codes):
        x = self.residuals(self.from_codes(codes.permute(0, 3, 1, 2)))
        for conv, norm_ in zip(self.convs, self.norms, strict=True):
            x = functional.leaky_relu(norm_(conv(functional.interpolate(x, scale_factor=2))), SLOPE)
        return torch.tanh(self.to_image(x))


class Codebook(nn.Module):
    """`VectorQuantizer`: the nearest codes, which follow the vectors by moving averages; rare ones are drawn anew.

    Args:
        layer: built Keras layer, whose codes are copied.
    """

    def __init__(self, layer):
        super().__init__()
        self.momentum, self.revival = layer.momentum, layer.revival
        for name in ("codebook", "counts", "sums"):
            self.register_buffer(name, torch.tensor(getattr(layer, name).numpy()))

    def tokens(self, vectors):
        """int `[N]`: number of the code nearest to each of `vectors` `[N, D]`."""
        return torch.addmm(self.codebook.square().sum(1), vectors, self.codebook.t(), alpha=-2.0).argmin(1)

    @torch.no_grad()
    def update(self, vectors, tokens):
        """Moves the codes towards the vectors `[N, D]` that chose them; `tokens` is int `[N]`."""
        count = len(self.codebook)
        counts = torch.zeros(count).index_add_(0, tokens, torch.ones(len(tokens)))
        sums = torch.zeros_like(self.sums).index_add_(0, tokens, vectors)
        order = torch.rand(len(vectors)).argsort()
        candidates = vectors[order[torch.arange(count) % len(vectors)]]
        counts = torch.lerp(counts, self.counts, self.momentum)
        sums = torch.lerp(sums, self.sums, self.momentum)
        batch_mean = len(vectors) / count
        dead = (self.counts == 0).all() | (counts < self.revival * counts.mean())
        counts = torch.where(dead, batch_mean, counts)
        sums = torch.where(dead[:, None], candidates * batch_mean, sums)
        self.counts.copy_(counts)
        self.sums.copy_(sums)
        codes = sums / counts.clamp(min=LEAST_COUNT)[:, None]
        self.codebook.copy_(torch.where((counts > LEAST_COUNT)[:, None], codes, self.codebook))


class Autoencoder(nn.Module):
    """Encoder, codes, decoder and the loss "pixels_and_edges" with the commitment.

    Args:
        model: `VQVAE` whose weights are copied.
    """

    def __init__(self, model):
        super().__init__()
        self.encoder, self.decoder = TokenEncoder(model.encoder), TokenDecoder(model.decoder)
        self.codebook, self.commitment = Codebook(model.quantizer), model.commitment
        self.edge_weight = model.reconstruction.edge_weight
        self.structure_weight = model.reconstruction.structure_weight

    def forward(self, real):
        """Images `[batch, C, H, W]` in [-1, 1] -> (loss, vectors `[N, D]`, tokens `[N]`)."""
        vectors = self.encoder(real).float()
        with torch.autocast("cpu", enabled=False):  # the quantizer computes in float32, always
            rows = vectors.reshape(-1, vectors.shape[-1])
            tokens = self.codebook.tokens(rows.detach())
            codes = functional.embedding(tokens, self.codebook.codebook).view_as(vectors)
            commitment = functional.mse_loss(vectors, codes)
        images = self.decoder(vectors + (codes - vectors).detach()).float()
        error = real - images
        across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
        loss = error.abs().mean() + self.edge_weight * (across.abs().mean() + down.abs().mean())
        loss = loss + self.structure_weight * (1.0 - structural_similarity(real, images))
        return loss + self.commitment * commitment, rows.detach(), tokens


def structural_similarity(first, second):
    """That of `objectives.reconstruction`, the mean of all images `[batch, C, H, W]` in [-1, 1]."""
    x, y = (first + 1.0) / 2.0, (second + 1.0) / 2.0

    def mean(images):
        return functional.avg_pool2d(images, SSIM_WINDOW, 1)

    mean_x, mean_y = mean(x), mean(y)
    product, squares = mean_x * mean_y, mean_x.square() + mean_y.square()
    light = (2.0 * product + SSIM_LIGHT) / (squares + SSIM_LIGHT)
    covariance, variances = mean(x * y) - product, mean(x.square() + y.square()) - squares
    return (light * (2.0 * covariance + SSIM_CONTRAST) / (variances + SSIM_CONTRAST)).mean()

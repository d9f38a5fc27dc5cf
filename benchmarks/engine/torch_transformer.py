"""The network of a `TokenPrior` in PyTorch, with the weights of a given `TokenTransformer`."""

import torch
from torch import nn
from torch.nn import functional
from torch_networks import dense, to_torch

SIDE = 8  # of the maps that positions are arranged in; it divides their number


class Pointwise(nn.Linear):
    """A dense layer computed as a 1 x 1 convolution in channels-last: by oneDNN, which on AMD is faster than MKL."""

    def forward(self, x):
        rows = x.unflatten(1, (-1, SIDE)).permute(0, 3, 1, 2)
        return functional.conv2d(rows, self.weight[:, :, None, None], self.bias).permute(0, 2, 3, 1).flatten(1, 2)


def layer_norm(layer):
    """`nn.LayerNorm` with the weights of a built `keras.layers.LayerNormalization`."""
    norm = nn.LayerNorm(layer.gamma.shape[0], layer.epsilon)
    norm.weight, norm.bias = to_torch(layer.gamma), to_torch(layer.beta)
    return norm


def table(weight):
    """A Keras table of embeddings `[rows, width]` as a parameter of the same shape."""
    return nn.Parameter(to_torch(weight).detach().t().contiguous())


class Embedding(nn.Module):
    """`TokenEmbedding`: the token before each position, its place and the class."""

    def __init__(self, layer):
        super().__init__()
        self.codes, self.classes = table(layer.codes), table(layer.classes)
        self.rows, self.columns = table(layer.rows), table(layer.columns)

    def forward(self, tokens, labels):
        classes = functional.embedding(labels, self.classes)[:, None]
        before = functional.embedding(tokens[:, :-1], self.codes)
        places = (self.rows[:, None] + self.columns[None]).flatten(0, 1)
        return torch.cat([classes, before + classes], dim=1) + places


class Block(nn.Module):
    """`CausalBlock`, with PyTorch's own causal attention."""

    def __init__(self, layer):
        super().__init__()
        self.heads, self.dropout = layer.heads, layer.dropout
        self.attention_norm, self.dense_norm = layer_norm(layer.attention_norm), layer_norm(layer.dense_norm)
        self.qkv, self.joined, self.wide, self.narrow = map(dense, (layer.qkv, layer.joined, layer.wide, layer.narrow))

    def forward(self, x):
        batch, positions, width = x.shape
        parts = self.qkv(self.attention_norm(x)).view(batch, positions, 3, self.heads, width // self.heads)
        seen = functional.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4).unbind(0), is_causal=True)
        seen = self.joined(seen.transpose(1, 2).reshape(batch, positions, width))
        x = x + functional.dropout(seen, self.dropout, self.training)
        answers = self.narrow(functional.gelu(self.wide(self.dense_norm(x))))
        return x + functional.dropout(answers, self.dropout, self.training)


class Transformer(nn.Module):
    """`TokenTransformer`: tokens int `[batch, positions]`, labels int `[batch]` -> log-odds.

    Args:
        network: Keras network whose weights are copied.
    """

    def __init__(self, network):
        super().__init__()
        self.embedding = Embedding(network.get_layer("embedding"))
        self.blocks = nn.Sequential(*map(Block, network.blocks))
        self.norm, self.to_logits = layer_norm(network.get_layer("norm")), dense(network.get_layer("to_logits"))

    def forward(self, tokens, labels):
        return self.to_logits(self.norm(self.blocks(self.embedding(tokens, labels))))


class Prior(nn.Module):
    """The loss of a `TokenPrior`: nats a token, in training with some tokens replaced and some labels left out.

    Args:
        model: `TokenPrior` whose weights are copied.
        pointwise: whether dense layers are computed as 1 x 1 convolutions.
    """

    def __init__(self, model, pointwise=False):
        super().__init__()
        self.network = Transformer(model.network)
        for layer in self.modules() if pointwise else ():
            if type(layer) is nn.Linear:
                layer.__class__ = Pointwise
        self.num_codes, self.num_classes = model.network.num_codes, model.network.num_classes
        self.token_noise, self.label_dropout = model.token_noise, model.label_dropout

    def forward(self, tokens, labels):
        read = tokens
        if self.training:
            others = torch.randint_like(tokens, self.num_codes)
            read = torch.where(torch.rand(tokens.shape) < self.token_noise, others, tokens)
            labels = torch.where(torch.rand(labels.shape) < self.label_dropout, self.num_classes, labels)
        logits = self.network(read, labels)
        return functional.cross_entropy(logits.float().flatten(0, 1), tokens.flatten())

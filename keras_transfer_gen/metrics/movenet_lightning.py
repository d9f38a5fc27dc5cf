"""The body of MoveNet Lightning as a second feature network: trained on other images, for another task.

It was trained to find the joints of people in photographs and in frames of videos, not to name what ImageNet shows. Its
blocks are those of MobileNetV2, from which EfficientNet-Lite has its own; width, depth, kernels and weights differ.

Reference:
    Sandler et al., MobileNetV2, 2018 (arXiv:1801.04381). MoveNet was published by Google in 2021, without a paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen.efficientnet_lite import Stage, Variant
from keras_transfer_gen.metrics.feature_network import build_network, load_weights
from keras_transfer_gen.shipped_weights import read_shipped_weights

if TYPE_CHECKING:
    import keras


MOVENET = Variant(
    "movenet_lightning",
    (
        Stage(1, 3, 1, 16, 1),
        Stage(6, 3, 2, 24, 2),
        Stage(6, 3, 2, 32, 3),
        Stage(6, 3, 2, 64, 4),
        Stage(6, 3, 1, 96, 3),
        Stage(6, 3, 2, 160, 3),
        Stage(6, 3, 1, 320, 1),
    ),
)
INPUT_SIZE = 192  # the side in pixels that the network was trained at
MIDDLE = 127.5  # pixel levels: the network sees level / MIDDLE - 1


def build_movenet_lightning(side: int = INPUT_SIZE) -> keras.Model:
    """The second feature network, its weights zero; `load_movenet_lightning` loads the trained ones.

    Args:
        side: images are resized to this height and width (pixels) inside the network; at least 32.

    Returns:
        A frozen functional `keras.Model`: RGB `[batch, H, W, 3]`, 0..255, uint8 or float, any size -> float32
        `[batch, 1280]`, each in [0, 6].

    Raises:
        UserError: where `side` is not an integer of at least 32.

    Example:
        >>> build_movenet_lightning(side=32).output_shape
        (None, 1280)
    """
    return build_network(MOVENET, side, MIDDLE, MIDDLE)


def load_movenet_lightning(side: int = INPUT_SIZE) -> keras.Model:
    """The second feature network with its trained weights; see `build_movenet_lightning`."""
    model = build_movenet_lightning(side)
    load_weights(model, read_shipped_weights(MOVENET.name))
    return model

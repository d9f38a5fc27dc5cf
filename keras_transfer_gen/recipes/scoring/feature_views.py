"""How images are seen for a score: whole or averaged down, and by which feature network."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen.metrics import feature_network, movenet_lightning, network_file
from keras_transfer_gen.metrics import features as feature_layer

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike, Progress


INPUT_SIZES = {
    feature_network.FEATURE_NETWORK: feature_network.INPUT_SIZE,
    movenet_lightning.MOVENET.name: movenet_lightning.INPUT_SIZE,
}
LAYOUT_SIZE = 16  # pixels on a side: where things are and in which colours is left, what their surfaces are like is not


@dataclasses.dataclass(frozen=True)
class FeatureView:
    """A way of seeing images.

    Args:
        network: a name of `tables.FEATURE_NETWORKS`, or the path of a network, see `load_feature_network`.
        size: side in pixels that images are averaged down to first, or None to see them whole.
        side: side in pixels that a shipped network resizes images to, for quick scores that are not reported; None for
            its own.
    """

    network: str
    size: int | None = None
    side: int | None = None

    @property
    def input_size(self) -> int | None:
        """The side in pixels that the network sees, or None where it takes images as they are."""
        return self.side or INPUT_SIZES.get(self.network) or network_file.input_side(self._load())

    def extract(self, images: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Features of images, float32 `[N, D]`.

        Args:
            images: uint8 `[N, S, S, C]`.
            progress: optional function `(done, total)`.
        """
        return feature_layer.extract_features(self._shrink(images), self._load(), progress=progress)

    def extract_reference(
        self, images: np.ndarray, mirrored: bool = False, progress: Progress | None = None
    ) -> np.ndarray:
        """The same for real images, whose features are cached by content; `mirrored` ones are flipped left to right."""
        return feature_layer.reference_features(
            self._shrink(images), mirrored=mirrored, network=self._load(), progress=progress
        )

    def _load(self) -> keras.Model:
        arguments = {} if self.side is None else {"side": self.side}
        return feature_layer.load_feature_network(self.network, **arguments)

    def _shrink(self, images: np.ndarray) -> np.ndarray:
        return images if self.size is None else average_down(images, self.size)


WHOLE = FeatureView(feature_network.FEATURE_NETWORK)
LAYOUT = FeatureView(feature_network.FEATURE_NETWORK, size=LAYOUT_SIZE)
SECOND = FeatureView(movenet_lightning.MOVENET.name)
VIEWS = {"kid": WHOLE, "kid_second": SECOND, "layout": LAYOUT}  # the scores of every run, by their names in its files


def view_of(network: PathLike | None) -> FeatureView:
    """The `FeatureView` of whole images by a feature network.

    Args:
        network: a name of `tables.FEATURE_NETWORKS` or a path, or None for the network of every score.

    Raises:
        UserError, UserFileError: as `load_feature_network`.
    """
    if network is None:
        return WHOLE
    feature_layer.load_feature_network(network)
    return FeatureView(str(network))


def average_down(images: np.ndarray, size: int) -> np.ndarray:
    """Images made smaller by averaging areas of pixels.

    Args:
        images: uint8 `[N, S, S, C]`.
        size: side that the images get; images that are not larger are returned as they are.

    Returns:
        uint8 `[N, size, size, C]`.

    Example:
        >>> average_down(np.uint8([[[[0], [2]], [[4], [6]]]]), 1).ravel()
        array([3], dtype=uint8)
    """
    if images.shape[1] <= size:
        return images
    small = tf.image.resize(images, (size, size), method="area")
    return np.round(small).astype(np.uint8)

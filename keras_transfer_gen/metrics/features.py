"""Images -> features, in batches of one shape; the features of reference images are cached by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.compiled_calls import compiled_network
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.inputs import check_uint8_images

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike, Progress


VERSION = 1  # part of the cache's keys: raise it when the features of the same images change


def extract_features(
    images: np.ndarray, network: keras.Model | None = None, batch_size: int = 32, progress: Progress | None = None
) -> np.ndarray:
    """Features of images, one row each; a row depends only on its own image.

    Args:
        images: uint8 `[N, H, W, 1 or 3]`; grey is repeated, and the network resizes to its own side.
        network: `keras.Model`, RGB `[batch, H, W, 3]` in 0..255 -> `[batch, D]`; by default `load_feature_network()`.
        batch_size: images in one call. It changes only speed and memory; the last batch is filled up, so that
            TensorFlow traces once for each size of image.
        progress: function called with (images done, N) after each batch.

    Returns:
        float32 `[N, D]`; D is 1,280 for the default network.

    Raises:
        UserError: for images of another dtype or shape, or none.

    Example:
        >>> extract_features(np.zeros((2, 64, 64, 3), np.uint8)).shape
        (2, 1280)
    """
    images = check_uint8_images("images", images, "1 or 3")
    batch_size = checks.check_integer("batch_size", batch_size)
    compute = compiled_network(load_feature_network() if network is None else network)
    rows = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        full = np.resize(batch, (batch_size, *batch.shape[1:]))  # repeats images to fill the last batch
        rows.append(compute(pixels.to_rgb(full)).numpy()[: len(batch)])
        if progress is not None:
            progress(start + len(batch), len(images))
    return np.concatenate(rows).astype(np.float32)


def reference_features(
    images: np.ndarray,
    digest: str | None = None,
    mirrored: bool = False,
    network: keras.Model | None = None,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> np.ndarray:
    """`extract_features` for reference images: computed once, then read from a cache.

    The cache is a folder whose files may be deleted at any time (`files.cache_folder("features")`). A broken file is
    written again; where the cache can't be written, the features are computed each time.

    Args:
        images: uint8 `[N, H, W, 1 or 3]`.
        digest: text that stands for the images and their order, such as `ImageSet.digest`; by default the SHA-256 of
            the pixels.
        mirrored: True for the features of the images flipped left to right.
        network: as in `extract_features`; networks with other weights or another input size need another `name`.
        batch_size: as in `extract_features`.
        progress: as in `extract_features`; not called where the features are in the cache.

    Returns:
        float32 `[N, D]`.

    Raises:
        UserError: as `extract_features`.

    Example:
        >>> reference_features(np.zeros((2, 64, 64, 3), np.uint8)).shape
        (2, 1280)
    """
    images = check_uint8_images("images", images, "1 or 3")
    network = load_feature_network() if network is None else network
    digest = digest or files.sha256(np.ascontiguousarray(images))
    key = repr((VERSION, digest, images.shape, bool(mirrored), network.name))
    path = files.cache_folder("features") / f"{files.sha256(key.encode())}.npz"
    features = read_cached_features(path, (len(images), network.output_shape[-1]))
    if features is None:
        flipped = images[:, :, ::-1] if mirrored else images
        features = extract_features(flipped, network, batch_size, progress)
        try:
            with files.atomic_path(path) as partial:
                np.savez(partial, features=features)
        except OSError:  # a full disk or a read-only home: the features are computed again at the next call
            pass
    return features


def read_cached_features(path: PathLike, shape: tuple[int, int]) -> np.ndarray | None:
    """float32 array of `shape`, or None where the file is missing, broken or of another shape."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as arrays:  # NumPy leaks what it opens
            features = arrays["features"]
    except Exception:  # NumPy and zipfile raise many kinds for a broken file
        return None
    usable = features.shape == shape and features.dtype == np.float32 and np.isfinite(features).all()
    return features if usable else None

"""What every preset has, whatever its family: the model, at most so large, and features of its training images."""

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.scoring.distance import SIZE, SOURCE_FEATURES
from keras_transfer_gen.recipes.scoring.feature_views import average_down
from keras_transfer_gen.training.checkpoint import save_model


def write_model(model, path, largest):
    """Saves a model; returns its size in 10^6 bytes, and ends the script where that is above `largest`."""
    save_model(model, path)
    megabytes = path.stat().st_size / 1e6
    if megabytes > largest:
        raise SystemExit(f"{megabytes:.1f} MB: over the limit of {largest} MB")
    return megabytes


def write_source_features(folder, images):
    """Writes the features of training images, uint8 `[N, S, S, C]`, which distances from the preset are measured by."""
    with files.atomic_path(folder / SOURCE_FEATURES) as partial:
        np.savez_compressed(partial, features=extract_features(average_down(images, SIZE)).astype(np.float16))

"""What every preset has, whatever its family: the model, at most so large, and features of its training images."""

import hashlib
import io
import zipfile

import h5py
import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.scoring.distance import SIZE, SOURCE_FEATURES
from keras_transfer_gen.recipes.scoring.feature_views import average_down
from keras_transfer_gen.training.checkpoint import save_model

WEIGHTS = "model.weights.h5"  # in a .keras file
PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True}  # of arrays, byte by byte


def write_model(model, path, largest):
    """Saves a model; returns its size in 10^6 bytes, and ends the script where that is above `largest`."""
    save_model(model, path)
    store_equal_weights_once(path)
    megabytes = path.stat().st_size / 1e6
    if megabytes > largest:
        raise SystemExit(f"{megabytes:.1f} MB: over the limit of {largest} MB")
    return megabytes


def store_equal_weights_once(path):
    """Rewrites a .keras file: of arrays that are equal, as those of a generator and its average, one is stored.

    The others become hard links to it, and arrays are compressed. HDF5 resolves both by itself: Keras reads the file as
    before.
    """
    with zipfile.ZipFile(path) as archive:
        parts = {info: archive.read(info) for info in archive.infolist()}
    with files.atomic_path(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for info, content in parts.items():
            archive.writestr(info, _with_links(content) if info.filename == WEIGHTS else content)


def _with_links(content):
    """The bytes of an HDF5 file with hard links in place of arrays that are in it already."""
    result, stored = io.BytesIO(), {}
    with h5py.File(io.BytesIO(content)) as old, h5py.File(result, "w") as new:
        new.attrs.update(old.attrs)

        def copy(group):
            for part in group.values():  # not visititems, which shows a hard link's array once
                if isinstance(part, h5py.Group):
                    new.require_group(part.name).attrs.update(part.attrs)
                    copy(part)
                    continue
                values = part[()]
                key = hashlib.sha256(repr((values.dtype, values.shape)).encode() + values.tobytes()).digest()
                if key in stored and not part.attrs:
                    new[part.name] = new[stored[key]]
                    continue
                stored.setdefault(key, part.name)
                packed = PACKED if values.ndim else {}
                new.create_dataset(part.name, data=values, **packed).attrs.update(part.attrs)

        copy(old)
    return result.getvalue()


def write_source_features(folder, images):
    """Writes the features of training images, uint8 `[N, S, S, C]`, which distances from the preset are measured by."""
    with files.atomic_path(folder / SOURCE_FEATURES) as partial:
        np.savez_compressed(partial, features=extract_features(average_down(images, SIZE)).astype(np.float16))

"""The files of StyleGAN2 networks in `tests/stylegan2_files`."""

import json
import tarfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "stylegan2_files"
NAMES = (
    "ada_skip.pkl", "ada_cond_resnet.pkl", "ada_clamp_freeze.pkl", "sg3_stylegan2.pkl", "tf1_v4.pkl", "tf1_v5.pkl",
    "rosinality_zip.pt", "rosinality_legacy.pt",
)  # fmt: skip


def reference(name):
    """What the original program computes of a file: dict of arrays, images with channels last, labels as numbers."""
    with np.load(FOLDER / f"{Path(name).stem}.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    for key, value in arrays.items():
        if value.ndim == 4:
            arrays[key] = value.transpose(0, 2, 3, 1)
        if key.startswith("labels"):
            arrays[key] = value.argmax(axis=1).astype(np.int32)
    return arrays


def relative(value, wanted):
    """The largest difference over the largest number that is wanted."""
    return float(np.abs(np.asarray(value) - wanted).max() / np.abs(wanted).max())


def unpack_hostile(folder):
    """Unpacks the hostile files; returns (their folder, dict of name -> what must happen)."""
    with tarfile.open(FOLDER / "hostile.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    folder = Path(folder) / "hostile"
    return folder, json.loads((folder / "hostile.json").read_text("utf-8"))

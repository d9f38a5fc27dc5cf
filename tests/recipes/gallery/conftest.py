"""A generator for the gallery that costs nothing, and the gallery of two of them."""

import numpy as np
import pytest

from keras_transfer_gen.recipes.gallery.served_model import ServedModel
from keras_transfer_gen.specs import ModelSpec


class PlainGenerator:
    """Images of one colour: red is the number, green the class, blue the seed.

    Args:
        class_names: of its classes.
    """

    def __init__(self, class_names=()):
        self.spec = ModelSpec(
            image_size=4, channels=3, latent_dim=3, class_names=class_names, truncation=0.5, licence="CC0-1.0"
        )
        self.calls = []

    def generate(self, num, seed=0, truncation=None, label=None, start=0):
        self.calls.append((num, seed, truncation, label, start))
        images = np.zeros((num, 4, 4, 3), np.uint8)
        images[..., 0] = np.arange(start, start + num).astype(np.uint8)[:, None, None]
        images[..., 1], images[..., 2] = label or 0, seed % 256
        return images


@pytest.fixture
def run_folder(tmp_path):
    """A RUN with a card, a picture and a checkpoint; a secret lies beside it, and a link leads to it."""
    folder = tmp_path / "cats"
    (folder / "samples").mkdir(parents=True)
    (folder / "README.md").write_text("# Cats\n", encoding="utf-8")
    (folder / "samples" / "a.png").write_bytes(b"png")
    (folder / "model.keras").write_bytes(b"weights")
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "cats_too").mkdir()
    (tmp_path / "cats_too" / "b.png").write_bytes(b"")
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    return folder


@pytest.fixture
def models(run_folder):
    """Two `ServedModel`: a RUN with classes, and a model without a card."""
    return [
        ServedModel("cats", PlainGenerator(["tabby", "black"]), run_folder, "# Cats\n"),
        ServedModel("../dogs", PlainGenerator()),
    ]

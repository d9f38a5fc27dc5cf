"""The classes of a fine-tune of a VQ-VAE: which of the source's each begins from.

- Images with labels whose classes the source knows by name: its classes stay, those without images too.
- Images with other labels: each class starts from the source's class of its name, or else from the one that finds its
  images likeliest.
- Images without labels: the source's class that finds them likeliest is what they start from.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.data.labels import number_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.training.vqvae import VQVAE

MOST = 48  # images that a class is chosen by


def measure_start(vq: VQVAE, images: RunImages) -> dict[str, Any]:
    """Which classes of the source the training begins from.

    Args:
        vq: the source.
        images: the run's images.

    Returns:
        JSON-ready dict: "names" of the run's classes, [] for images without labels; "rows", the source's number for
        each of them and last for "no class"; "sentence".
    """
    image_set = images.image_set
    known = vq.spec.every_class_name
    own = list(image_set.class_names) if images.labelled else []
    last = _likeliest(vq, image_set, np.arange(len(image_set)))
    if own and set(own) <= set(known):
        return {"rows": [*range(len(known)), last], "names": known, "sentence": _stay(own, known)}
    rows = [
        known.index(name) if name in known else _likeliest(vq, image_set, np.flatnonzero(image_set.labels == number))
        for number, name in enumerate(own)
    ]
    rows.append(last)
    words = [known[row] if row < len(known) else "no class" for row in rows]
    started = [f"{name} from {word}" for name, word in zip([*own, "images without a class"], words, strict=True)]
    sentence = f"The prior starts with the source's classes: {'; '.join(started)}." if known else ""
    return {"rows": rows, "names": own, "sentence": sentence}


def number_images(images: RunImages, names: Sequence[str]) -> RunImages:
    """The images of a run with labels that are the numbers of these names; as they are without labels."""
    if not images.labelled:
        return images
    return dataclasses.replace(images, image_set=number_as(images.image_set, list(names)))


def likeliest_class(vq: VQVAE, tokens: np.ndarray) -> int:
    """The number of the class (or of "no class") that finds some grids of tokens likeliest, int."""
    classes = range(vq.prior.network.num_classes + 1)
    return int(np.argmin([vq.prior.nats(tokens, np.full(len(tokens), row)).mean() for row in classes]))


def _likeliest(vq: VQVAE, image_set: Any, numbers: np.ndarray) -> int:
    chosen = np.random.default_rng(0).permutation(numbers)[:MOST]
    return likeliest_class(vq, vq.encode(np.asarray(image_set.images)[chosen]))


def _stay(own: Sequence[str], known: Sequence[str]) -> str:
    without = len(known) - len(own)
    rest = f" {without} of them have no images: they follow into the new style." if without else ""
    return f"The source's classes stay.{rest}"

"""The classes of a fine-tune of a VQ-VAE: each starts from the source's class that finds its images likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.training.vqvae import VQVAE

MOST = 48  # images that a class is chosen by


def measure_start(vq: VQVAE, images: RunImages) -> dict[str, Any]:
    """Which classes of the source the training begins from.

    Args:
        vq: the source.
        images: the run's images.

    Returns:
        JSON-ready dict: "rows", the source's number for each class of the images and last for "no class"; "names" of
        the images' classes; "sentence".
    """
    image_set, spec = images.image_set, vq.spec
    names = image_set.class_names if images.labelled else []
    everything = np.arange(len(image_set))
    groups = [np.flatnonzero(image_set.labels == number) for number in range(len(names))] + [everything]
    rows = []
    for group in groups:
        chosen = np.random.default_rng(0).permutation(group)[:MOST]
        rows.append(likeliest_class(vq, vq.encode(np.asarray(image_set.images)[chosen])))
    words = [spec.class_name(row) if row < spec.num_classes else "no class" for row in rows]
    started = [f"{name} from {word}" for name, word in zip([*names, "images without a class"], words, strict=True)]
    sentence = f"The prior starts with the source's classes: {'; '.join(started)}." if spec.num_classes else ""
    return {"rows": rows, "names": list(names), "sentence": sentence}


def likeliest_class(vq: VQVAE, tokens: np.ndarray) -> int:
    """The number of the class (or of "no class") that finds some grids of tokens likeliest, int."""
    classes = range(vq.prior.network.num_classes + 1)
    return int(np.argmin([vq.prior.nats(tokens, np.full(len(tokens), row)).mean() for row in classes]))

"""What is known of the terms of published networks, by the names of their files. No legal advice."""

from __future__ import annotations

import re

UNKNOWN = "unknown, assume non-commercial"
NVIDIA = "NVIDIA Source Code License: non-commercial, research or evaluation only"
NVIDIA_NC = "Nvidia Source Code License-NC: non-commercial, research or evaluation only"
_DATA = (  # words in a published file's name -> the images that it was trained on, and their terms
    ("ffhq", "FFHQ: CC BY-NC-SA 4.0"),
    ("metfaces", "MetFaces: CC BY-NC 2.0"),
    ("afhq", "AFHQ: CC BY-NC 4.0"),
    ("celebahq", "CelebA-HQ: research only"),
    ("brecahad", "BreCaHAD: terms unknown"),
    ("lsun", "LSUN: terms unknown"),
    ("cifar10", "CIFAR-10: terms unknown"),
    ("cifar-10", "CIFAR-10: terms unknown"),
)
_PUBLISHED = re.compile(  # how their authors name the files of networks
    r"(stylegan2-)?((ffhq|metfaces|afhq\w*|afhqv2|brecahad|cifar10\w*|celebahq|lsun\w*)([-_.].*)?|(car|cat|church|horse)-config-f)"
)


def licence_of(name: str, is_older: bool = False) -> str:
    """The terms of a file's networks, in words.

    Args:
        name: of the file.
        is_older: whether it was written by StyleGAN2's first program, whose terms have another name.

    Returns:
        the licence of the networks and of the images they were trained on, or `UNKNOWN`.

    Example:
        >>> licence_of("ffhq-res256-mirror-paper256-noaug.pkl")
        'NVIDIA Source Code License: non-commercial, research or evaluation only; images: FFHQ: CC BY-NC-SA 4.0'
        >>> licence_of("my_cats.pkl")
        'unknown, assume non-commercial'
    """
    stem = name.lower().rsplit(".", 1)[0]
    if not _PUBLISHED.fullmatch(stem):
        return UNKNOWN
    images = next((text for word, text in _DATA if word in stem), "LSUN: terms unknown")
    return f"{NVIDIA_NC if is_older else NVIDIA}; images: {images}"

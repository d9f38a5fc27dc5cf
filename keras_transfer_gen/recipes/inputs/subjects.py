"""Where faces and subjects are in photographs, and their background taken away: with OpenCV, where it is installed.

OpenCV's package for Python brings its face cascades along, so nothing is fetched. Version 5 has none any more, so the
extra `prepare` asks for version 4.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType

import numpy as np
from PIL import Image

from keras_transfer_gen import checks

EXTRA, MODULE = "prepare", "cv2"
CASCADE = "haarcascade_frontalface_alt2.xml"
FACE_SIDE = 640  # longest side of the copy in which faces are looked for, in pixels
SMALLEST_FACE = 0.06  # of the shorter side of the image
FACE_MARGIN, FACE_RISE = 1.9, 0.05  # side of the crop over that of the face; how much higher the middle of the crop is
SUBJECT_SIDE = 256  # longest side of the copy in which the subject is looked for
BORDER = 0.04  # share of each side that is taken for background at first
ITERATIONS = 4
LEAST_SUBJECT, MOST_SUBJECT = 0.02, 0.95  # share of the image that a subject covers
SUBJECT_MARGIN = 1.1  # side of the crop over that of the subject


def require_opencv() -> ModuleType:
    """The module `cv2`, or a `UserImportError` that names the extra."""
    install = f"Install it with `pip install 'keras-transfer-gen[{EXTRA}]'`."
    if importlib.util.find_spec(MODULE) is None:
        raise checks.UserImportError(f"Faces, subjects and backgrounds need OpenCV, which is not installed. {install}")
    cv2 = importlib.import_module(MODULE)
    if not hasattr(cv2, "CascadeClassifier"):
        raise checks.UserImportError(f"OpenCV {cv2.__version__} has no face cascades; version 4 has. {install}")
    return cv2


def find_face(image: Image.Image, cv2: ModuleType) -> tuple[int, int, int, int] | None:
    """A square around the largest face.

    Args:
        image: RGB `PIL.Image.Image`.
        cv2: of `require_opencv`.

    Returns:
        (left, top, right, bottom) in pixels, inside the image; None where there is no face.
    """
    cascade = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, CASCADE))
    small, scale = _smaller(image, FACE_SIDE)
    grey = cv2.equalizeHist(cv2.cvtColor(np.asarray(small), cv2.COLOR_RGB2GRAY))
    least = max(round(SMALLEST_FACE * min(small.size)), 20)
    faces = cascade.detectMultiScale(grey, 1.1, 4, minSize=(least, least))
    if len(faces) == 0:
        return None
    left, top, width, height = (float(value) * scale for value in max(faces, key=lambda face: face[2] * face[3]))
    middle = (left + width / 2, top + height / 2 - FACE_RISE * height)
    return square_inside(middle, FACE_MARGIN * max(width, height), image.size)


def find_subject(image: Image.Image, cv2: ModuleType) -> np.ndarray | None:
    """Which pixels are the subject: what differs from the colours at the border of the image.

    Args:
        image: RGB `PIL.Image.Image`.
        cv2: of `require_opencv`.

    Returns:
        float32 `[H, W]` of the image's size, from 0 (background) to 1 (subject); None where nothing stands out.

    Reference:
        Rother et al., 2004, "GrabCut: interactive foreground extraction using iterated graph cuts".
    """
    small, _ = _smaller(image, SUBJECT_SIDE)
    pixels = cv2.cvtColor(np.asarray(small), cv2.COLOR_RGB2BGR)
    height, width = pixels.shape[:2]
    x, y = max(round(BORDER * width), 1), max(round(BORDER * height), 1)
    if width - 2 * x < 2 or height - 2 * y < 2 or not pixels.std():
        return None
    mask, background, foreground = np.zeros((height, width), np.uint8), np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    rectangle = (x, y, width - 2 * x, height - 2 * y)
    cv2.grabCut(pixels, mask, rectangle, background, foreground, ITERATIONS, cv2.GC_INIT_WITH_RECT)
    subject = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts, facts, _ = cv2.connectedComponentsWithStats(subject)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
    kept = np.isin(parts, [n for n in range(1, count) if facts[n, cv2.CC_STAT_AREA] * 10 >= facts[largest, 4]])
    if not LEAST_SUBJECT <= kept.mean() <= MOST_SUBJECT:
        return None
    whole = Image.fromarray((255 * kept).astype(np.uint8)).resize(image.size, Image.Resampling.BICUBIC)
    return np.asarray(whole, np.float32) / 255.0


def subject_square(mask: np.ndarray) -> tuple[int, int, int, int]:
    """A square around a subject.

    Args:
        mask: float32 `[H, W]` of `find_subject`.

    Returns:
        (left, top, right, bottom) in pixels, inside the image.
    """
    rows, columns = np.flatnonzero((mask > 0.5).any(1)), np.flatnonzero((mask > 0.5).any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = SUBJECT_MARGIN * max(bottom - top, right - left)
    return square_inside(((left + right) / 2, (top + bottom) / 2), side, mask.shape[::-1])


def without_background(image: Image.Image, mask: np.ndarray, colour: tuple[int, int, int]) -> Image.Image:
    """An image with another background.

    Args:
        image: RGB `PIL.Image.Image`.
        mask: float32 `[H, W]` of `find_subject`.
        colour: (r, g, b) of the new background.
    """
    pixels = np.asarray(image, np.float32)
    mixed = mask[..., None] * pixels + (1.0 - mask[..., None]) * np.asarray(colour, np.float32)
    return Image.fromarray(mixed.round().astype(np.uint8))


def square_inside(middle: tuple[float, float], side: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A square of about a middle and a side that lies inside an image: moved, and made smaller where it must be.

    Args:
        middle: (x, y) in pixels.
        side: in pixels.
        size: (width, height) of the image.

    Returns:
        (left, top, right, bottom), whole pixels.

    Example:
        >>> square_inside((2, 50), 40, (100, 100)), square_inside((50, 10), 200, (100, 60))
        ((0, 30, 40, 70), (20, 0, 80, 60))
    """
    side = max(1, min(round(side), *size))
    left, top = (min(max(round(m - side / 2), 0), whole - side) for m, whole in zip(middle, size, strict=True))
    return left, top, left + side, top + side


def _smaller(image: Image.Image, longest: int) -> tuple[Image.Image, float]:
    """(the image, or a copy whose longer side is `longest`; how many times smaller it is)."""
    scale = max(max(image.size) / longest, 1.0)
    if scale == 1.0:
        return image, 1.0
    return image.resize([max(round(side / scale), 1) for side in image.size], Image.Resampling.BOX), scale

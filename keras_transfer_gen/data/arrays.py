"""Arrays, .npz and .npy files of images -> `ImageSet`."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_transfer_gen import checks, files
from keras_transfer_gen.data import cache, decode, entries
from keras_transfer_gen.data.image_set import ImageSet, Original, digest_of, numbered_names

if TYPE_CHECKING:
    from pathlib import Path

    from keras_transfer_gen.aliases import LabelSource, PathLike, Progress
    from keras_transfer_gen.data.decode import Frame


MAX_ARRAY_BYTES = 8 * 2**30
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
DAMAGE = (OSError, ValueError, KeyError, EOFError, SyntaxError, MemoryError, zipfile.BadZipFile, zlib.error)
COMPANIONS = ("labels", "groups", "class_names")
RANGES = "uint8 0..255, or floats that plainly fill [0, 1], [-1, 1] or 0..255"


def read_array_file(
    path: Path, frame: Frame, cache_dir: PathLike | None = None, progress: Progress | None = None
) -> ImageSet:
    """`ImageSet` of an .npz (array `images` or the only one, optional `labels`, `groups`, `class_names`) or an .npy.

    Args:
        path: `pathlib.Path` of the file.
        frame: `decode.Frame`.
        cache_dir: folder of the decoded images.
        progress: function `(done, total) -> None`.

    Raises:
        UserFileError: where it is damaged or holds Python objects, which are never loaded.
        UserError: where its arrays are no images.
    """
    try:
        with open(path, "rb") as stream:
            if stream.read(2) == b"PK":
                stream.seek(0)
                with np.load(stream, allow_pickle=False) as archive:
                    loaded = _read_archive(archive, path)
            else:
                loaded = {"images": np.load(path, mmap_mode="r", allow_pickle=False)}
    except DAMAGE as error:
        if isinstance(error, checks.USER_ERRORS):
            raise
        if "Object arrays" in str(error) or "Python objects" in str(error):
            hint = "It holds Python objects, which are never loaded. Save plain uint8 arrays."
        else:
            hint = "It is damaged, cut off or something else. Copy or save it again."
        raise checks.file_error("source", f"a readable {path.suffix} file", path, hint) from error
    return read_array(
        loaded["images"],
        frame,
        labels=loaded.get("labels"),
        groups=loaded.get("groups"),
        class_names=np.asarray(loaded.get("class_names", ())).tolist(),
        cache_dir=cache_dir,
        progress=progress,
    )


def _read_archive(archive: Any, path: PathLike) -> dict[str, np.ndarray]:
    """dict of "images" and, where they are there, the arrays of `COMPANIONS` -> array."""
    names = archive.files
    rest = [name for name in names if name not in COMPANIONS]
    if "images" not in names and len(rest) != 1:
        raise checks.user_error(
            "source", "an .npz file with an array `images`", str(path), f"It holds: {', '.join(names)}."
        )
    images_name = "images" if "images" in names else rest[0]
    needed = [images_name, *(name for name in COMPANIONS if name in names)]
    for info in archive.zip.infolist():
        if info.filename.removesuffix(".npy") in needed:
            _check_member(info, path)
    return {"images" if name == images_name else name: archive[name] for name in needed}


def _check_member(info: zipfile.ZipInfo, path: PathLike) -> None:
    if info.file_size > MAX_ARRAY_BYTES:
        hint = f"It unpacks to {info.file_size / 2**30:.0f} GiB. Save it as .npy, which is read piece by piece."
        raise checks.user_error("source", f"at most {MAX_ARRAY_BYTES // 2**30} GiB as .npz", str(path), hint)
    if entries.is_bomb(info.file_size, info.compress_size):
        hint = f"Its array {info.filename} unpacks to {info.file_size // max(info.compress_size, 1):,} times its size."
        raise checks.user_error("source", "an .npz file that is no zip bomb", str(path), hint)


def read_array(
    images: np.ndarray,
    frame: Frame,
    labels: Any = None,
    groups: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    cache_dir: PathLike | None = None,
    progress: Progress | None = None,
) -> ImageSet:
    """`ImageSet` of an array; images of another size are cropped or padded to the frame.

    Args:
        images: `[N, H, W]` or `[N, H, W, C]` with C of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA); uint8, or
            numbers whose range is plain (see `value_range`).
        frame: `decode.Frame`.
        labels: `[N]` of integers from 0 on or of text, or None.
        groups: `[N]` integers, or None for one group.
        class_names: names of the labels; by default the text or the numbers themselves.
        cache_dir: folder of the decoded images.
        progress: function `(done, total) -> None`.

    Raises:
        UserError: for another shape, or values whose range is not plain.
    """
    images = check_shape(images)
    if images.dtype != np.uint8:
        finite = images.size and images.dtype.kind in "biuf" and np.isfinite(images).all()
        low, high = (float(images.min()), float(images.max())) if finite else (np.nan, np.nan)
        images = to_levels(images, value_range(low, high, images.dtype))
    count = len(images)
    labels, class_names = check_labels(labels, count, class_names)
    mode = MODES[images.shape[-1]]
    if images.shape[1:] == frame.shape:
        fitted, digest = _locked(images), None
    else:
        fitted, digest = _fit_all(images, frame, cache_dir, progress)
    return ImageSet(
        images=fitted,
        labels=labels,
        class_names=class_names,
        names=numbered_names(count),
        groups=_check_groups(groups, count),
        digest=digest or digest_of(fitted),
        skipped=[],
        originals=[Original("array", mode, images.shape[2], images.shape[1])] * count,
    )


def value_range(low: float, high: float, dtype: np.dtype | type) -> str:
    """The range that numbers are in, by their extremes: "levels" (0..255), "unit" ([0, 1]) or "model" ([-1, 1]).

    Args:
        low: smallest value of all images.
        high: largest value of all images.
        dtype: their NumPy dtype.

    Raises:
        UserError: where more than one range fits, or none.
    """
    kind = np.dtype(dtype).kind
    if 0 <= low and 8 < high <= 255:  # up to 8 may also be [0, 1] with an overshoot
        return "levels"
    if kind == "f" and -1 <= low < -0.1 and 0 < high <= 1:
        return "model"
    if kind == "f" and 0 <= low < 0.4 and 0.1 < high <= 1:  # in [-1, 1] no pixel would be darker than grey
        return "unit"
    hint = "Convert the images to uint8 first, such as np.uint8(images * 255)."
    raise checks.user_error("source", f"images with {RANGES}", f"{np.dtype(dtype).name} from {low:g} to {high:g}", hint)


def to_levels(values: np.ndarray, range_name: str) -> np.ndarray:
    """Numbers in the range that `value_range` named -> uint8 0..255."""
    if range_name == "levels":
        return np.round(values).astype(np.uint8)
    from keras_transfer_gen import pixels  # loads TensorFlow: only where it is needed

    values = np.asarray(values, np.float32)
    return pixels.to_uint8(values * 2 - 1 if range_name == "unit" else values).numpy()


def fit_array(image: np.ndarray, frame: Frame) -> np.ndarray:
    """uint8 `[H, W, C]` with C of 1 to 4 -> uint8 `[S, S, C]` of the frame."""
    mode = MODES[image.shape[-1]]
    return decode.fit_image(Image.fromarray(image[..., 0] if mode == "L" else np.ascontiguousarray(image)), frame)


def check_shape(images: np.ndarray) -> np.ndarray:
    """`[N, H, W]` or `[N, H, W, C]` -> `[N, H, W, C]`, or a `UserError` for another shape."""
    shape = images.shape
    if images.ndim == 3 and shape[2] in MODES and shape[1] > max(MODES):
        hint = "It looks like one image with its channels last: give images[None]."
        raise checks.user_error("source", "an array of images", images, hint)
    if images.ndim == 3 and min(shape[1:]) > 0:
        return images[..., np.newaxis]
    if images.ndim == 4 and shape[-1] in MODES and min(shape[1:]) > 0:
        return images
    channels_first = images.ndim == 4 and shape[1] in MODES
    hint = "Move the channels to the end: images.transpose(0, 2, 3, 1)." if channels_first else ""
    raise checks.user_error("source", "an array [N, H, W] or [N, H, W, C] with C from 1 to 4", images, hint)


def _locked(images: np.ndarray) -> np.ndarray:
    """The images read-only: a copy, so that the caller may change the array; one that is too large is not copied."""
    if images.nbytes <= cache.MEMORY_LIMIT:
        images = np.array(images, order="C")
    else:
        images = images.view() if images.flags.c_contiguous else np.ascontiguousarray(images)
    images.flags.writeable = False
    return images


def _fit_all(
    images: np.ndarray, frame: Frame, cache_dir: PathLike | None, progress: Progress | None
) -> tuple[np.ndarray, str]:
    key = files.sha256(repr(cache.frame_settings(frame)).encode(), digest_of(np.ascontiguousarray(images)).encode())

    def produce(write: Callable[[np.ndarray], Any]) -> dict[str, Any]:
        for done, image in enumerate(images, 1):
            write(fit_array(image, frame))
            if progress:
                progress(done, len(images))
        return {}

    fitted, digest, _ = cache.cached_records(key, frame.shape, produce, cache_dir)
    return fitted, digest


def check_labels(
    labels: LabelSource | None, count: int, class_names: Sequence[str]
) -> tuple[np.ndarray | None, list[str]]:
    """Labels of `count` images (None, integers from 0 on, or text) -> (int32 `[count]` or None, class names)."""
    if labels is None:
        return None, []
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iuUS" or (labels.dtype.kind == "i" and (labels < 0).any()):
        expected = f"one integer from 0 on, or one text, for each of {count} images"
        raise checks.user_error("labels", expected, labels)
    if labels.dtype.kind in "US":
        texts, labels = np.unique(labels.astype(str), return_inverse=True)
        return labels.astype(np.int32), texts.tolist()
    most = int(labels.max(initial=-1))
    names = [str(name) for name in class_names] or [str(index) for index in range(most + 1)]
    if len(names) <= most:
        step = f"{len(names)} names are there: {', '.join(names)}."
        raise checks.user_error("labels", "numbers below the number of class names", most, step)
    return labels.astype(np.int32), names


def _check_groups(groups: np.ndarray | None, count: int) -> np.ndarray:
    if groups is None:
        return np.zeros(count, np.int32)
    groups = np.asarray(groups)
    if groups.shape != (count,) or groups.dtype.kind not in "iu":
        raise checks.user_error("groups", f"one integer for each of {count} images", groups)
    return np.unique(groups, return_inverse=True)[1].astype(np.int32)

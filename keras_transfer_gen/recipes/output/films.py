"""Films that repeat without end: GIF, WebP, APNG, and MP4 where an encoder is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.recipes.output.sheet_file import add_mark, check_sheet

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Images


FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".mp4": "MP4"}
ENCODER = "ffmpeg"


def check_film(path: Path) -> Path:
    """Returns the path of a film that can be written.

    Args:
        path: `pathlib.Path`.

    Raises:
        UserError, UserFileError: for another kind of file, an image that this package did not write, or an MP4 without
            an encoder.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS or path.is_dir():
        raise checks.user_error(
            "out", f"a file {', '.join('*' + end for end in FORMATS)}", str(path), "Such as walk.gif."
        )
    if suffix == ".png":
        check_sheet(path, "out")
    if suffix == ".mp4" and shutil.which(ENCODER) is None:
        hint = f"MP4 needs the program {ENCODER}, which is not installed. Write a .webp or .gif instead."
        raise checks.user_error("out", "a kind of film that can be written here", str(path), hint)
    return path


def write_film(path: Path, images: Images, rate: float = 12.0) -> None:
    """Writes images as a film.

    Args:
        path: `pathlib.Path` that `check_film` returned.
        images: uint8 `[N, H, W, C]`.
        rate: images a second.
    """
    frames, suffix = pixels.to_rgb(images), path.suffix.lower()
    if suffix == ".mp4":
        _write_mp4(path, frames, rate)
        return
    pictures = [Image.fromarray(frame) for frame in frames]
    if suffix == ".gif":
        pictures = [picture.quantize(256) for picture in pictures]
    options = {"lossless": True} if suffix == ".webp" else {}
    stream = io.BytesIO()
    pictures[0].save(
        stream, FORMATS[suffix], save_all=True, append_images=pictures[1:], duration=round(1000 / rate), loop=0,
        **options,
    )  # fmt: skip
    content = stream.getvalue()
    files.write_bytes(path, add_mark(content) if suffix == ".png" else content)


def _write_mp4(path: Path, frames: np.ndarray, rate: float) -> None:
    height, width = frames.shape[1:3]
    frames = np.pad(
        frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge"
    )  # the encoder needs even sides
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    with files.atomic_path(path) as partial:
        command = [
            ENCODER, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{rate:g}",
            "-i", "-", "-pix_fmt", "yuv420p", "-f", "mp4", str(partial),
        ]  # fmt: skip
        done = subprocess.run(command, input=frames.tobytes(), capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it gave no reason"]
            raise checks.file_error("out", "a film that ffmpeg can write", path, f"{last[0]}. Write a .webp instead.")

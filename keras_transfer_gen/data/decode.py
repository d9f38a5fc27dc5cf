"""One image file or Pillow image -> uint8 pixels of the wanted size, or the reason why it can't be used."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import threading
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageColor,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from keras_transfer_gen import checks
from keras_transfer_gen.data.image_set import Original

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Colour


MAX_PIXELS = 50_000_000
SERIAL_PIXELS = 16_000_000  # larger images are decoded one at a time, so that memory doesn't grow with the threads
HEAD = 32  # bytes that are enough to recognise every format

# The classes are called directly: `Image.open` would apply Pillow's own, global pixel limit and try other formats.
DECODERS: dict[str, Any] = {
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}
STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # "BM" alone is also how some texts begin
UNSUPPORTED_STARTS = (
    (0, b"8BPS", ".psd"),
    (0, b"\xff\x0a", ".jxl"),
    (0, b"%PDF", ".pdf"),
    (4, b"JXL ", ".jxl"),
    (4, b"jP  ", ".jp2"),
    (4, b"ftypavif", ".avif"),
    (4, b"ftypheic", ".heic"),
    (4, b"ftypmif1", ".heic"),
)
# Camera files begin like TIFF files, but a TIFF reader reads only the thumbnail in them.
CAMERA_SUFFIXES = frozenset((".arw", ".cr2", ".dng", ".nef", ".nrw", ".orf", ".pef", ".rw2", ".srw"))
UNSUPPORTED_SUFFIXES = CAMERA_SUFFIXES | frozenset(
    (".ai", ".avif", ".cr3", ".eps", ".exr", ".hdr", ".heic", ".heif", ".ico", ".jp2", ".jxl", ".pbm", ".pdf", ".pgm")
    + (".ppm", ".psd", ".raf", ".svg", ".svgz", ".tga", ".xcf")
)
IMAGE_SUFFIXES = frozenset((".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
# Value of the EXIF tag 274 -> the operation that brings the image upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)  # values under which width and height are exchanged
SIDES = (4, 1024)  # least and greatest side of an image, in pixels
_large_images = threading.Lock()


class UnusableError(Exception):
    """An image can't be used and is skipped; the text is the reason that the user reads."""


@dataclasses.dataclass(frozen=True)
class Frame:
    """The size, channels and background that every image of a set gets.

    Args:
        image_size: side of the square, 4 to 1024 pixels. Third-party generators have other sizes than the networks of
            this package.
        channels: 1 (grey) or 3 (RGB).
        resize_mode: "crop" cuts the middle square out; "pad" keeps the whole image and fills the rest.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).

    Raises:
        UserError: for a size, number of channels, resize mode or colour that can't be used.
    """

    image_size: int = 64
    channels: int = 3
    resize_mode: str = "crop"
    background: str | tuple = "white"

    def __post_init__(self) -> None:
        size_step = "Choose one with image_size= or --image-size."
        checks.check_integer("image_size", self.image_size, *SIDES, next_step=size_step)
        checks.check_choice("channels", self.channels, checks.CHANNELS, "1 is grey, 3 is RGB.")
        mode_step = "Set it with resize_mode= or --resize-mode."
        checks.check_choice("resize_mode", self.resize_mode, checks.RESIZE_MODES, mode_step)
        object.__setattr__(self, "background", parse_colour(self.background))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(S, S, C) of a fitted image."""
        return (self.image_size, self.image_size, self.channels)


def parse_colour(colour: int | str | tuple[float, ...]) -> tuple[int, int, int]:
    """A colour's name, "#rrggbb" or three levels -> (r, g, b), or a `UserError`."""
    levels: Any = colour
    if isinstance(colour, str):
        try:
            levels = ImageColor.getrgb(colour)
        except ValueError:
            levels = ()
    whole = isinstance(levels, (tuple, list)) and all(isinstance(level, int) and 0 <= level <= 255 for level in levels)
    if not whole or len(levels) != 3:
        hint = "Set it with background= or --background."
        raise checks.user_error("background", 'a colour such as "white", "#ff8000" or (255, 128, 0)', colour, hint)
    return tuple(levels)


def recognise(name: str, head: bytes) -> str:
    """The format of a file by its content.

    Args:
        name: the file's name; used for the reason and to tell camera files from TIFF.
        head: its first `HEAD` bytes (fewer where it is shorter).

    Returns:
        A key of `DECODERS`.

    Raises:
        UnusableError: with the reason.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if not head:
        raise UnusableError("empty file")
    kind = next((kind for start, kind in STARTS if head.startswith(start)), None)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        kind = "BMP"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "WEBP"
    if kind and not (kind == "TIFF" and suffix in CAMERA_SUFFIXES):
        return kind
    unsupported = next((name for at, mark, name in UNSUPPORTED_STARTS if head[at:].startswith(mark)), None)
    if unsupported or suffix in UNSUPPORTED_SUFFIXES:
        raise UnusableError(f"unsupported format: {unsupported or suffix}")
    if suffix in IMAGE_SUFFIXES or not re.fullmatch(r"\.[a-z0-9_-]{1,12}", suffix):
        raise UnusableError("not an image")
    raise UnusableError(f"not an image: {suffix}")


def decode_image(content: bytes, kind: str, frame: Frame) -> tuple[np.ndarray, Original]:
    """Decodes a whole file: upright, on the background, cropped or padded to the frame.

    Args:
        content: bytes of the file.
        kind: its format, a key of `DECODERS`.
        frame: `Frame`.

    Returns:
        (uint8 ndarray `[S, S, C]`, `Original`).

    Raises:
        UnusableError: with the reason.
    """
    mode = ""
    try:
        image = DECODERS[kind](io.BytesIO(content))
        mode, size = image.mode, image.size
        check_pixels(image)
        if kind == "JPEG":
            # Decoding at 1/2, 1/4 or 1/8 is many times faster; four times the size keeps the result the same.
            image.draft(None, (4 * frame.image_size, 4 * frame.image_size))
        fitted, orientation = _fit_upright(image, frame)
    except UnusableError:
        raise
    except Exception as error:  # decoders raise nearly every kind for damaged files
        raise UnusableError(_unusable_reason(error, content, kind, mode)) from error
    return fitted, _original(kind, mode, size, orientation)


def decode_pillow(image: Image.Image, frame: Frame) -> tuple[np.ndarray, Original]:
    """A Pillow image, loaded or not: upright, on the background, cropped or padded to the frame.

    Args:
        image: `PIL.Image.Image`; it is not changed.
        frame: `Frame`.

    Returns:
        (uint8 ndarray `[S, S, C]`, `Original`); the format of an image that no file was read for is "array".

    Raises:
        UnusableError: with the reason.
    """
    kind = image.format or "array"
    try:
        check_pixels(image)
        fitted, orientation = _fit_upright(image, frame)
    except UnusableError:
        raise
    except Exception as error:  # as for files, which are read only now where the image isn't loaded yet
        raise UnusableError(_unusable_reason(error, None, kind, image.mode)) from error
    return fitted, _original(kind, image.mode, image.size, orientation)


def decode_upright(content: bytes, kind: str, background: Colour = "white") -> Image.Image:
    """A whole file as a Pillow image: upright, RGB on the background, in its own size.

    Args:
        content: bytes of the file.
        kind: its format, a key of `DECODERS`.
        background: colour under transparent pixels, as `parse_colour` takes it.

    Raises:
        UnusableError: with the reason.
    """
    mode = ""
    try:
        image = DECODERS[kind](io.BytesIO(content))
        mode = image.mode
        check_pixels(image)
        image.load()
        turn = UPRIGHT.get(_orientation(image))
        flat = _flatten(image, parse_colour(background))
        return flat if turn is None else flat.transpose(turn)
    except UnusableError:
        raise
    except Exception as error:  # decoders raise nearly every kind for damaged files
        raise UnusableError(_unusable_reason(error, content, kind, mode)) from error


def check_pixels(image: Image.Image) -> None:
    """Raises `UnusableError` where a Pillow image has more than `MAX_PIXELS` pixels."""
    if image.width * image.height > MAX_PIXELS:
        raise UnusableError(too_many_pixels(image.width * image.height))


def _original(kind: str, mode: str, size: tuple[int, int], orientation: int) -> Original:
    width, height = reversed(size) if orientation in SIDEWAYS else size
    return Original(kind, mode, width, height)


def fit_image(image: Image.Image, frame: Frame) -> np.ndarray:
    """A loaded Pillow image of any mode -> uint8 ndarray `[S, S, C]`."""
    square = _fit_square(_flatten(image, frame.background), frame)
    return np.array(square.convert("L") if frame.channels == 1 else square).reshape(frame.shape)


def too_many_pixels(count: int) -> str:
    """The reason why an image of so many pixels is skipped."""
    number = f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"
    return f"{number} pixels: over the limit of {MAX_PIXELS / 1e6:.0f} million"


def _fit_upright(image: Image.Image, frame: Frame) -> tuple[np.ndarray, int]:
    """(uint8 `[S, S, C]`, value of the EXIF orientation) of a Pillow image that may have to be read yet."""
    large = image.width * image.height > SERIAL_PIXELS
    with _large_images if large else contextlib.nullcontext():
        image.load()
        orientation = _orientation(image)
        fitted = fit_image(image, frame)
    if orientation in UPRIGHT:  # the fitted square is small, and fitting is symmetric
        square = Image.fromarray(fitted.squeeze(-1) if frame.channels == 1 else fitted)
        fitted = np.array(square.transpose(UPRIGHT[orientation])).reshape(frame.shape)
    return fitted, orientation


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(274, 1)
    except Exception:  # an image with a broken EXIF block can be used all the same
        return 1


def _flatten(image: Image.Image, background: Colour) -> Image.Image:
    """Any mode -> RGB on the background."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_scale_grey(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (*background, 255))
        ground.alpha_composite(image)
        image = ground
    return image.convert("RGB")


def _scale_grey(values: np.ndarray) -> np.ndarray:
    """Grey values `[H, W]` of 16 or 32 bits, or floats -> uint8: scaled by the range of the format, never clipped."""
    if values.dtype.itemsize == 2:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.isfinite(values).all():
        raise UnusableError("pixels that are not numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:  # the format has no range: the image's own one
        scaled = (values.astype(np.float64) - low) * (255.0 / max(high - low, 1e-30))
    elif high > 255:
        scaled = values / 257.0
    elif high > 1 or values.dtype.kind != "f":
        scaled = values
    else:
        scaled = values * 255.0
    return np.round(scaled).astype(np.uint8)


def _fit_square(image: Image.Image, frame: Frame) -> Image.Image:
    size, (width, height) = frame.image_size, image.size
    if frame.resize_mode == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _resize(image.crop((left, top, left + side, top + side)), (size, size))
    longest = max(width, height)
    inner = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    square = Image.new("RGB", (size, size), frame.background)
    square.paste(_resize(image, inner), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return square


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    # Averaging whole blocks is exact; both filters widen with the factor, so neither aliases.
    whole = image.width % size[0] == 0 and image.height % size[1] == 0
    return image.resize(size, Image.Resampling.BOX if whole else Image.Resampling.LANCZOS)


def _unusable_reason(error: Exception, content: bytes | None, kind: str, mode: str) -> str:
    """Why an image can't be used, of the exception of its decoder; `content` is None for a Pillow image."""
    text = str(error).lower()
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"(\d+) pixels", text)
        return too_many_pixels(int(pixels[1])) if pixels else "too many pixels"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    if "conversion from" in text:
        return f"unsupported colour mode: {mode}"
    short_webp = kind == "WEBP" and content is not None and int.from_bytes(content[4:8], "little") + 8 > len(content)
    if "truncated" in text or "end of file" in text or isinstance(error, EOFError) or short_webp:
        return "truncated image"
    return "broken image"

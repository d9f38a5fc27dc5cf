"""The bytes of one image file -> uint8 pixels of the size asked for, or the reason why not."""

import dataclasses
import io
import re
import threading
from pathlib import PurePosixPath

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

MAX_PIXELS = 50_000_000
SERIAL_PIXELS = 16_000_000  # larger ones are decoded one at a time, so that memory doesn't grow with the threads
HEAD = 32  # bytes that are enough to recognise every format

# The classes are called directly: `Image.open` would apply Pillow's own, global pixel limit and try other formats.
DECODERS = {
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
FOREIGN_STARTS = (
    (0, b"8BPS", ".psd"),
    (0, b"\xff\x0a", ".jxl"),
    (0, b"%PDF", ".pdf"),
    (4, b"JXL ", ".jxl"),
    (4, b"jP  ", ".jp2"),
    (4, b"ftypavif", ".avif"),
    (4, b"ftypheic", ".heic"),
    (4, b"ftypmif1", ".heic"),
)
# Camera files look like TIFF, and what a TIFF reader finds in them is the thumbnail.
CAMERA = frozenset((".arw", ".cr2", ".dng", ".nef", ".nrw", ".orf", ".pef", ".rw2", ".srw"))
FOREIGN = CAMERA | frozenset(
    (".ai", ".avif", ".cr3", ".eps", ".exr", ".hdr", ".heic", ".heif", ".ico", ".jp2", ".jxl", ".pbm", ".pdf", ".pgm")
    + (".ppm", ".psd", ".raf", ".svg", ".svgz", ".tga", ".xcf")
)
IMAGE = frozenset((".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
# EXIF tag 274 -> what brings the image upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDES = (4, 1024)  # least and greatest side of an image, in pixels
FITS = ("crop", "pad")
_large = threading.Lock()


class UnusableError(Exception):
    """An image that is left out; the text is the reason as the user reads it."""


@dataclasses.dataclass(frozen=True)
class Frame:
    """What every image is fitted to.

    Args:
        image_size: side of the square, 4 to 1024 pixels: whatever a generator makes, not only what is built here.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" cuts the middle square out; "pad" keeps the whole image and fills the rest.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).

    Raises:
        UserError: for a size, number of channels, fit or colour that isn't known.
    """

    image_size: int = 64
    channels: int = 3
    fit: str = "crop"
    background: str | tuple = "white"

    def __post_init__(self):
        step = "Choose one with image_size= or --image-size."
        checks.check_integer("image_size", self.image_size, *SIDES, next_step=step)
        checks.check_choice("channels", self.channels, checks.CHANNELS, "1 is grey, 3 is RGB.")
        checks.check_choice("fit", self.fit, FITS, "Set it with fit= or --resize-mode.")
        object.__setattr__(self, "background", parse_colour(self.background))

    @property
    def shape(self):
        """(S, S, C) of a fitted image."""
        return (self.image_size, self.image_size, self.channels)


def parse_colour(colour):
    """A colour's name, "#rrggbb" or three levels -> (r, g, b), or a `UserError`."""
    levels = colour
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


def recognise(name, head):
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
    found = next((kind for start, kind in STARTS if head.startswith(start)), None)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        found = "BMP"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = "WEBP"
    if found and not (found == "TIFF" and suffix in CAMERA):
        return found
    foreign = next((kind for place, mark, kind in FOREIGN_STARTS if head[place:].startswith(mark)), None)
    if foreign or suffix in FOREIGN:
        raise UnusableError(f"unsupported format: {foreign or suffix}")
    if suffix in IMAGE or not re.fullmatch(r"\.[a-z0-9_-]{1,12}", suffix):
        raise UnusableError("not an image")
    raise UnusableError(f"not an image: {suffix}")


def decode_image(content, kind, frame):
    """Decodes a whole file: the right way up, on the background, fitted.

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
        mode, (width, height) = image.mode, image.size
        if width * height > MAX_PIXELS:
            raise UnusableError(too_many_pixels(width * height))
        if kind == "JPEG":
            # Decoding at 1/2, 1/4 or 1/8 is many times faster; four times the size keeps the result the same.
            image.draft(None, (4 * frame.image_size, 4 * frame.image_size))
        if image.width * image.height > SERIAL_PIXELS:
            with _large:
                pixels_, turn = _fit(image, frame)
        else:
            pixels_, turn = _fit(image, frame)
    except UnusableError:
        raise
    except Exception as error:  # decoders raise nearly every kind for damaged files
        raise UnusableError(_reason(error, content, kind, mode)) from error
    if turn in (5, 6, 7, 8):
        width, height = height, width
    return pixels_, Original(kind, mode, width, height)


def fit_image(image, frame):
    """A loaded Pillow image of any mode -> uint8 ndarray `[S, S, C]`."""
    square = _fit_square(_flatten(image, frame.background), frame)
    return np.array(square.convert("L") if frame.channels == 1 else square).reshape(frame.shape)


def too_many_pixels(count):
    """The reason why an image of so many pixels is left out."""
    said = f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"
    return f"{said} pixels: over the limit of {MAX_PIXELS / 1e6:.0f} million"


def _fit(image, frame):
    image.load()
    turn = _orientation(image)
    pixels_ = fit_image(image, frame)
    if turn in UPRIGHT:  # the fitted square is small, and fitting is symmetric
        upright = Image.fromarray(pixels_.squeeze(-1) if frame.channels == 1 else pixels_).transpose(UPRIGHT[turn])
        pixels_ = np.array(upright).reshape(frame.shape)
    return pixels_, turn


def _orientation(image):
    try:
        return image.getexif().get(274, 1)
    except Exception:  # a broken EXIF block is no reason to lose the image
        return 1


def _flatten(image, background):
    """Any mode -> RGB on the background."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_to_levels(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (*background, 255))
        ground.alpha_composite(image)
        image = ground
    return image.convert("RGB")


def _to_levels(values):
    """Grey values of 16 or 32 bits or floats `[H, W]` -> uint8: scaled by the range of the format, never clipped."""
    if values.dtype.itemsize == 2:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.isfinite(values).all():
        raise UnusableError("pixels that are not numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:  # a format without a range: the image's own
        scaled = (values.astype(np.float64) - low) * (255.0 / max(high - low, 1e-30))
    elif high > 255:
        scaled = values / 257.0
    elif high > 1 or values.dtype.kind != "f":
        scaled = values
    else:
        scaled = values * 255.0
    return np.round(scaled).astype(np.uint8)


def _fit_square(image, frame):
    size, (width, height) = frame.image_size, image.size
    if frame.fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _resize(image.crop((left, top, left + side, top + side)), (size, size))
    longest = max(width, height)
    inner = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    square = Image.new("RGB", (size, size), frame.background)
    square.paste(_resize(image, inner), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return square


def _resize(image, size):
    if image.size == size:
        return image
    # Averaging whole blocks is exact; both filters widen with the factor, so neither aliases.
    whole = image.width % size[0] == 0 and image.height % size[1] == 0
    return image.resize(size, Image.Resampling.BOX if whole else Image.Resampling.LANCZOS)


def _reason(error, content, kind, mode):
    text = str(error).lower()
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"(\d+) pixels", text)
        return too_many_pixels(int(pixels[1])) if pixels else "too many pixels"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    if "conversion from" in text:
        return f"unsupported colour mode: {mode}"
    short_webp = kind == "WEBP" and int.from_bytes(content[4:8], "little") + 8 > len(content)
    if "truncated" in text or "end of file" in text or isinstance(error, EOFError) or short_webp:
        return "truncated image"
    return "broken image"

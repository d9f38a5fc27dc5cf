"""Image files for tests: PNG files of noise, a folder with files of every kind that can't be used, archives."""

import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(0)
USABLE = ["cats/1.png", "cats/2 ü.png", "dogs/3.png", "dogs/4.jpg"]
REASONS = {
    "bomb.png": "10 billion pixels: over the limit of 50 million",
    "cut.png": "truncated image",
    "drawing.svg": "unsupported format: .svg",
    "empty.png": "empty file",
    "notes.txt": "not an image: .txt",
    "text.png": "not an image",
}


def save_png(path, size=(32, 32), **options):
    """Writes a PNG file of noise, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RANDOM.integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG", **options)


def pack_zip(path, folder):
    """Packs everything in a folder into a zip file; returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def png_bomb():
    """A PNG file that claims 10 billion pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(bytes(10**6))
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (header, body)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def write_photos(root):
    """Writes two classes with the two images each of `USABLE`, the files of `REASONS`, and a hidden file."""
    for name in USABLE:  # 4.jpg is really a PNG file
        save_png(root / name)
    good = (root / "cats/1.png").read_bytes()
    (root / "empty.png").write_bytes(b"")
    (root / "text.png").write_text("no image at all")
    (root / "cut.png").write_bytes(good[: len(good) // 2])
    (root / "notes.txt").write_text("my notes")
    (root / "drawing.svg").write_text("<svg/>")
    (root / "bomb.png").write_bytes(png_bomb())
    (root / ".hidden.png").write_bytes(b"")
    return root

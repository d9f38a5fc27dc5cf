"""Writes 64x64 patches of desktop photographs, one folder for each photograph.

    python examples/fetch_photos.py --out DIR [--licences CC0-1.0 CC-BY-4.0]

Each photograph is scaled to two heights and cut into tiles that don't overlap; flat tiles are dropped. Tiles of one
photograph show the same scene: split by folder, never by tile. Needs Debian or Ubuntu (apt-get download, dpkg-deb).
"""

import argparse
import dataclasses
import re
from pathlib import Path

import numpy as np
import packages
from fetch_emoji import png_bytes
from PIL import Image

SIZE = 64
SHORT_SIDES = (640, 256)
LEAST_CONTRAST = 14.0  # pixel levels: a tile whose luma has a smaller standard deviation is flat
LEAST_DETAIL = 3.0  # pixel levels: a tile with a smaller mean difference between neighbouring pixels is flat
MOST_PIXELS = 64_000_000  # the largest photograph has 43 million


@dataclasses.dataclass(frozen=True)
class Source:
    """A Debian package of photographs: their folder in it, and a pattern of the files that are photographs."""

    version: str
    sha256: str
    folder: str
    pattern: str
    licence: str
    author: str


SOURCES = {
    "budgie-backgrounds": Source(
        "3.0-1",
        "b91c2d5209558bc11d8d3a161f22a608857e3f8c735980cfab0d6650b03014ca",
        "usr/share/backgrounds/budgie",
        r"(?!abstract-spiral).*\.jpg",
        "CC0-1.0",
        "Budgie Desktop Developers",
    ),
    "lomiri-wallpapers-16.04": Source(
        "20.04.0-4",
        "f74676719f9d0128e5310e65ef97d596bcece8b6a43524ab8949ee1be0a4f18c",
        "usr/share/backgrounds",
        r"(?!analogpattern).*\.jpg",
        "CC-BY-4.0",
        "",
    ),
    "mate-backgrounds": Source(
        "1.26.0-1",
        "7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04",
        "usr/share/backgrounds/mate/nature",
        r".*\.jpg",
        "GPL-2+",
        "see the copyright file of mate-backgrounds",
    ),
}
# Single files whose licence or author differs, as the packages' copyright files have it.
LICENCES = {
    "Bridge_by_Sander_Klootwijk": "CC-BY-SA-4.0",
    "Dragonfly_by_Bolly": "CC-BY-SA-4.0",
    "free_by_Peter_Nerlich": "CC-BY-SA-4.0",
    "greentock_by_Peter_Nerlich": "CC-BY-SA-4.0",
    "seeding_by_Clements_Engelhardt": "CC0-1.0",
}
AUTHORS = {
    "Bridge_by_Sander_Klootwijk": "Sander Klootwijk",
    "Dragonfly_by_Bolly": "Bolly",
    "Picture_0B_by_freespace": 'Trevor "Freespace"',
    "Picture_1A_by_freespace": 'Trevor "Freespace"',
    "Wine_by_Jakkub_Mede": "Jakub Mede",
    "aitzgorri_by_Aitzol_Berasategi": "Aitzol Berasategi",
    "free_by_Peter_Nerlich": "Peter Nerlich",
    "friends_by_Aitzol_Berasategi": "Aitzol Berasategi",
    "greentock_by_Peter_Nerlich": "Peter Nerlich",
    "life_by_Aitzol_Berasategi": "Aitzol Berasategi",
    "picosdeeuropa_by_Aitzol_Berasategi": "Aitzol Berasategi",
    "seeding_by_Clements_Engelhardt": "Clemens Engelhardt",
    "sunset_by_Aitzol_Berasategi": "Aitzol Berasategi",
    "umang_by_Abhishek_Mudgal": "Abhishek Mudgal",
}


@dataclasses.dataclass(frozen=True)
class Photo:
    """One photograph and its tiles: (name, uint8 `[64, 64, 3]`) pairs."""

    name: str
    package: str
    licence: str
    author: str
    tiles: list


def cut_tiles(image):
    """list of (name, uint8 `[64, 64, 3]`) of the tiles of an RGB `PIL.Image` that are not flat."""
    tiles = []
    for short in SHORT_SIDES:
        scale = short / min(image.size)
        size = [round(side * scale) for side in image.size]
        pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3), np.uint8)
        for row in range(pixels.shape[0] // SIZE):
            for column in range(pixels.shape[1] // SIZE):
                tile = pixels[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE]
                if not is_flat(tile):
                    tiles.append((f"{short}-{row}-{column}", tile))
    return tiles


def is_flat(tile):
    """Whether a tile shows almost nothing, such as sky."""
    luma = tile.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
    detail = (np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean()) / 2
    return luma.std() < LEAST_CONTRAST or detail < LEAST_DETAIL


def list_photos(licences, cache):
    """list of `Photo` under the given licences, in a fixed order; photographs without a usable tile are left out."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    photos = []
    for package, source in SOURCES.items():
        if not {source.licence, *LICENCES.values()} & set(licences):
            continue
        folder = packages.debian_package(package, source.version, source.sha256, cache) / source.folder
        for path in sorted(folder.iterdir()):
            licence = LICENCES.get(path.stem, source.licence)
            if path.is_symlink() or not re.fullmatch(source.pattern, path.name) or licence not in licences:
                continue
            with Image.open(path) as image:
                tiles = cut_tiles(image.convert("RGB"))
            if tiles:
                photos.append(Photo(path.stem, package, licence, AUTHORS.get(path.stem, source.author), tiles))
    return photos


def notice(photos):
    """The text of the NOTICE file, which must stay with the patches."""
    lines = ["Patches of photographs from Debian packages. Changes: scaled down and cut into 64 px tiles.", ""]
    lines += [f"- {photo.name}: {photo.author}, {photo.licence} ({photo.package})" for photo in photos]
    licences = sorted({photo.licence for photo in photos})
    return "\n".join([*lines, "", *(f"{name}: {LICENCE_LINKS[name]}" for name in licences)]) + "\n"


LICENCE_LINKS = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "GPL-2+": "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html",
}


def write_tile(folder, photo, tile):
    """Writes one of a photograph's tiles as `FOLDER/PHOTO-HEIGHT-ROW-COLUMN.png`."""
    name, pixels = tile
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{photo.name}-{name}.png").write_bytes(png_bytes(Image.fromarray(pixels)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the patches")
    parser.add_argument("--licences", nargs="+", choices=LICENCE_LINKS, default=["CC0-1.0", "CC-BY-4.0"])
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="folder for unpacked packages")
    options = parser.parse_args()
    photos = list_photos(options.licences, options.cache)
    for photo in photos:
        for tile in photo.tiles:
            write_tile(options.out / photo.name, photo, tile)
    (options.out / "NOTICE").write_text(notice(photos), encoding="utf-8")
    print(f"{sum(len(photo.tiles) for photo in photos)} patches of {len(photos)} photographs in {options.out}")


if __name__ == "__main__":
    main()

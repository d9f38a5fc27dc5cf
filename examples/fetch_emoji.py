"""Writes the emoji of one vendor as PNG images on white, one folder for each emoji with all its skin tones.

    python examples/fetch_emoji.py --vendor noto --out DIR
    python examples/fetch_emoji.py --vendor noto --category "/(person|family)" --no-tones --out PEOPLE
    python examples/fetch_emoji.py --vendor noto --by-class --out CLASSES
    python examples/fetch_emoji.py --vendor fluent --by-class --suffix _fluent --out CLASSES

With `--by-class` the folders lie in one folder a class, for `--labels folders`. `ktg pretrain --balance 1` draws one
image of each folder at a time, so that emoji with six tones don't outweigh others. With a suffix for its classes a
second vendor may lie in the same folder: "people" and "people_fluent". Images have 64 x 64 pixels. With `--image-size
128` they are drawn from vector files; 267 of Noto, nearly all of them flags of countries, and 5 of Twemoji have none
and stay at 64. The renderer of vector files is installed with `pip install resvg-py==0.5.0`.
"""

import argparse
import dataclasses
import io
import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import packages
from PIL import Image

SIZE = 64  # of the images that packages hold
OVERSAMPLING = 4  # vector files are drawn larger along each side and averaged down
VERSION = "16.0.0"
VECTORS = "SVG files"
# Class -> regular expression on "category/subcategory" of the package; the first that fits is an emoji's class.
CLASSES = {
    "faces": "^Smileys & Emotion/(face|cat-face|monkey-face)",
    "hearts": "^Smileys & Emotion/",
    "sports": "^People & Body/person-(activity|sport)",
    "families": "^People & Body/family",
    "people": "^People & Body/person",
    "hands": "^People & Body/",
    "animals": "^Animals & Nature/animal",
    "nature": "^Animals & Nature/|/sky & weather$",
    "food": "^Food & Drink/",
    "transport": "^Travel & Places/transport",
    "clocks": "^Travel & Places/time$",
    "places": "^Travel & Places/",
    "events": "^Activities/",
    "clothing": "^Objects/clothing$",
    "objects": "^Objects/",
    "symbols": "^(Symbols|Component)/",
    "flags": "^Flags/",
}
TONES = {"1F3FB": "light", "1F3FC": "medium-light", "1F3FD": "medium", "1F3FE": "medium-dark", "1F3FF": "dark"}


@dataclasses.dataclass(frozen=True)
class Vendor:
    """A vendor's npm package, the folder of its images there, and the notice for them."""

    package: str
    folder: str
    sha256: str
    notice: str
    version: str = VERSION
    form: str = "64 px PNG files"
    icons: tuple[str, str, str] | None = None  # package, version and SHA-256 of the same images as vectors, in one file


VENDORS = {
    "noto": Vendor(
        "emoji-datasource-google",
        "img/google/64",
        "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
        "Noto Emoji images, copyright Google LLC. Licence: Apache License 2.0\n"
        "(http://www.apache.org/licenses/LICENSE-2.0).\n",
        icons=(
            "@iconify-json/noto",
            "1.2.3",  # later ones have other drawings of people
            "ce221a5ff22e1dac57cfaeee2a18a519786d607e562dfe3e0261ccd62410887c",
        ),
    ),
    "twemoji": Vendor(
        "emoji-datasource-twitter",
        "img/twitter/64",
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
        "Twemoji graphics, copyright Twitter, Inc and other contributors. Licence: Creative Commons Attribution 4.0\n"
        "International, CC-BY 4.0 (https://creativecommons.org/licenses/by/4.0/).\n",
        icons=(
            "@iconify-json/twemoji",
            "1.2.5",
            "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        ),
    ),
    "fluent": Vendor(
        "@lobehub/fluent-emoji-flat",
        "assets",
        "8f9113c027c7c20eced0070354715a4093a459b8bef6332b91d45f38c9bdb147",
        "Fluent UI Emoji, flat, copyright (c) Microsoft Corporation. Licence: MIT\n"
        "(https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE).\n",
        version="1.1.0",
        form=VECTORS,
    ),
}


@dataclasses.dataclass(frozen=True)
class Emoji:
    """One image of a package: name without tone, category, code points, tone ("" for none), file."""

    base: str
    category: str
    code: str
    tone: str
    path: Path


def notice(vendor, changes="composited on white", vectors=False):
    """The text of the NOTICE file, which must stay with the images; see `list_emoji` for `vectors`."""
    row = VENDORS[vendor]
    origin = f"From the npm package {row.package} {row.version} ({row.form})"
    if vectors and row.icons:
        origin += f"; drawn from the {VECTORS} of\n{row.icons[0]} {row.icons[1]} where it has them"
    return f"{row.notice}{origin}.\nChanges: {changes}.\n"


def list_emoji(vendor, cache, vectors=False):
    """list of `Emoji` of a vendor in a fixed order; fetches the packages that aren't in the cache.

    Names and categories are those of the package of Noto, for all vendors alike. With `vectors` the files are vector
    files where there are any.
    """
    noto, row = VENDORS["noto"], VENDORS[vendor]
    table = packages.npm_package(noto.package, noto.version, noto.sha256, cache) / "emoji.json"
    folder = packages.npm_package(row.package, row.version, row.sha256, cache) / row.folder
    files = {_code(path): path for path in folder.iterdir()}
    if vectors and row.icons:
        drawn = {_code(path): path for path in write_icons(packages.npm_package(*row.icons, cache)).iterdir()}
        files |= {code: drawn[code] for code in files.keys() & drawn.keys()}
    emoji = []
    for item in json.loads(table.read_text(encoding="utf-8")):
        base, category = item["short_name"], f"{item['category']}/{item['subcategory']}"
        emoji.append(Emoji(base, category, item["unified"], "", files.get(_code(item["unified"]))))
        for key, variant in item.get("skin_variations", {}).items():
            tone = "_".join(TONES[part] for part in key.split("-"))  # two persons: "medium_light"
            emoji.append(Emoji(base, category, variant["unified"], tone, files.get(_code(variant["unified"]))))
    return sorted((item for item in emoji if item.path), key=lambda item: item.path.name)


def write_icons(folder):
    """Writes the vector files of an unpacked package of icons, one for each of its characters; returns their folder."""
    out = folder / "svg"
    if out.is_dir():
        return out
    icons, characters = (json.loads((folder / name).read_text("utf-8")) for name in ("icons.json", "chars.json"))
    unfinished = folder / "svg.part"
    unfinished.mkdir(exist_ok=True)
    size = f"{icons['width']} {icons['height']}"
    for code, name in characters.items():
        known = icons["icons"].get(name) or icons["icons"][icons["aliases"][name]["parent"]]
        space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        drawing = f'<svg {space} viewBox="0 0 {size}">{known["body"]}</svg>'
        (unfinished / f"{code}.svg").write_text(drawing, encoding="utf-8")
    return unfinished.rename(out)


def _code(name):
    """Code points, such as "1F44B-1F3FB", of a file or a table, without the selector of the coloured form."""
    return "-".join(part for part in Path(name).stem.upper().split("-") if part != "FE0F")


def read_on_white(path, size=SIZE):
    """RGB `PIL.Image` of an image in any mode, composited on white; a vector file is drawn `size` pixels wide."""
    if path.suffix == ".svg":
        import resvg_py

        side = size * OVERSAMPLING
        path = io.BytesIO(resvg_py.svg_to_bytes(svg_string=path.read_text("utf-8"), width=side, height=side))
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return on_white.resize((size, size), Image.Resampling.BOX) if max(rgba.size) > size else on_white


def safe_name(base):
    """A file name of a-z, 0-9, "_" and "-" that doesn't start with "-"."""
    plain = unicodedata.normalize("NFKD", base.lower().replace("+", "plus")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_-]", "_", re.sub(r"^-", "minus", plain))


def png_bytes(image):
    """An RGB `PIL.Image` as a small PNG file: with a palette where that loses nothing."""
    pixels = np.asarray(image)
    palette, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    if len(palette) <= 256:
        image = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8))
        image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def image_path(emoji):
    """`<base>/<base>[-tone].png`, with safe names."""
    name = safe_name(emoji.base)
    return Path(name) / (f"{name}-{emoji.tone}.png" if emoji.tone else f"{name}.png")


def class_of(emoji):
    """The class of an `Emoji`: a key of `CLASSES`."""
    return next(name for name, pattern in CLASSES.items() if re.search(pattern, emoji.category))


def choose(emoji, category="", tones=True):
    """The emoji in whose category, such as "People & Body/person-sport", a regular expression is found.

    Args:
        emoji: list of `Emoji`.
        category: the regular expression.
        tones: whether emoji with a skin tone are among them.
    """
    return [item for item in emoji if re.search(category, item.category) and (tones or not item.tone)]


def write_folders(vendor, emoji, out, by_class=False, suffix="", size=SIZE):
    """Writes `OUT/[<class><suffix>/]<base>/<base>[-tone].png` and to `OUT/NOTICE`; returns the number of images."""
    paths = [(out / f"{class_of(item)}{suffix}" if by_class else out) / image_path(item) for item in emoji]
    if len(set(paths)) != len(paths):
        raise ValueError("two emoji would get the same file name: change `safe_name`")
    for item, path in zip(emoji, paths, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes(read_on_white(item.path, size)))
    known = (out / "NOTICE").read_text("utf-8") if (out / "NOTICE").exists() else ""
    if (text := notice(vendor, vectors=size != SIZE)) not in known:
        (out / "NOTICE").write_text(f"{known}\n{text}".lstrip(), encoding="utf-8")
    return len(emoji)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vendor", choices=sorted(VENDORS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the images")
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="folder for unpacked packages")
    parser.add_argument("--category", default="", help="only those in whose category this regular expression is found")
    parser.add_argument("--no-tones", action="store_true", help="only the emoji without a skin tone")
    parser.add_argument("--by-class", action="store_true", help="one folder a class around those of the emoji")
    parser.add_argument("--suffix", default="", help="of the folders of the classes, such as _fluent")
    parser.add_argument("--image-size", type=int, default=SIZE, help="pixels a side")
    options = parser.parse_args()
    known = list_emoji(options.vendor, options.cache, vectors=options.image_size != SIZE)
    emoji = choose(known, options.category, not options.no_tones)
    names = (options.by_class, options.suffix, options.image_size)
    print(f"{write_folders(options.vendor, emoji, options.out, *names)} images in {options.out}")


if __name__ == "__main__":
    main()

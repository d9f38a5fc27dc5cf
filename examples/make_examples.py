"""Writes the example folders of this repository: 100 training images each, and reference images.

    python examples/make_examples.py [--out examples] [--cache DIR]
    python examples/make_examples.py --image-size 128 --out larger
    python examples/make_examples.py --seed 1 --out others

In another size than 64 the people alone are written, drawn from vector files (`pip install resvg-py==0.5.0`). With
another seed than 0 they are other splits, for trials: of the people, and by chance of all photographs. Some of these
have licences under which this repository can't ship them.
A training image and a reference image never share a motif (emoji) or a photograph (patches).
"""

import argparse
import collections
import re
import shutil
from pathlib import Path

import fetch_photos
import numpy as np
import packages
from fetch_emoji import SIZE, choose, list_emoji, notice, png_bytes, read_on_white, safe_name

SEED = 0
TRAIN = 100
LARGEST_MOTIF = 12  # larger motifs (families) are reference images alone, so that none dominates the training images
REPEATS = 2  # identical images that are kept: the 30 families are 4 drawings
PATCHES_OF_A_PHOTO = 4
REFERENCE_OF_A_PHOTO = 25
FREE, OTHERS = ("CC0-1.0", "CC-BY-4.0"), ("CC-BY-SA-4.0", "GPL-2+")  # licences of photographs

# Gender signs, variation selector, "facing right" and joiner: no motifs of their own.
GENDER_CODES = {"2640", "2642", "FE0F", "27A1", "200D"}
SAME_CODES = {  # emoji whose gender variants are different characters -> a single code for all of them
    **dict.fromkeys(("1F468", "1F469", "1F9D1"), "adult"),
    **dict.fromkeys(("1F466", "1F467", "1F9D2"), "child"),
    **dict.fromkeys(("1F474", "1F475", "1F9D3"), "older adult"),
    **dict.fromkeys(("1F934", "1F478", "1FAC5"), "crown"),
    **dict.fromkeys(("1F930", "1FAC3", "1FAC4"), "pregnant"),
    **dict.fromkeys(("1F385", "1F936", "adult 1F384"), "claus"),
    **dict.fromkeys(("1F483", "1F57A"), "dancing"),
    **dict.fromkeys(("1F46B", "1F46C", "1F46D", "adult 1F91D adult"), "holding hands"),
    **dict.fromkeys(("1F48F", "adult 2764 1F48B adult"), "kiss"),
    **dict.fromkeys(("1F491", "adult 2764 adult"), "heart"),
    **dict.fromkeys(("1F931", "adult 1F37C"), "feeding"),
    **dict.fromkeys(("1F464", "1F465"), "bust"),
    "1F46A": "family",
}
GENDER_WORDS = set("woman women man men female male girl boy person people adult child two mrs mx facing right".split())


def code_key(code):
    """What an emoji shows, gender aside, by its code points: equal for variants of one motif."""
    parts = [SAME_CODES.get(part, part) for part in code.split("-") if part not in GENDER_CODES]
    if len(parts) > 1 and set(parts) <= {"adult", "child"}:
        return "family"
    return SAME_CODES.get(" ".join(parts), " ".join(parts))


def name_key(base):
    """What an emoji shows, gender aside, by its name: the name without words of gender, age or direction."""
    return " ".join(word for word in re.split(r"[-_]", base) if word not in GENDER_WORDS)


def group_motifs(emoji):
    """list of lists of emoji; emoji with the same `code_key` or `name_key` are in one list, also by way of others."""
    parent = {}

    def root(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for item in emoji:
        parent[root(("name", name_key(item.base)))] = root(("code", code_key(item.code)))
    groups = {}
    for item in emoji:
        groups.setdefault(root(("code", code_key(item.code))), []).append(item)
    return list(groups.values())


def split_groups(groups, count, largest, rng):
    """(train, rest): whole groups in random order until `train` holds exactly `count` members.

    Args:
        groups: list of lists.
        count: members of `train`.
        largest: a group with more members goes to `rest`.
        rng: `numpy.random.Generator`.
    """
    train, rest = [], []
    for number in rng.permutation(len(groups)):
        group = groups[number]
        fits = len(group) <= largest and len(train) + len(group) <= count
        (train if fits else rest).extend(group)
    if len(train) != count:
        raise ValueError(f"whole groups give {len(train)} images, not {count}: choose another seed")
    return train, rest


def people(cache):
    """Twemoji people and families without skin tones; of identical images `REPEATS` are kept."""
    kept, counts = [], collections.Counter()
    for item in choose(list_emoji("twemoji", cache), "/(person|family)", tones=False):
        pixels = read_on_white(item.path).tobytes()
        counts[pixels] += 1
        if counts[pixels] <= REPEATS:
            kept.append(item)
    return kept


def make_people(out, cache, size=SIZE, seed=SEED):
    """Writes `OUT/{train,reference}/*.png` of `size` pixels a side and `OUT/NOTICE`."""
    rng = np.random.default_rng(seed)
    drawn = {item.code: item.path for item in list_emoji("twemoji", cache, vectors=size != SIZE)}
    parts = dict(
        zip(("train", "reference"), split_groups(group_motifs(people(cache)), TRAIN, LARGEST_MOTIF, rng), strict=True)
    )
    for part, emoji in parts.items():
        _empty(out / part)
        for item in emoji:
            (out / part / f"{safe_name(item.base)}.png").write_bytes(png_bytes(read_on_white(drawn[item.code], size)))
    changes = (
        "the people and families without skin tones were chosen (identical ones twice at most), composited on\n"
        "white, split into train/ and reference/ (no motif is in both, whatever the gender), and saved with a palette\n"
        "where that loses nothing. The images stay under CC-BY 4.0"
    )
    (out / "NOTICE").write_text(notice("twemoji", changes, vectors=size != SIZE), encoding="utf-8")
    return {part: len(emoji) for part, emoji in parts.items()}


def make_patches(out, cache, seed=SEED):
    """Writes `OUT/train/*.png` of free photographs and `OUT/reference/*.png` of all others, each with its notice.

    With another seed than 0 all photographs are split by chance in two halves.

    Nearly all free photographs are needed for 100 patches with so few of each. So the reference images come from
    photographs that this repository can't ship: they are written here where they are needed, and git ignores them.
    """
    free, others = (fetch_photos.list_photos(licences, cache) for licences in (FREE, OTHERS))
    each = PATCHES_OF_A_PHOTO
    if seed != SEED:
        free, others = split_photos([*free, *others], seed)
        each = -(-TRAIN // len(free))
    counts = {}
    for part, photos, most, name in (
        ("train", free, each, "NOTICE"),
        ("reference", others, REFERENCE_OF_A_PHOTO, "NOTICE.reference"),
    ):
        rng = np.random.default_rng(seed)
        _empty(out / part)
        for photo in photos:
            for number in rng.choice(len(photo.tiles), min(most, len(photo.tiles)), replace=False):
                fetch_photos.write_tile(out / part, photo, photo.tiles[number])
        counts[part] = len(list((out / part).iterdir()))
        (out / name).write_text(fetch_photos.notice(photos), encoding="utf-8")
    return counts


def split_photos(photos, seed):
    """(some photographs, the others): halves by chance."""
    order = np.random.default_rng(seed).permutation(len(photos))
    halves = order[: len(photos) // 2], order[len(photos) // 2 :]
    return tuple([photos[number] for number in half] for half in halves)


def _empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the example folders")
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="folder for unpacked packages")
    parser.add_argument("--image-size", type=int, default=SIZE, help="pixels a side; other than 64: people alone")
    parser.add_argument("--seed", type=int, default=SEED, help="of the splits; other than 0: other ones, for trials")
    options = parser.parse_args()
    size, seed = options.image_size, options.seed
    print("twemoji_people", make_people(options.out / "twemoji_people", options.cache, size, seed), flush=True)
    if size == SIZE:
        print("photo_patches", make_patches(options.out / "photo_patches", options.cache, seed))


if __name__ == "__main__":
    main()

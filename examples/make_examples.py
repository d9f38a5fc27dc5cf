"""Makes the example folders of this repository again: 100 images to train on, others to measure against.

    python examples/make_examples.py [--out examples] [--cache DIR]

An image to train on and one to measure against never share a motif (emoji) or a photograph (patches).
"""

import argparse
import collections
import re
import shutil
from pathlib import Path

import fetch_photos
import numpy as np
import packages
from fetch_emoji import choose, list_emoji, notice, png_bytes, read_on_white, safe_name

SEED = 0
TRAIN = 100
LARGEST_MOTIF = 12  # a larger one (families) is measured against only, so that no motif rules what is trained on
REPEATS = 2  # identical images that are kept: the 30 families are 4 drawings
PATCHES_OF_A_PHOTO = 4
REFERENCE_OF_A_PHOTO = 25

GENDER_CODES = {
    "2640",
    "2642",
    "FE0F",
    "27A1",
    "200D",
}  # signs, selectors, "facing right", joiner: no motif of their own
SAME_CODES = {  # emoji whose gender variants are different characters -> one code for all of them
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
    """The same by its name: the name without the words that tell gender, age or direction."""
    return " ".join(word for word in re.split(r"[-_]", base) if word not in GENDER_WORDS)


def group_motifs(emoji):
    """list of lists of emoji; two that share a `code_key` or a `name_key`, also by way of others, are in one list."""
    parent = {}

    def root(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for one in emoji:
        parent[root(("name", name_key(one.base)))] = root(("code", code_key(one.code)))
    groups = {}
    for one in emoji:
        groups.setdefault(root(("code", code_key(one.code))), []).append(one)
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
    found, seen = [], collections.Counter()
    for one in choose(list_emoji("twemoji", cache), "/(person|family)", tones=False):
        pixels = read_on_white(one.path).tobytes()
        seen[pixels] += 1
        if seen[pixels] <= REPEATS:
            found.append(one)
    return found


def make_people(out, cache):
    """Writes `OUT/{train,reference}/*.png` and `OUT/NOTICE`."""
    rng = np.random.default_rng(SEED)
    parts = dict(
        zip(("train", "reference"), split_groups(group_motifs(people(cache)), TRAIN, LARGEST_MOTIF, rng), strict=True)
    )
    for part, emoji in parts.items():
        _empty(out / part)
        for one in emoji:
            (out / part / f"{safe_name(one.base)}.png").write_bytes(png_bytes(read_on_white(one.path)))
    changes = (
        "the people and families without skin tones were chosen (identical ones twice at most), composited on\n"
        "white, split into train/ and reference/ (no motif is in both, whatever the gender), and saved with a palette\n"
        "where that loses nothing. The images stay under CC-BY 4.0"
    )
    (out / "NOTICE").write_text(notice("twemoji", changes), encoding="utf-8")
    return {part: len(emoji) for part, emoji in parts.items()}


def make_patches(out, cache):
    """Writes `OUT/train/*.png` of free photographs and `OUT/reference/*.png` of all others, each with its notice.

    Nearly all free photographs are needed for 100 patches with so few of each, so the reference is made of photographs
    that this repository can't ship: it is made here where it is needed and ignored by git.
    """
    made = {}
    for part, licences, most, name in (
        ("train", ("CC0-1.0", "CC-BY-4.0"), PATCHES_OF_A_PHOTO, "NOTICE"),
        ("reference", ("CC-BY-SA-4.0", "GPL-2+"), REFERENCE_OF_A_PHOTO, "NOTICE.reference"),
    ):
        rng = np.random.default_rng(SEED)
        photos = fetch_photos.list_photos(licences, cache)
        _empty(out / part)
        for photo in photos:
            for number in rng.choice(len(photo.tiles), min(most, len(photo.tiles)), replace=False):
                fetch_photos.write_tile(out / part, photo, photo.tiles[number])
        made[part] = len(list((out / part).iterdir()))
        (out / name).write_text(fetch_photos.notice(photos), encoding="utf-8")
    return made


def _empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the example folders")
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="folder for unpacked packages")
    options = parser.parse_args()
    for name, make in (("twemoji_people", make_people), ("photo_patches", make_patches)):
        print(name, make(options.out / name, options.cache), flush=True)


if __name__ == "__main__":
    main()

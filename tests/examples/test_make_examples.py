"""How the example images are chosen and split, and that those in the repository are what their notices say."""

import collections
import itertools
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.scripts import import_script

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def script(name):
    """A script of examples/ as a module; scripts import each other as when they are run."""
    return import_script(EXAMPLES, name)


make_examples, fetch_emoji = script("make_examples"), script("fetch_emoji")
fetch_photos, packages = script("fetch_photos"), script("packages")


def emoji(base, code, tone=""):
    return fetch_emoji.Emoji(base, "People & Body/person", code, tone, Path(f"{code}.png"))


@pytest.mark.parametrize(("category", "expected"), [
    ("Smileys & Emotion/cat-face", "faces"), ("Smileys & Emotion/heart", "hearts"),
    ("People & Body/person-sport", "sports"), ("People & Body/person-role", "people"),
    ("People & Body/hand-prop", "hands"), ("Travel & Places/sky & weather", "nature"),
    ("Travel & Places/hotel", "places"), ("Component/skin-tone", "symbols"),
])  # fmt: skip
def test_class_is_that_of_the_first_pattern(category, expected):
    assert fetch_emoji.class_of(fetch_emoji.Emoji("x", category, "1F600", "", Path("1.png"))) == expected


def test_folders_of_emoji_lie_in_one_folder_a_class(tmp_path):
    Image.new("RGBA", (64, 64), "red").save(tmp_path / "1.png")
    items = [fetch_emoji.Emoji("fox", "Animals & Nature/animal-mammal", "1F98A", "", tmp_path / "1.png")]
    assert fetch_emoji.write_folders("noto", items, tmp_path / "out", by_class=True) == 1
    assert (tmp_path / "out/animals/fox/fox.png").is_file()


def names(folder):
    return {path.stem for path in (EXAMPLES / folder).glob("*.png")}


def read(folder):
    paths = sorted((EXAMPLES / folder).glob("*.png"))
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])


@pytest.mark.parametrize(
    "variants",
    [
        ["1F3C3", "1F3C3-200D-2640-FE0F", "1F3C3-200D-2642-FE0F-200D-27A1-FE0F", "1F3C3-200D-27A1-FE0F"],
        ["1F9D1-200D-1F33E", "1F468-200D-1F33E", "1F469-200D-1F33E"],
        ["1F385", "1F936", "1F9D1-200D-1F384"],
        ["1F934", "1F478", "1FAC5"],
        ["1F46A", "1F468-200D-1F466", "1F9D1-200D-1F9D1-200D-1F9D2"],
        ["1F48F", "1F469-200D-2764-FE0F-200D-1F48B-200D-1F468"],
    ],
)
def test_code_key_is_equal_for_variants_of_one_motif(variants):
    assert len({make_examples.code_key(code) for code in variants}) == 1


def test_code_key_differs_between_motifs():
    codes = ["1F3C3", "1F9D1-200D-1F33E", "1F385", "1F934", "1F46A", "1F48F", "1F468", "1F466"]
    assert len({make_examples.code_key(code) for code in codes}) == len(codes)


def test_group_motifs_joins_by_code_or_by_name():
    cook = [emoji("cook", "1F9D1-200D-1F373"), emoji("female-cook", "1F469-200D-1F373")]
    police = [emoji("cop", "1F46E"), emoji("male-police-officer", "1F46E-200D-2642-FE0F")]
    by_name = [emoji("bald_person", "AAAA"), emoji("bald_man", "BBBB")]
    groups = make_examples.group_motifs([*cook, *police, *by_name])
    assert sorted(map(len, groups)) == [2, 2, 2]
    assert cook in groups and police in groups and by_name in groups


def test_split_groups_keeps_groups_whole_and_hits_the_count():
    groups = [["a"], ["b"], ["c"] * 3, ["d"] * 3, ["e"] * 20]
    for seed in range(5):
        train, rest = make_examples.split_groups(groups, 5, 12, np.random.default_rng(seed))
        assert len(train) == 5 and not set(train) & set(rest) and set(train) | set(rest) == set("abcde")
        assert "e" in rest


def test_split_groups_that_cannot_hit_the_count_is_an_error():
    with pytest.raises(ValueError, match="whole groups give 3 images, not 4"):
        make_examples.split_groups([["a"] * 3], 4, 12, np.random.default_rng(0))


def test_safe_name_keeps_signs_apart():
    safe = [fetch_emoji.safe_name(name) for name in ("+1", "-1", "piñata", "o/k")]
    assert safe == ["plus1", "minus1", "pinata", "o_k"]


def test_emoji_are_chosen_by_category_and_tone():
    hands = [emoji("hands", "A"), emoji("hands", "B", "light")]
    assert fetch_emoji.choose(hands, "/person") == hands and not fetch_emoji.choose(hands, "/animal")
    assert fetch_emoji.choose(hands, tones=False) == hands[:1]


def test_image_path_tells_two_tones_from_one_with_a_hyphen():
    paths = [fetch_emoji.image_path(emoji("hands", "A", tone)) for tone in ("", "medium-light", "medium_light")]
    assert [path.as_posix() for path in paths] == [
        "hands/hands.png",
        "hands/hands-medium-light.png",
        "hands/hands-medium_light.png",
    ]


@pytest.mark.parametrize(("colours", "mode"), [(256, "P"), (257, "RGB")])
def test_png_bytes_loses_nothing(tmp_path, colours, mode):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels.reshape(-1, 3)[:colours, 0] = np.arange(colours) % 256
    pixels.reshape(-1, 3)[:colours, 1] = 9 * (np.arange(colours) // 256)
    pixels.reshape(-1, 3)[colours:] = pixels[0, 0]
    (tmp_path / "a.png").write_bytes(fetch_emoji.png_bytes(Image.fromarray(pixels)))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), pixels)


def test_read_on_white_composites(tmp_path):
    Image.fromarray(np.uint8([[[10, 20, 30, 255], [10, 20, 30, 0]]])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        np.asarray(fetch_emoji.read_on_white(tmp_path / "a.png")), [[[10, 20, 30], [255] * 3]]
    )


def test_icons_are_written_as_vector_files_once(tmp_path):
    icons = {"width": 128, "height": 128, "icons": {"fox": {"body": "<path/>"}}, "aliases": {"dog": {"parent": "fox"}}}
    (tmp_path / "icons.json").write_text(json.dumps(icons))
    (tmp_path / "chars.json").write_text(json.dumps({"1f98a": "fox", "1f415": "dog"}))
    folder = fetch_emoji.write_icons(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["1f415.svg", "1f98a.svg"]
    drawing = ElementTree.parse(folder / "1f415.svg").getroot()
    assert drawing.get("viewBox") == "0 0 128 128" and drawing[0].tag.endswith("path")
    (folder / "1f98a.svg").unlink()
    assert fetch_emoji.write_icons(tmp_path) == folder and len(list(folder.iterdir())) == 1


def test_vector_files_take_the_place_of_images_that_have_one(monkeypatch, tmp_path):
    table = {"short_name": "fox", "category": "Animals & Nature", "subcategory": "animal-mammal", "unified": "1F98A"}
    (tmp_path / "img/google/64").mkdir(parents=True)
    (tmp_path / "emoji.json").write_text(json.dumps([table, {**table, "short_name": "flag", "unified": "1F3F4"}]))
    for code in ("1f98a", "1f3f4"):
        (tmp_path / f"img/google/64/{code}.png").touch()
    (tmp_path / "icons.json").write_text(
        json.dumps({"width": 9, "height": 9, "icons": {"a": {"body": ""}, "b": {"body": ""}}})
    )
    (tmp_path / "chars.json").write_text(json.dumps({"1f98a": "a", "1f600": "b"}))
    monkeypatch.setattr(packages, "npm_package", lambda *_: tmp_path)
    drawn = {item.base: item.path.name for item in fetch_emoji.list_emoji("noto", tmp_path, vectors=True)}
    assert drawn == {"fox": "1f98a.svg", "flag": "1f3f4.png"}
    assert {item.path.suffix for item in fetch_emoji.list_emoji("noto", tmp_path)} == {".png"}


def test_cut_tiles_drops_flat_ones_and_covers_the_rest():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    noise[:64] = 128
    tiles = dict(fetch_photos.cut_tiles(Image.fromarray(noise)))
    assert {name for name in tiles if name.startswith("256-")} == {
        f"256-{row}-{column}" for row, column in itertools.product(range(1, 4), range(4))
    }
    np.testing.assert_array_equal(tiles["256-1-2"], noise[64:128, 128:192])


def test_check_digest_refuses_another_file(tmp_path):
    (tmp_path / "a.tgz").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc", from FIPS 180-2
    assert packages.check_digest(tmp_path / "a.tgz", known) is None
    with pytest.raises(ValueError, match="a.tgz: expected SHA-256 00, received ba7816bf.* Nothing was unpacked"):
        packages.check_digest(tmp_path / "a.tgz", "00")


def test_people_are_100_and_200_others_of_64_pixels():
    train, reference = read("twemoji_people/train"), read("twemoji_people/reference")
    assert train.shape == (100, 64, 64, 3) and reference.shape == (203, 64, 64, 3)
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in reference}
    assert max(collections.Counter(image.tobytes() for image in reference).values()) == 2


def test_people_share_no_motif_between_train_and_reference():
    train, reference = (
        {make_examples.name_key(name) for name in names(f"twemoji_people/{part}")} for part in ("train", "reference")
    )
    assert not train & reference
    # The names of the neutral emoji don't tell the motif of their variants: their code points do.
    pairs = {("runner", "woman-running"), ("cop", "male-police-officer"), ("haircut", "man-getting-haircut")}
    for pair in map(set, pairs):
        assert len([part for part in ("train", "reference") if pair & names(f"twemoji_people/{part}")]) == 1


def test_patches_are_at_most_four_of_a_free_photograph():
    patches = names("photo_patches/train")
    photos = collections.Counter(name.rsplit("-", 3)[0] for name in patches)
    assert len(patches) == 100 and max(photos.values()) == 4
    text = (EXAMPLES / "photo_patches" / "NOTICE").read_text(encoding="utf-8")
    rows = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("- "))
    assert set(rows) == set(photos)
    assert all("CC0-1.0" in row or "CC-BY-4.0" in row for row in rows.values())


def test_notices_name_the_licence_and_the_changes():
    text = (EXAMPLES / "twemoji_people" / "NOTICE").read_text(encoding="utf-8")
    for part in ("Twitter, Inc", "CC-BY 4.0", "https://creativecommons.org/licenses/by/4.0/", "Changes: "):
        assert part in text


def test_photographs_are_split_in_other_halves_by_another_seed():
    photos = [f"photo {number}" for number in range(9)]
    first, second = make_examples.split_photos(photos, 1)
    assert len(first) == 4 and sorted([*first, *second]) == photos
    assert make_examples.split_photos(photos, 1) == (first, second) != make_examples.split_photos(photos, 2)

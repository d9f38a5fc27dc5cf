import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import pixels
from keras_transfer_gen.recipes.report import sheets as module

RNG = np.random.default_rng(0)


def sheet(height=64, width=96, channels=3):
    return RNG.integers(0, 256, (height, width, channels)).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_before_after_shows_the_parts_side_by_side(channels):
    before, after, real = (RNG.integers(0, 256, (9, 32, 32, channels)).astype(np.uint8) for _ in range(3))
    joined = module.before_after(before, after, real)
    assert joined.shape == (96 + module.MARGIN, 3 * 96 + 2 * module.MARGIN, 3)
    for number, images in enumerate((before, after, real)):
        left = number * (96 + module.MARGIN)
        assert np.array_equal(joined[module.MARGIN :, left : left + 96], pixels.to_rgb(pixels.to_grid(images)[None])[0])
    assert (joined[: module.MARGIN] < 255).any()  # the labels
    alone = module.before_after(None, after, real[:2])
    assert alone.shape == (96 + module.MARGIN, 96 + 64 + module.MARGIN, 3)


def test_real_images_are_chosen_from_all_of_them():
    real = np.repeat(np.arange(100, dtype=np.uint8), 32 * 32).reshape(100, 32, 32, 1)
    joined = module.before_after(None, real[:4], real)
    shown = joined[module.MARGIN :, 64 + module.MARGIN :]
    assert [int(shown[y, x, 0]) for y in (0, 32) for x in (0, 32)] == [0, 33, 66, 99]


def test_small_sheets_are_as_wide_as_their_labels():
    label, small = "reconstruction of an image", RNG.integers(0, 250, (1, 28, 28, 1)).astype(np.uint8)
    top = (module.side_by_side([(label, small), ("next", small)])[: module.MARGIN] < 255).any(axis=(0, 2))
    whole = module.side_by_side([(label, np.full((1, 400, 400, 1), 255, np.uint8))])[: module.MARGIN]
    whole = (whole < 255).any(axis=(0, 2))
    width = np.flatnonzero(whole)[-1] + 1
    np.testing.assert_array_equal(top[: width + module.MARGIN], whole[: width + module.MARGIN])  # nothing is cut off
    assert width > 28 and top[width + module.MARGIN :].any()  # and the next label comes after it


def test_film_of_a_circle_does_not_rest(tmp_path):
    module.write_film(tmp_path / "film.gif", [sheet() for _ in range(3)], module.FRAME_MILLISECONDS)
    with Image.open(tmp_path / "film.gif") as film:
        film.seek(2)
        assert film.info["duration"] == module.FRAME_MILLISECONDS


@pytest.mark.parametrize(("count", "channels"), [(1, 1), (5, 3)])
def test_film_has_a_frame_a_sheet_and_holds_the_last(tmp_path, count, channels):
    module.write_film(tmp_path / "film.gif", [sheet(channels=channels) for _ in range(count)])
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.format, film.size, film.n_frames) == ("GIF", (96, 64), count)
        film.seek(count - 1)
        assert film.info["duration"] == module.LAST_MILLISECONDS


def test_sheets_are_read_in_order_and_other_images_are_not(tmp_path):
    sheets = [sheet(channels=1), sheet(channels=1)]
    for name, content in (
        ("00010.000kimg.png", sheets[1]),
        ("00002.000kimg.png", sheets[0]),
        ("holiday.png", sheet(8, 8)),
    ):
        (tmp_path / name).write_bytes(pixels.to_png(content))
    loaded = module.read_sheets(tmp_path)
    assert len(loaded) == 2 and all(np.array_equal(a[..., :1], b) for a, b in zip(loaded, sheets, strict=True))
    assert module.read_sheets(tmp_path / "none") == []

import io
import subprocess

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.output import films
from keras_transfer_gen.recipes.output.films import check_film, write_film
from keras_transfer_gen.recipes.output.sheet_file import MARK

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 15, 16, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_film_holds_every_image_at_its_rate_and_repeats(tmp_path, suffix):
    path = check_film(tmp_path / f"film{suffix}")
    write_film(path, IMAGES, rate=20.0)
    with Image.open(path) as film:
        assert film.n_frames == 5 and film.size == (16, 15) and film.info["loop"] == 0
        for number in range(5):
            film.seek(number)
            film.load()
            assert film.info["duration"] == 50
            frame = np.asarray(film.convert("RGB")).astype(int)
            assert np.abs(frame - IMAGES[number]).mean() <= (0 if suffix != ".gif" else 12)
    assert (MARK in path.read_bytes()) == (suffix == ".png")
    write_film(check_film(path), IMAGES)  # its own file may be replaced


def test_grey_images_are_shown_in_rgb(tmp_path):
    write_film(tmp_path / "film.webp", IMAGES[..., :1])
    with Image.open(tmp_path / "film.webp") as film:
        np.testing.assert_array_equal(np.asarray(film.convert("RGB")), np.repeat(IMAGES[0, ..., :1], 3, -1))


def test_other_files_and_mp4_without_an_encoder_are_refused(tmp_path, monkeypatch):
    with pytest.raises(checks.UserError, match=r"`out` must be a file \*.gif, \*.webp, \*.png, \*.mp4"):
        check_film(tmp_path / "film.avi")
    stream = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(stream, "PNG")
    (tmp_path / "photo.png").write_bytes(stream.getvalue())
    with pytest.raises(checks.UserFileError, match="not replaced"):
        check_film(tmp_path / "photo.png")
    monkeypatch.setattr(films.shutil, "which", lambda name: None)
    with pytest.raises(checks.UserError, match="MP4 needs the program ffmpeg"):
        check_film(tmp_path / "film.mp4")


def test_mp4_is_encoded_from_frames_of_even_sides(tmp_path, monkeypatch):
    monkeypatch.setattr(films.shutil, "which", lambda name: "/usr/bin/ffmpeg")
    calls = []

    def run(command, input, **_):
        calls.append((command, input))
        open(command[-1], "wb").close()
        return subprocess.CompletedProcess(command, len(calls) - 1, b"", b"no codec\n")

    monkeypatch.setattr(films.subprocess, "run", run)
    write_film(check_film(tmp_path / "film.mp4"), IMAGES, 10.0)
    command, content = calls[0]
    assert "16x16" in command and len(content) == 5 * 16 * 16 * 3 and (tmp_path / "film.mp4").is_file()
    with pytest.raises(checks.UserFileError, match="no codec.*Write a .webp instead"):
        write_film(tmp_path / "film.mp4", IMAGES)

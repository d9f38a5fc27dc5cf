import threading
import time

import numpy as np
import pytest

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.gallery import uploads as module
from keras_transfer_gen.recipes.gallery.editor import Edit, Editor
from keras_transfer_gen.recipes.gallery.uploads import BusyError, Uploads
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space


@pytest.fixture(scope="module")
def spaces(source_file, vae_file):
    return {"gan": open_space(source_file), "vae": open_space(vae_file)}


@pytest.fixture
def editors(spaces):
    editors = {name: Editor(lambda space=space: space) for name, space in spaces.items()}
    yield editors
    for editor in editors.values():
        editor.close()


@pytest.fixture
def uploads():
    return Uploads()


def wait(upload):
    end = time.monotonic() + 60
    while upload.state == "running" and time.monotonic() < end:
        time.sleep(0.01)
    return upload.describe()


def test_a_projection_comes_near_to_the_image(uploads, editors, spaces):
    space = spaces["gan"]
    image = space.images(space.draw([200]))[0]
    upload = uploads.begin(0, editors["gan"], pixels.to_png(image), steps=40, distance="pixels")
    facts = wait(upload)
    assert facts["state"] == "ready" and (facts["done"], facts["steps"]) == (40, 40)
    assert facts["distance"] < facts["first_distance"] and facts["measured_by"] == "pixels"
    np.testing.assert_array_equal(upload.image, image)
    shown = space.images(upload.latents.latents[None])[0]
    assert facts["mean_levels"] == pytest.approx(np.abs(shown.astype(float) - image).mean(), abs=0.1)
    assert len(editors["gan"].png(Edit(upload.latents))) > 100
    assert uploads.get(upload.name) is upload and uploads.remove(upload.name) and uploads.get(upload.name) is None
    assert not uploads.remove(upload.name)


def test_an_encoder_gives_the_reconstruction(uploads, editors, spaces, sample_images):
    upload = uploads.begin(0, editors["vae"], pixels.to_png(sample_images[0]), encode=True)
    assert wait(upload)["state"] == "ready"
    np.testing.assert_allclose(upload.latents.latents, spaces["vae"].encode(sample_images[:1])[0], atol=1e-5)
    with pytest.raises(checks.UserError, match="`encode` must be left out"):
        uploads.begin(0, editors["gan"], pixels.to_png(sample_images[0]), encode=True)


def test_what_can_not_be_used_is_refused_and_leaves_the_gallery_free(uploads, editors, sample_images):
    image = pixels.to_png(sample_images[0])
    for content, options, text in (
        (b"", {}, "empty file"),
        (b"<html>", {}, "not an image"),
        (image[:60], {}, "broken image|truncated image"),
        (image, {"steps": 0}, "`steps` must be"),
        (image, {"steps": 1001}, "`steps` must be"),
        (image, {"distance": "/tmp/network.keras"}, "`distance` must be one of"),
    ):
        with pytest.raises(checks.USER_ERRORS, match=text):
            uploads.begin(0, editors["gan"], content, **options)
        uploads.check_free()


@pytest.fixture
def slow(monkeypatch):
    """Has searches tick until an event is set; yields the event."""
    ends = threading.Event()

    def search(space, upload, editor, distance):
        ticks = module._Ticks(upload, editor)
        with ticks.progress("", 1) as tick:
            while not ends.is_set():
                tick(0)
                time.sleep(0.01)
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_project", search)
    yield ends
    ends.set()


def test_one_search_at_a_time_which_can_be_stopped(uploads, editors, sample_images, slow):
    image = pixels.to_png(sample_images[0])
    upload = uploads.begin(0, editors["gan"], image)
    for editor in editors.values():
        with pytest.raises(BusyError):
            uploads.begin(1, editor, image)
    with pytest.raises(BusyError):
        uploads.check_free()
    assert uploads.remove(upload.name)
    assert wait(upload)["error"] == "The search was stopped." and uploads.get(upload.name) is upload
    uploads.check_free()


def test_a_search_ends_when_nobody_asks_for_it_and_with_the_gallery(uploads, editors, sample_images, slow, monkeypatch):
    image = pixels.to_png(sample_images[0])
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    assert wait(uploads.begin(0, editors["gan"], image))["error"] == "The search was stopped."
    monkeypatch.setattr(module, "PATIENCE", 60)
    upload = uploads.begin(0, editors["vae"], image)
    editors["vae"].close()
    assert wait(upload)["error"] == "The search was stopped."


def test_a_fault_is_told_to_the_terminal_alone(uploads, editors, sample_images, slow, caplog):
    slow.set()
    upload = uploads.begin(0, editors["gan"], pixels.to_png(sample_images[0]))
    assert wait(upload)["error"] == module.FAULT and "ZeroDivisionError" in caplog.text


def test_the_newest_uploads_are_kept(uploads, editors, sample_images, monkeypatch):
    monkeypatch.setattr(module, "MOST_UPLOADS", 2)
    image = pixels.to_png(sample_images[0])
    names = []
    for _ in range(3):
        upload = uploads.begin(0, editors["vae"], image, encode=True)
        wait(upload)
        names.append(upload.name)
    assert uploads.get(names[0]) is None and uploads.get(names[2]) is not None

import time

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.gallery import app as gallery
from keras_transfer_gen.recipes.gallery import uploads as searches
from keras_transfer_gen.recipes.gallery.app import Access, build_app
from keras_transfer_gen.recipes.gallery.edit_views import MOST_MOVES, read_moves
from keras_transfer_gen.recipes.gallery.served_model import open_served
from keras_transfer_gen.recipes.models.resolve import resolve_model

pytest.importorskip("flask", reason="the extra `serve` brings Flask")


@pytest.fixture(scope="module")
def served(source_file, vae_file):
    models = [open_served(resolve_model(file)) for file in (source_file, vae_file)]
    yield models
    for model in models:
        model.close()


@pytest.fixture
def client(served):
    client = build_app(served, Access("127.0.0.1", 8000)).test_client()
    client.application.config["SERVER_NAME"] = "127.0.0.1:8000"
    client.environ_base["REMOTE_ADDR"] = "127.0.0.1"
    return client


def pixels_of(answer):
    assert answer.status_code == 200 and answer.mimetype == "image/png"
    return tf.io.decode_png(answer.data).numpy().astype(int)


def wait(client, name):
    end = time.monotonic() + 60
    while (facts := client.get(f"/api/uploads/{name}").json)["state"] == "running" and time.monotonic() < end:
        time.sleep(0.02)
    return facts


def test_edits_of_generated_images(client):
    assert client.get("/api/runs/1/edits").json == {"space": "z", "layers": 0, "directions": 8, "encodes": True}
    plain = pixels_of(client.get("/api/runs/0/edited.png?start=4/35"))
    assert np.abs(plain - pixels_of(client.get("/api/runs/0/images/4/35.png"))).max() <= 1
    moved = pixels_of(client.get("/api/runs/0/edited.png?start=4/35&moves=1:3"))
    middle = pixels_of(client.get("/api/runs/0/edited.png?start=4/35&end=4/36&share=0.5"))
    assert (moved != plain).any() and (middle != plain).any() and (middle != moved).any()


def test_an_upload_is_found_shown_edited_and_removed(client, sample_images):
    for run, query in ((0, "steps=3&distance=pixels"), (1, "encode=1")):
        answer = client.post(f"/api/runs/{run}/uploads?{query}", data=pixels.to_png(sample_images[0]))
        assert answer.status_code == 202, answer.text
        name = answer.json["name"]
        facts = wait(client, name)
        assert facts["state"] == "ready" and facts["mean_levels"] >= 0
        np.testing.assert_array_equal(pixels_of(client.get(f"/api/uploads/{name}/image.png")), sample_images[0])
        image = pixels_of(client.get(f"/api/runs/{run}/edited.png?start={name}"))
        assert np.abs(image - sample_images[0]).mean() == pytest.approx(facts["mean_levels"], abs=0.1)
        towards = pixels_of(client.get(f"/api/runs/{run}/edited.png?start={name}&end=0/1&share=1"))
        assert np.abs(towards - pixels_of(client.get(f"/api/runs/{run}/images/0/1.png"))).max() <= 1
        other = client.get(f"/api/runs/{1 - run}/edited.png?start={name}")
        assert other.status_code == 400 and "other model" in other.json["error"]
        assert client.delete(f"/api/uploads/{name}").status_code == 204
        assert client.get(f"/api/uploads/{name}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/api/runs/0/edited.png", 400, "`start` must be SEED/NUMBER"),
        ("/api/runs/0/edited.png?start=-1/0", 400, "`seed` must be an integer from 0"),
        ("/api/runs/0/edited.png?start=0/x", 400, "`number` must be"),
        ("/api/runs/0/edited.png?start=0/0&truncation=2", 400, "`truncation` must be"),
        ("/api/runs/0/edited.png?start=0/0&label=1", 400, "`label` must be left out"),
        ("/api/runs/0/edited.png?start=0/0&moves=1", 400, "`moves` must be such as"),
        ("/api/runs/0/edited.png?start=0/0&moves=99:1", 400, "`direction` must be"),
        ("/api/runs/0/edited.png?start=0/0&moves=0:nan", 400, "`strength` must be"),
        ("/api/runs/0/edited.png?start=0/0&end=0/1&share=2", 400, "`share` must be"),
        ("/api/runs/0/edited.png?start=0/0&end=0/1&layers=0", 400, "`layers` must be left out"),
        ("/api/runs/0/edited.png?start=nothing", 404, "no such upload"),
        ("/api/runs/7/edited.png?start=0/0", 404, "There is no run 7"),
        ("/api/uploads/nothing", 404, "no such upload"),
        ("/api/uploads/../../etc/passwd", 404, "not found"),
    ],
)
def test_wrong_addresses_get_a_clear_answer(client, path, status, text):
    answer = client.get(path)
    assert answer.status_code == status and text in answer.json["error"]


@pytest.mark.parametrize(
    ("query", "body", "status", "text"),
    [
        ("", b"", 400, "empty file"),
        ("", b"no image", 400, "not an image"),
        ("steps=0", b"", 400, "`steps` must be"),
        ("steps=x", b"", 400, "`steps` must be"),
        ("distance=/etc/passwd.keras", b"", 400, "`distance` must be one of"),
        ("label=0", b"", 400, "`label` must be left out"),
        ("encode=1", b"", 400, "`encode` must be left out"),
        ("", b"0" * (gallery.MOST_IMAGE + 1), 413, "at most 4194304 bytes"),
    ],
)
def test_wrong_uploads_get_a_clear_answer_and_leave_the_gallery_free(client, query, body, status, text):
    answer = client.post(f"/api/runs/0/uploads?{query}", data=body)
    assert answer.status_code == status and text in answer.json["error"]
    assert client.get("/api/runs/0/edited.png?start=0/0").status_code == 200


def test_uploads_of_other_sites_are_refused(client, sample_images):
    headers = {"Origin": "http://evil.example"}
    answer = client.post("/api/runs/0/uploads", data=pixels.to_png(sample_images[0]), headers=headers)
    assert answer.status_code == 403


def test_while_a_search_is_at_work_others_wait_and_images_are_shown(client, sample_images, monkeypatch):
    def search(space, upload, editor, distance):
        ticks = searches._Ticks(upload, editor)
        with ticks.progress("", 1) as tick:
            while True:
                tick(0)
                time.sleep(0.01)

    monkeypatch.setattr(searches, "_project", search)
    body = pixels.to_png(sample_images[0])
    name = client.post("/api/runs/0/uploads", data=body).json["name"]
    for answer in (
        client.post("/api/runs/1/uploads", data=body),
        client.get("/api/runs/0/edits"),
        client.get("/api/runs/1/edited.png?start=0/0"),
    ):
        assert answer.status_code == 409 and "Wait until that has ended, or stop it." in answer.json["error"]
    assert client.get("/api/runs/0/images/0/0.png").status_code == 200
    assert client.delete(f"/api/uploads/{name}").status_code == 204
    assert wait(client, name)["error"] == "The search was stopped."
    answer = client.get(f"/api/runs/0/edited.png?start={name}")
    assert answer.status_code == 409 and "not known" in answer.json["error"]


def test_models_without_an_editor_are_only_shown(models):
    client = build_app(models, Access("127.0.0.1", 8000)).test_client()
    answer = client.get("/api/runs/0/edits", base_url="http://127.0.0.1:8000")
    assert answer.status_code == 404 and "can't be edited" in answer.json["error"]


def test_moves_are_read():
    assert read_moves(None) == read_moves("") == ()
    assert read_moves("0:1.5,3:-2") == ((0, 1.5), (3, -2.0))
    for text in ("1", ",", "0:1,", ",".join(["0:1"] * (MOST_MOVES + 1))):
        with pytest.raises(checks.UserError, match="`moves` must be"):
            read_moves(text)

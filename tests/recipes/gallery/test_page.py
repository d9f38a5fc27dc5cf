"""The gallery's page in headless Chromium."""

import io
import json
import threading
import time
import zipfile

import pytest

from keras_transfer_gen.recipes.gallery.server import create_server, open_socket, run
from tests.chromium import chromium, needs_chromium

pytest.importorskip("flask", reason="the extra `serve` brings Flask and waitress")


@pytest.fixture
def address(models):
    listener = open_socket("127.0.0.1", 0)
    server = create_server(models, listener, "127.0.0.1")
    thread = threading.Thread(target=run, args=[server], daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    server.trigger.pull_trigger(server.close)
    thread.join(10)


def test_images_are_shown_picked_and_downloaded(address, models, tmp_path):
    needs_chromium()
    loaded = "new Promise((done) => {{ const look = () => [...document.images].length === {} && "
    loaded += "[...document.images].every((i) => i.naturalWidth) ? done(1) : setTimeout(look, 50); look(); }})"
    with chromium(tmp_path / "profile") as page:
        page.open(address)
        page.run(loaded.format(64))
        assert page.run("document.title") == "cats and ../dogs"
        page.press("n")
        page.run(loaded.format(64))
        assert page.run("document.getElementById('range').textContent") == "Images 32 to 63 of seed 0"
        page.run("document.querySelectorAll('.tile')[3].click()")
        assert page.run("document.getElementById('picked').textContent") == "1 image is picked."
        page.connection.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        page.run("document.getElementById('zip').click()")
        file, end = tmp_path / "picks.zip", time.monotonic() + 20
        while not file.is_file() and time.monotonic() < end:
            time.sleep(0.05)
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            rows = json.loads(archive.read("picks.json"))["images"]
            assert archive.read(rows[0]["file"]) == models[0].png(models[0].key(0, 35))
        assert [(row["model"], row["number"]) for row in rows] == [("cats", 35), ("../dogs", 35)]
        page.run("document.getElementById('seed').value = '-1'")
        page.run("document.querySelector('#controls button').click()")
        assert "must be a whole number" in page.run("document.getElementById('error').textContent")
        assert page.complaints == [] and all(request.startswith(address) for request in page.requests)

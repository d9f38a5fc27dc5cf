"""The gallery's page in headless Chromium."""

import contextlib
import io
import json
import threading
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import efficientnet_lite, pixels
from keras_transfer_gen.recipes.gallery.served_model import open_served
from keras_transfer_gen.recipes.gallery.server import create_server, open_socket, run
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import resolve_model
from tests.chromium import chromium, needs_chromium

pytest.importorskip("flask", reason="the extra `serve` brings Flask and waitress")


LOADED = (
    "new Promise((done) => {{ const look = () => {{ const all = [...document.querySelectorAll({!r})]; "
    "all.length === {} && all.every((image) => image.naturalWidth) ? done(1) : setTimeout(look, 50); }}; look(); }})"
)


@contextlib.contextmanager
def serving(models):
    """The address of a gallery of some models that runs until the block ends."""
    listener = open_socket("127.0.0.1", 0)
    server = create_server(models, listener, "127.0.0.1")
    thread = threading.Thread(target=run, args=[server], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join(10)


def test_images_are_shown_picked_and_downloaded(models, tmp_path):
    needs_chromium()
    loaded = LOADED.format(".tile img", 64)
    with serving(models) as address, chromium(tmp_path / "profile") as page:
        page.open(address)
        page.run(loaded)
        assert page.run("document.title") == "cats and ../dogs" and page.run("document.getElementById('edit').hidden")
        page.press("n")
        page.run(loaded)
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


def pixels_shown(page, name):
    """RGBA levels of an image of the page, once it has changed from what it was before."""
    script = """(() => { const image = document.getElementById('NAME'), canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, canvas.width, canvas.height).data]; })()"""
    return page.run(script.replace("NAME", name))


def changed(page, action):
    """The pixels of the edited image after an action that changes its address."""
    page.run("window.before = document.getElementById('edited').src")
    page.run(action)
    page.run("""new Promise((done) => { const look = () => { const image = document.getElementById('edited');
        image.src && image.src !== window.before && image.complete && image.naturalWidth ? done(1)
            : setTimeout(look, 50); }; look(); })""")
    return pixels_shown(page, "edited")


def test_images_are_uploaded_projected_reconstructed_and_edited(
    source_file, vae_file, sample_images, tmp_path, monkeypatch
):
    needs_chromium()
    monkeypatch.setattr(efficientnet_lite, "feature_maps", lambda images: [images])  # traces in no time
    (tmp_path / "image.png").write_bytes(pixels.to_png(sample_images[0]))
    models = [open_served(resolve_model(file)) for file in (source_file, vae_file)]
    with serving(models) as address, chromium(tmp_path / "profile") as page:
        page.open(address)
        page.run(LOADED.format(".tile img", 64))
        for number in (3, 5):
            page.run(f"document.querySelectorAll('.tile')[{number}].click()")
        plain = changed(page, "document.getElementById('edit').click()")
        with Image.open(io.BytesIO(models[0].png(models[0].key(0, 3)))) as image:
            expected = np.asarray(image.convert("RGBA")).astype(int).ravel()
        assert np.abs(np.asarray(plain) - expected).max() <= 1
        slide = "(() => {{ const s = document.getElementById({!r}); s.value = {}; "
        slide += "s.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        assert changed(page, slide.format("direction-0", 3)) != plain
        assert page.run("document.querySelectorAll('#directions input').length") == 8
        assert changed(page, "document.querySelector('#sliders [type=reset]').click()") == plain
        assert changed(page, slide.format("share", 0.5)) != plain

        page.run("document.getElementById('project').click()")
        error = "document.getElementById('error').textContent"
        page.run(f"new Promise((done) => {{ const look = () => {error} ? done(1) : setTimeout(look, 50); look(); }})")
        assert page.run(error) == "Choose an image file first."
        root = page.send("DOM.getDocument")["root"]["nodeId"]
        file = page.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        page.send("DOM.setFileInputFiles", nodeId=file, files=[str(tmp_path / "image.png")])
        page.run("document.getElementById('steps').value = 3")
        projected = changed(page, "document.getElementById('project').click()")
        status = "document.getElementById('editing-status').textContent"
        assert "Mean difference from the upload" in page.run(status) and page.run(error) == ""
        given = np.asarray(pixels_shown(page, "given")).reshape(32, 32, 4)
        np.testing.assert_array_equal(given[..., :3], sample_images[0])
        assert changed(page, slide.format("direction-1", 2)) != projected

        choose = "s.value = 1; s.dispatchEvent(new Event('change'));"
        choose = f"(() => {{ const s = document.getElementById('run'); {choose} }})()"
        changed(page, choose)
        reconstructed = changed(page, "document.getElementById('encode').click()")
        wanted = np.asarray(load_vae(vae_file).reconstruct(sample_images[:1]))[0]
        assert np.abs(np.asarray(reconstructed).reshape(32, 32, 4)[..., :3] - wanted.astype(int)).max() <= 1
        changed(page, "document.getElementById('forget').click()")
        assert page.run("document.getElementById('given-part').hidden")
        assert page.complaints == [] and all(request.startswith((address, "blob:")) for request in page.requests)
    for model in models:
        model.close()

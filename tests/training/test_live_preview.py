import sys
import types
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training import live_preview
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.live_preview import LivePreview, curves_svg, is_notebook, preview_html

DATA = tf.data.Dataset.from_tensors(np.zeros((10, 32, 32, 3), np.uint8)).repeat()


@pytest.fixture(scope="module")
def shared_gan():
    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=4, min_channels=4))
    gan.compile(penalty=None)
    return gan


@pytest.fixture
def train(shared_gan):
    """Function: a callback -> it was used in 4 steps of 10 images."""

    def run(callback):
        shared_gan.step.assign(0)
        shared_gan.images_seen.assign(0)
        shared_gan.fit(DATA, steps_per_epoch=4, verbose=0, callbacks=[callback])

    return run


def test_without_a_notebook_the_images_are_written_and_it_is_said_once(train, tmp_path, capsys):
    path = tmp_path / "live.png"
    train(LivePreview(kimg=0.02, num=4, path=path))
    assert path.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err == f"LivePreview: no notebook here, so the newest images are written to {path}\n"


def test_in_a_notebook_one_output_is_renewed(train, monkeypatch):
    pages, ids = [], []

    class Output:
        def update(self, page):
            pages.append(page)

    def display(page, display_id):
        ids.append(display_id)
        pages.append(page)
        return Output()

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(HTML=str, display=display))
    assert is_notebook()
    train(LivePreview(kimg=0.01, num=4))
    assert len(pages) == 5 and ids == [True]
    assert "before training" in pages[0] and "0.04 kimg" in pages[-1] and "d_loss" in pages[-1]


def test_terminal_of_ipython_is_no_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: object()))
    assert not is_notebook()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert not is_notebook()


def test_preview_that_fails_never_ends_a_training(train, monkeypatch, capsys, shared_gan):
    monkeypatch.setattr(live_preview, "draw_sheet", lambda *arguments: 1 / 0)
    train(LivePreview(kimg=0.01))
    assert capsys.readouterr().err == "LivePreview stopped: division by zero. The training goes on.\n"
    assert shared_gan.kimg == 0.04


def test_curves_are_drawn_from_two_rows_on():
    rows = [
        {"kimg": 0.0, "d_loss": 1.0, "g<loss": 2.0, "real_logits": 99.0},
        {"kimg": 1.0, "d_loss": 3.0, "g<loss": 2.0, "real_logits": 99.0},
    ]
    assert curves_svg([]) == curves_svg(rows[:1]) == ""
    root = ElementTree.fromstring(curves_svg(rows))
    lines = [element.get("points").split() for element in root.iter("polyline")]
    assert lines[0] == ["34.0,186.0", "386.0,34.0"] and len(lines) == 2
    constant = ElementTree.fromstring(curves_svg([{"kimg": 1.0, "a": 1.0}] * 2))
    assert len(list(constant.iter("polyline"))) == 1
    page = preview_html(pixels.to_png(np.zeros((4, 4, 3), np.uint8)), rows)
    assert "g&lt;loss" in page and "<script" not in page

import numpy as np
from PIL import Image

from keras_transfer_gen.recipes.report.vae_curves import draw_curves, write_curves

ROWS = [{"kimg": k, "reconstruction_loss": 100 - k, "kl_loss": 10 + k, "elbo": 0.0} for k in range(5)]
POINTS = [{"kimg": k, "elbo": -5000.0 + 100 * k} for k in range(5)]


def inked(path):
    with Image.open(path) as image:
        return (np.asarray(image.convert("L")) < 200).sum()


def test_curves_are_drawn_and_scratch_adds_ink(tmp_path):
    write_curves(tmp_path / "a.png", ROWS, POINTS, [])
    write_curves(tmp_path / "b.png", ROWS, POINTS, [{**point, "elbo": point["elbo"] - 900} for point in POINTS])
    assert inked(tmp_path / "b.png") > inked(tmp_path / "a.png") > 1000


def test_labels_are_no_longer_than_their_axes():
    figure = draw_curves(ROWS, POINTS, [])
    figure.canvas.draw()
    for axes in figure.axes:
        box, label = axes.get_window_extent(), axes.yaxis.label.get_window_extent()
        assert box.y0 <= label.y0 and label.y1 <= box.y1, axes.get_ylabel()


def test_nothing_to_draw_is_no_fault(tmp_path):
    write_curves(tmp_path / "empty.png", [], [], [])
    assert (tmp_path / "empty.png").is_file()

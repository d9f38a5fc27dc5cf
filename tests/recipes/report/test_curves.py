import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.report.curves import draw_curves, gan_panels, vae_panels, write_curves

GAN_ROWS = [{"kimg": k, "d_loss": 1.0, "g_loss": 2.0} for k in range(5)]
VAE_ROWS = [{"kimg": k, "reconstruction_loss": 100 - k, "kl_loss": 10 + k, "elbo": 0.0} for k in range(5)]
KIDS = [{"kimg": k, "kid": 90.0 - 10 * k} for k in range(5)]
SIGNS = [{**r, "precision": 0.5, "spread": 0.9, "memory_gap": 0.3 if r["kimg"] else None} for r in KIDS]
ELBOS = [{"kimg": k, "elbo": -5000.0 + 100 * k} for k in range(5)]


def lines_of(figure):
    """Of each panel: {label: list of its values}."""
    return [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]


def test_gan_has_its_losses_and_scores_and_a_ring_around_the_kept_one():
    losses, scores = lines_of(draw_curves(gan_panels(GAN_ROWS, KIDS, KIDS[:2], kept=2)))
    assert losses == {"d loss": [1.0] * 5, "g loss": [2.0] * 5}
    assert scores == {"this run": [90.0, 80.0, 70.0, 60.0, 50.0], "from scratch": [90.0, 80.0], "kept": [70.0]}
    assert set(lines_of(draw_curves(gan_panels(GAN_ROWS, KIDS, [])))[1]) == {"this run"}


def test_gan_shows_each_view_relative_to_the_first_score():
    records = [{"kimg": k, "kid": 90.0 - 10 * k, "kid_second": 40.0, "layout": 10.0 + k} for k in range(3)]
    views = lines_of(draw_curves(gan_panels(GAN_ROWS, records, [])))[2]
    assert views["KID"] == pytest.approx([1, 8 / 9, 7 / 9]) and views["second network"] == [1, 1, 1]
    assert views["layout"] == pytest.approx([1, 1.1, 1.2])
    records[0]["layout"] = -0.1  # nothing can be a share of that
    assert len(gan_panels(GAN_ROWS, records, [])) == 2


def test_gan_shows_the_signs_that_were_measured():
    (signs,) = lines_of(draw_curves(gan_panels(GAN_ROWS, SIGNS, [])))[2:]
    assert signs == {"precision": [0.5] * 5, "spread of the images": [0.9] * 5, "known by heart": [0.3] * 4}


def test_vae_has_both_parts_of_its_loss_and_the_elbo():
    losses, elbo = lines_of(draw_curves(vae_panels(VAE_ROWS, ELBOS, ELBOS)))
    assert losses == {"reconstruction loss": [100, 99, 98, 97, 96], "kl loss": [10, 11, 12, 13, 14]}
    assert set(elbo) == {"this run", "from scratch"} and elbo["this run"][0] == -5000.0


@pytest.mark.parametrize(("panels", "scale"), [
    (gan_panels([], KIDS, []), "log"), (gan_panels([], KIDS, [{"kimg": 1, "kid": -0.5}]), "linear"),
    (vae_panels([], ELBOS, []), "symlog"), (vae_panels([], [{"kimg": 1, "elbo": 2.0}], []), "linear"),
])  # fmt: skip
def test_scale_suits_the_values(panels, scale):
    assert draw_curves(panels).axes[1].get_yscale() == scale


@pytest.mark.parametrize("panels", [gan_panels(GAN_ROWS, SIGNS, []), vae_panels(VAE_ROWS, ELBOS, [])])
def test_labels_are_no_longer_than_their_axes(panels):
    figure = draw_curves(panels)
    figure.canvas.draw()
    for axes in figure.axes:
        box, label = axes.get_window_extent(), axes.yaxis.label.get_window_extent()
        assert box.y0 <= label.y0 and label.y1 <= box.y1, axes.get_ylabel()


@pytest.mark.parametrize("panels", [gan_panels(GAN_ROWS, KIDS, []), vae_panels([], [], [])])
def test_curves_are_written_as_a_picture(tmp_path, panels):
    write_curves(tmp_path / "curves.png", panels)
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (990, 374) and len(np.unique(np.asarray(picture))) > 10


@pytest.mark.parametrize("panels", [
    gan_panels(GAN_ROWS, KIDS, [], rollbacks=[{"kimg": 2.5}, {"kimg": 3.0}]),
    vae_panels(VAE_ROWS, ELBOS, [], rollbacks=[{"kimg": 2.5}, {"kimg": 3.0}]),
])  # fmt: skip
def test_returns_to_a_checkpoint_are_marked_where_the_losses_are(panels):
    losses, *others = draw_curves(panels).axes
    marks = [list(line.get_xdata()) for line in losses.lines if line.get_linestyle() == ":"]
    assert marks == [[2.5, 2.5], [3.0, 3.0]]
    assert not [line for axes in others for line in axes.lines if line.get_linestyle() == ":"]
    assert [text.get_text() for text in losses.get_legend().get_texts()].count("diverged, went back") == 1

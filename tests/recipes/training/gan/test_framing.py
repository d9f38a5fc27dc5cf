import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.networks.blended.known import known_images
from keras_transfer_gen.networks.framing import framing_layer
from keras_transfer_gen.networks.resampling import zoom_images
from keras_transfer_gen.recipes.models.grow import grow_gan
from keras_transfer_gen.recipes.report.reporter import SILENT, Reporter
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan import framing
from keras_transfer_gen.recipes.training.gan import known_images as known
from keras_transfer_gen.recipes.training.gan.framing import choose_framed, choose_zoom, frame
from tests.blended_fixtures import blended_gan


def discs(count, radius, seed, side=32):
    """Grey discs of about a radius on white."""
    rng = np.random.default_rng(seed)
    places = np.indices((side, side)) - rng.normal((side - 1) / 2, 0.05 * radius, (count, 2, 1, 1))
    inside = np.sqrt(np.square(places).sum(axis=1)) < radius * rng.uniform(0.97, 1.03, (count, 1, 1))
    images = np.where(inside[..., np.newaxis], rng.integers(40, 160, (count, 1, 1, 3)), 255)
    return images.astype(np.uint8)


@pytest.mark.parametrize(("radius", "zoom"), [(12.0, 1.2), (11.0, 1.1), (10.0, 1.0), (9.0, 0.9), (8.0, 0.8)])
def test_zoom_makes_things_as_large_as_those_of_the_images(radius, zoom):
    assert choose_zoom(discs(60, 10.0, 0), discs(60, radius, 1), SILENT) == zoom


@pytest.mark.parametrize(("zoom", "tried"), [(1.1, 8), (1.6, 12), (2.0, 12), (3.0, 12)])
def test_larger_zooms_are_tried_where_things_are_small(zoom, tried, monkeypatch):
    zooms = []
    monkeypatch.setattr(
        framing, "zoom_images", lambda images, zoom, *ground: zooms.append(zoom) or zoom_images(images, zoom, *ground)
    )
    assert choose_zoom(discs(60, 50.0 / zoom, 0, side=128), discs(60, 50.0, 1, side=128), SILENT) == zoom
    assert len(zooms) == tried


def test_few_images_change_nothing():
    assert choose_zoom(discs(60, 10.0, 0), discs(19, 12.0, 1), SILENT) == 1.0


@pytest.mark.parametrize(("zoom", "chosen"), [(1.0, [3, 4]), (1.3, [3, 4]), (2.0, [5, 6])])
def test_known_images_are_chosen_anew_as_they_look_much_enlarged(zoom, chosen, monkeypatch):
    gan, images = blended_gan(), discs(30, 10.0, 0)

    def choose(enlarged, others, reporter):
        assert framing_layer(enlarged.ema_generator).zoom == 2.0 and others is images
        expected = zoom_images(known_images(gan.ema_generator), 2.0).astype(int)
        assert np.abs(known_images(enlarged.ema_generator) - expected).max() <= 2
        return [5, 6]

    monkeypatch.setattr(framing, "choose_zoom", lambda *_: zoom)
    monkeypatch.setattr(framing, "choose_known", choose)
    assert choose_framed(gan, [3, 4], images, SILENT) == (zoom, chosen)


def test_framed_gan_draws_enlarged_images_and_can_grow():
    gan = blended_gan()
    framed = frame(gan, 1.3)
    expected = zoom_images(gan.generate(8, seed=1), 1.3).astype(int)
    assert np.abs(framed.generate(8, seed=1) - expected).max() <= 2
    again = frame(framed, 0.5)
    assert framing_layer(again.ema_generator).zoom == framing_layer(again.generator).zoom == pytest.approx(0.65)


@pytest.mark.parametrize("ground", [(255, 10, 200), None])
def test_smaller_images_lie_on_the_ground_of_the_known_ones(ground, monkeypatch):
    gan, seen = blended_gan(), []
    monkeypatch.setattr(framing, "ground_of", lambda images: seen.append(images) or ground)
    expected = zoom_images(gan.generate(8, seed=1), 0.7, ground).astype(int)
    assert np.abs(frame(gan, 0.7).generate(8, seed=1) - expected).max() <= 2
    np.testing.assert_array_equal(seen[0], known_images(gan.ema_generator))


def test_grown_gan_keeps_its_framing():
    gan = ktg.load_gan("noto_gan_64")
    grown = grow_gan(frame(gan, 1.25), 128)
    assert framing_layer(grown.generator).zoom == framing_layer(grown.ema_generator).zoom == 1.25
    small = grown.generate(4, seed=0).reshape(4, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs(small - frame(gan, 1.25).generate(4, seed=0)).mean() < 4


class Notes(Reporter):
    """Keeps what it is told."""

    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.mark.usefixtures("quick_scores")
@pytest.mark.parametrize("labels", [None, pytest.param("own", marks=pytest.mark.slow)])
def test_fine_tune_resizes_the_source_and_says_so(labels, tmp_path, monkeypatch, request):
    if labels:
        request.getfixturevalue("no_exports")  # those of the other run are enough
    monkeypatch.setattr(known, "LEAST", 4)
    monkeypatch.setattr(
        framing, "choose_zoom", lambda shown, wanted, reporter: 1.1 if shown.shape == wanted.shape else 7
    )
    blended_gan().save(tmp_path / "source.keras")
    images = np.random.default_rng(0).integers(0, 255, (18, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.repeat(["green", "blue"], 9))
    settings = {
        "source": str(tmp_path / "source.keras"), "data": str(tmp_path / "data.npz"), "out": str(tmp_path / "run"),
        "batch_size": 4, "feature_weight": 0.0, "evaluate_every_kimg": 0.02, "labels": labels,
    }  # fmt: skip
    told = Notes()
    fine_tune(ktg.FineTuneSettings(**settings, kimg=0.04), told)
    assert any("1.1 times" in text for text in told.said)
    assert framing_layer(ktg.load_gan(tmp_path / "run").ema_generator).zoom == 1.1
    assert RunFolder(tmp_path / "run").config()["resolved"]["ema_rampup"] == (0.1 if labels else 1.0)
    monkeypatch.setattr(framing, "choose_zoom", lambda *_: 2.0)  # a run that goes on keeps what was measured
    request.getfixturevalue("no_exports")
    fine_tune(ktg.FineTuneSettings(**settings, kimg=0.06))
    assert framing_layer(ktg.load_gan(tmp_path / "run").ema_generator).zoom == 1.1


@pytest.mark.usefixtures("quick_scores", "no_exports")
def test_source_of_which_all_is_trained_stays_as_large_as_it_is(tmp_path):
    blended_gan().save(tmp_path / "source.keras")
    np.savez(tmp_path / "data.npz", images=discs(20, 12.0, 0))
    fine_tune(ktg.FineTuneSettings(
        source=str(tmp_path / "source.keras"), data=str(tmp_path / "data.npz"), out=str(tmp_path / "run"),
        batch_size=4, feature_weight=0.0, latent_selection_kimg=0.0, kimg=0.02,
    ))  # fmt: skip
    assert framing_layer(ktg.load_gan(tmp_path / "run").ema_generator) is None

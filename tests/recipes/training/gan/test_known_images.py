import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.networks.blended.known import blend_layer, known_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan import known_images as module
from keras_transfer_gen.recipes.training.gan.known_images import (
    choose_known,
    evenly,
    keep_known,
    kept_sentence,
    layout,
    order_by_kind,
)
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint
from tests.blended_fixtures import EACH, LATENT_DIM, blended_gan, fine_generator

pytestmark = pytest.mark.usefixtures("quick_scores", "no_exports")  # test_framing.py exports such a run


@pytest.fixture(scope="module")
def gan():
    return blended_gan()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(module, "LEAST", 4)


def first_record(out):
    """The scores that a finished RUN began with."""
    _, state = load_checkpoint(latest_checkpoint(RunFolder(out).adapted))
    return state["records"][0]


def green_images(count=3):
    images = np.random.default_rng(0).integers(0, 30, (count, 32, 32, 3), np.uint8)
    images[..., 1] += 190
    return images


def test_images_most_like_yours_are_kept(gan, few):
    chosen = choose_known(gan, green_images(1), SILENT)
    assert len(chosen) == EACH and len(set(chosen) & set(range(EACH, 2 * EACH))) >= EACH - 1
    assert len(choose_known(gan, green_images(2), SILENT)) == 12


def test_same_kind_in_another_style_stays(monkeypatch):
    """Two of 20 classes are of the kind of the images, one in their style; the other soon has no votes any more."""
    rng, classes = np.random.default_rng(0), np.repeat(np.arange(20), 60)
    last = np.select([classes == 3, classes == 7], [30, 120], 1800)
    ranks = rng.integers(0, last)
    assert set(classes[order_by_kind(ranks, classes, count=60)]) == {3, 7}
    monkeypatch.setattr(module, "SURE", 2.0)
    assert set(classes[order_by_kind(ranks, classes, count=60)]) == {3}


def test_numbers_are_evenly_spread():
    assert evenly(3, 10).tolist() == [0, 1, 2]
    assert evenly(101, 3).tolist() == [0, 50, 100]


def test_images_of_few_kinds_keep_no_others():
    """One of ten classes is that of the images; many of the nearest images are of others all the same."""
    rng, classes = np.random.default_rng(0), np.repeat(np.arange(10), 60)
    ranks = np.where(classes == 3, rng.integers(0, 60, 600), rng.integers(0, 400, 600))
    assert (classes[np.argsort(ranks, kind="stable")[:60]] == 3).mean() < 0.7
    order = order_by_kind(ranks, classes, count=60)
    assert set(classes[order]) == {3} and len(set(order.tolist())) == 60
    assert (np.diff(ranks[order]) >= 0).all()


@pytest.mark.parametrize("num_classes", [1, 10])
def test_images_of_all_kinds_are_ordered_by_their_ranks_alone(num_classes):
    ranks, classes = np.random.default_rng(1).integers(0, 200, 600), np.arange(600) % num_classes
    np.testing.assert_array_equal(order_by_kind(ranks, classes, 50), np.argsort(ranks, kind="stable"))


def test_run_says_of_which_classes_the_kept_images_are(gan):
    sentence = kept_sentence(gan, [0, 6, 7, 8])
    assert sentence.endswith(
        "keeps the 4 images that it knows which are most like yours. Largest classes: green 3, red 1."
    )
    nobody = blended_gan()
    classes = blend_layer(nobody.ema_generator).classes
    classes.assign(classes.numpy() * 0.05)
    assert kept_sentence(nobody, [0, 6, 12]).endswith("which are most like yours.")
    assert kept_sentence(keep_known(gan, [6, 7]), [0]).endswith("which are most like yours.")


def test_gan_that_keeps_some_draws_all_of_them_and_no_other(gan):
    numbers = [6, 9, 7, 11]
    kept = keep_known(gan, numbers)
    assert kept.spec.num_classes == 0 and kept.network_inputs.conditions == ()
    assert blend_layer(kept.ema_generator).num_images == blend_layer(kept.generator).num_images == 4
    np.testing.assert_array_equal(known_images(kept.ema_generator), known_images(gan.ema_generator, numbers))
    drawn, points = kept.generate(200), blend_layer(kept.generator)
    latents = np.random.default_rng(1).normal(size=(4000, LATENT_DIM))
    shares = np.bincount((latents @ points.points.numpy().T + points.offsets.numpy()).argmax(axis=1)) / 4000
    assert set(drawn.mean(axis=(1, 2)).argmax(axis=1)) == {1} and np.abs(shares - 0.25).max() < 0.05
    images = np.zeros((2, 32, 32, 3), np.float32)
    inputs = {"images": images, "labels": np.array([1, 1])}
    np.testing.assert_allclose(kept.discriminator(images), gan.discriminator(inputs), atol=1e-5)


def test_similar_images_lie_near_each_other():
    features = np.repeat(np.eye(3), 2, axis=0) + np.random.default_rng(0).normal(0, 0.01, (6, 3))
    points = layout(features, latent_dim=8)
    distances = np.square(points[:, None] - points).sum(axis=-1) + np.eye(6)
    assert distances.argmin(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
    assert points.shape == (6, 8) and np.square(points).sum(axis=1).mean() == pytest.approx(1.0, abs=1e-3)


def test_fine_tune_without_labels_keeps_some_and_goes_on_after_a_stop(gan, few, tmp_path):
    gan.save(tmp_path / "source.keras")
    np.savez(tmp_path / "data.npz", images=green_images(8))
    settings = {
        "source": str(tmp_path / "source.keras"), "data": str(tmp_path / "data.npz"), "out": str(tmp_path / "run"),
        "batch_size": 4, "feature_weight": 0.0, "evaluate_every_kimg": 0.02,
    }  # fmt: skip
    fine_tune(ktg.FineTuneSettings(**settings, kimg=0.04))
    first = ktg.load_gan(tmp_path / "run")
    assert blend_layer(first.generator).num_images == 18 and first.spec.num_classes == 0
    metrics = fine_tune(ktg.FineTuneSettings(**settings, kimg=0.06))
    assert metrics["kimg"] == pytest.approx(0.06)
    assert first_record(tmp_path / "run")["blends"] and not metrics["kept_source"]
    assert set(ktg.load_gan(tmp_path / "run").generate(20).mean(axis=(1, 2)).argmax(axis=1)) >= {1}


def test_all_known_images_stay_where_nothing_is_to_be_selected(gan, tmp_path):
    gan.save(tmp_path / "source.keras")
    np.savez(tmp_path / "data.npz", images=green_images(8))
    settings = ktg.FineTuneSettings(
        source=str(tmp_path / "source.keras"), data=str(tmp_path / "data.npz"), out=str(tmp_path / "run"), batch_size=4,
        feature_weight=0.0, latent_selection_kimg=0.0, kimg=0.02,
    )  # fmt: skip
    fine_tune(settings)
    adapted = ktg.load_gan(tmp_path / "run")
    assert blend_layer(adapted.generator).num_images == 18 and adapted.spec.num_classes == 0


def test_select_latents_keeps_known_images(few):
    gan = blended_gan()
    gan.compile()
    images = ktg.load_images(green_images(1), image_size=32, batch_size=2)
    kept = ktg.select_latents(gan, images, kimg=0.004)
    assert blend_layer(kept.generator).num_images == EACH and kept.compiled and kept.spec.num_classes == 0
    assert not kept.generator.get_layer("blend").trainable_variables and kept.discriminator.trainable_variables


@pytest.mark.parametrize(("far", "learnt"), [(np.inf, {"fine_codes"}), (-np.inf, {"codes", "fine_codes"})])
def test_fine_tune_trains_the_fine_codes_and_for_far_images_all_codes(few, tmp_path, monkeypatch, far, learnt):
    monkeypatch.setattr(module, "FAR", far)
    gan = blended_gan(fine_generator())
    gan.save(tmp_path / "source.keras")
    np.savez(tmp_path / "data.npz", images=green_images(8))
    settings = ktg.FineTuneSettings(
        source=str(tmp_path / "source.keras"), data=str(tmp_path / "data.npz"), out=str(tmp_path / "run"), batch_size=4,
        feature_weight=0.0, kimg=0.04, select="last",
    )  # fmt: skip
    fine_tune(settings)
    before, after = (
        {weight.path.split("/", 1)[1]: weight.numpy() for weight in blend_layer(model.generator).weights}
        for model in (gan, ktg.load_gan(tmp_path / "run"))
    )
    trained = {name for name in before if "codes" in name and not np.array_equal(before[name], after[name])}
    assert trained == learnt and "codes" in before


def test_fine_tune_with_labels_keeps_classes_and_trains_what_comes_after_the_codes(gan, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FAR", np.inf)
    gan.save(tmp_path / "source.keras")
    images = np.concatenate([green_images(4), green_images(4)[..., [1, 0, 2]]])
    np.savez(tmp_path / "data.npz", images=images, labels=np.array(["green"] * 4 + ["red"] * 4))
    settings = ktg.FineTuneSettings(
        source=str(tmp_path / "source.keras"), data=str(tmp_path / "data.npz"), labels="own", out=str(tmp_path / "run"),
        batch_size=4, feature_weight=0.0, kimg=0.04,
    )  # fmt: skip
    fine_tune(settings)
    assert first_record(tmp_path / "run")["blends"]
    adapted = load_checkpoint(latest_checkpoint(RunFolder(tmp_path / "run").adapted))[0]
    assert adapted.spec.class_names == ["red", "green", "blue"]
    before, after = (blend_layer(model.generator).get_weights() for model in (gan, adapted))
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    assert not np.array_equal(
        gan.generator.get_layer("to_image").get_weights()[0], adapted.generator.get_layer("to_image").get_weights()[0]
    )

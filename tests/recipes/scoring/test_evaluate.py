import dataclasses
import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.fid import fid
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan, load_generator
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring import evaluate as module
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import made as made_kind

RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (16, 32, 32, 3)).astype(np.uint8)

pytestmark = pytest.mark.usefixtures("quick_scores")


def test_copies_are_found_out_mirrored_ones_too(sample_images):
    found = module.evaluate_images(sample_images[:, :, ::-1], sample_images, "the others")
    assert found.memorisation["near_copy_share"] == 1.0
    assert np.array_equal(found.neighbours, found.made)
    assert found.coverage > 0.9 and found.kid["reference"] == "the others"


def test_measures_equal_those_of_the_metrics_layer(sample_images, tiny_features):
    found = module.evaluate_images(NOISE, sample_images, "discs")
    real, made = (extract_features(images, tiny_features) for images in (sample_images, NOISE))
    assert found.kid["value"] == pytest.approx(1000 * kid(real, made), rel=1e-4)
    assert found.fid == pytest.approx(fid(real, made), rel=1e-4)
    assert (found.precision, found.recall, found.density) == (0.0, 0.0, 0.0)


def test_evaluation_prints_as_a_table_and_is_ready_for_json(sample_images):
    found = module.evaluate_images(NOISE, sample_images, "discs")
    text = str(found)
    assert repr(found) == text and "array(" not in text
    assert [line.split("  ")[0] for line in text.splitlines()[:-2]] == [
        "KID x 1000", "FID", "precision", "recall", "density", "coverage", "near-copies",
    ]  # fmt: skip
    assert text.splitlines()[-2] == "against 12 images of discs; features: efficientnet_lite0"
    names = {field.name for field in dataclasses.fields(found)} - {"made", "neighbours"}
    assert set(json.loads(json.dumps(found.to_dict()))) == names


@pytest.mark.parametrize("kind", ["array", "folder", "stream"])
def test_model_is_evaluated_on_whatever_holds_images(kind, source_file, sample_images, shared_image_folder):
    given = {"array": sample_images, "folder": shared_image_folder, "stream": load_images(sample_images, 32)}[kind]
    gan = load_gan(source_file)
    found = module.evaluate(gan, given, num=10)
    assert np.array_equal(found.made, gan.generate(10, seed=0))
    assert found.kid["reference"] == (str(shared_image_folder) if kind == "folder" else "the given images")
    assert found.kid["n_real"] == 12


def test_too_few_or_other_images_are_refused(source_file, sample_images):
    gan = load_gan(source_file)
    with pytest.raises(checks.UserError, match=r"`num` must be an integer of at least 10.*--num"):
        module.evaluate(gan, sample_images, num=9)
    with pytest.raises(checks.UserError, match=r"`images` must be at least 10 usable images.*images= or --data"):
        module.evaluate(gan, sample_images[:9], num=10)
    with pytest.raises(checks.UserFileError, match=r"`images` must be .*nothing at this path.*Check images= "):
        module.evaluate(gan, "nowhere", num=10)
    with pytest.raises(checks.UserError, match=r"`made` must be at least 10 usable images.*--fake"):
        module.evaluate_images(sample_images[:9], sample_images, "discs")
    with pytest.raises(checks.UserError, match=r"`images` must be images \[32, 32, 3\].*image_size=32"):
        module.evaluate(gan, load_images(sample_images, 64), num=10)


@pytest.mark.parametrize(("made", "real"), [(199, 200), (200, 199), (200, 200)])
def test_few_images_are_told_since_precision_and_recall_mislead(sample_images, made, real):
    found = module.evaluate_images(NOISE, sample_images, "discs")
    found = dataclasses.replace(found, kid={**found.kid, "n_fake": made, "n_real": real})
    if min(made, real) >= 200:
        assert found.caution() == ""
    else:
        assert f"mislead with few images: {made} made and {real} real" in found.caution()
        assert str(found).splitlines()[-1] == found.caution()


def test_models_go_by_name_too(source_file, finished, sample_images):
    for model in (source_file, str(source_file), RunFolder(finished.out).saved_model):
        found = module.evaluate(model, sample_images, num=10)
        assert np.array_equal(found.made, open_model(model).generate(10, seed=0))
    with pytest.raises(checks.UserFileError, match="`model` must be a preset"):
        module.evaluate("nowhere", sample_images)


def test_models_of_others_go_as_a_pair_or_by_name_with_what_is_said_of_them(sample_images):
    source, overrides = made_kind("painters")[0] / "unit", SpecOverrides(labels=3, latent_distribution="uniform")
    by_name = module.evaluate(source, sample_images, num=10, overrides=overrides)
    pair = module.evaluate(load_generator(source, overrides=overrides), sample_images, num=10)
    assert by_name.made.shape == (10, 8, 8, 1) and np.abs(by_name.made.astype(int) - pair.made).max() <= 1
    assert not np.array_equal(by_name.made, module.evaluate(source, sample_images, num=10).made)
    with pytest.raises(checks.UserError, match="`model` must be a model that you trust"):
        module.evaluate("https://tfhub.dev/google/progan-128/1", sample_images)


def test_neighbour_grid_shows_the_likeliest_copies_first(sample_images):
    made = np.concatenate([255 - sample_images[:11], sample_images[11:]])
    sheet = module.neighbour_grid(made, sample_images, num=4, columns=2)
    assert sheet.shape == (2 * 36, 2 * 68, 3) and sheet.dtype == np.uint8
    assert np.array_equal(sheet[2:34, 2:34], sample_images[11]) and np.array_equal(
        sheet[2:34, 34:66], sample_images[11]
    )


def test_neighbour_sheet_says_which_is_which(sample_images):
    grid, sheet = (draw(sample_images, sample_images) for draw in (module.neighbour_grid, module.neighbour_sheet))
    assert np.array_equal(sheet[-grid.shape[0] :, : grid.shape[1]], grid)
    above = sheet[: -grid.shape[0]]
    assert above.shape[0] == 24 and above.min() < 64 and np.mean(above == 255) > 0.8


def test_evaluate_every_keeps_scores_on_the_way(source_file, sample_images):
    gan = load_gan(source_file)
    every = module.EvaluateEvery(sample_images, kimg=0.008, num=12)
    gan.fit(load_images(sample_images, 32, batch_size=4), steps_per_epoch=4, verbose=0, callbacks=[every])
    assert [record["kimg"] for record in every.records] == [0.008, 0.016]
    assert all(np.isfinite(record["kid"]) for record in every.records)


def test_evaluate_every_stands_in_keras_history(source_file, sample_images):
    gan = load_gan(source_file)
    every = module.EvaluateEvery(sample_images, kimg=1, num=12)
    fit = {"epochs": 3, "steps_per_epoch": 1, "verbose": 0, "callbacks": [every]}
    kid = gan.fit(load_images(sample_images, 32, batch_size=4), **fit).history["kid"]
    assert len(kid) == 3 and kid[0] == kid[1] == every.records[0]["kid"] and kid[2] == every.records[1]["kid"]

import dataclasses
import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.metrics import feature_network, features
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.fid import fid
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan, load_generator
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring.elbo_protocol import elbo_rows, measure_elbo
from keras_transfer_gen.recipes.scoring.evaluate import EvaluateEvery, evaluate, evaluate_images
from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests import generator_fixtures
from tests.saved_model_fixtures import saved as saved_models

RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (16, 32, 32, 3)).astype(np.uint8)

pytestmark = pytest.mark.usefixtures("quick_scores")


def test_measures_equal_those_of_the_metrics_layer(sample_images, tiny_features):
    evaluation = evaluate_images(NOISE, sample_images, "discs")
    real, generated = (extract_features(images, tiny_features) for images in (sample_images, NOISE))
    assert evaluation.kid["value"] == pytest.approx(1000 * kid(real, generated), rel=1e-4)
    assert evaluation.fid == pytest.approx(fid(real, generated), rel=1e-4)
    assert (evaluation.precision, evaluation.recall, evaluation.density) == (0.0, 0.0, 0.0)


def test_evaluation_prints_as_a_table_and_is_ready_for_json(sample_images):
    evaluation = evaluate_images(NOISE, sample_images, "discs")
    text = str(evaluation)
    assert repr(evaluation) == text and "array(" not in text
    assert [line.split("  ")[0] for line in text.splitlines()[:-2]] == [
        "KID x 1000", "FID", "precision", "recall", "density", "coverage", "near-copies",
    ]  # fmt: skip
    assert text.splitlines()[-2] == "against 12 images of discs; features: efficientnet_lite0"
    names = {field.name for field in dataclasses.fields(evaluation)} - {"generated", "neighbours", "elbo", "classes"}
    assert set(json.loads(json.dumps(evaluation.to_dict()))) == names


def test_another_network_measures_everything(source_file, sample_images, tiny_features, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "load_feature_network", feature_network.load_feature_network)
    tiny_features.save(tmp_path / "mine.keras")
    evaluation = evaluate_images(NOISE, sample_images, "discs", network=tmp_path / "mine.keras")
    assert evaluation.kid["feature_network"] == str(tmp_path / "mine.keras") and evaluation.kid["input_size"] is None
    real, generated = (extract_features(images, tiny_features) for images in (sample_images, NOISE))
    assert evaluation.kid["value"] == pytest.approx(1000 * kid(real, generated), rel=1e-4)
    assert evaluation.fid == pytest.approx(fid(real, generated), rel=1e-4)
    with pytest.raises(checks.UserError, match="`network` must be one of"):
        evaluate(load_gan(source_file), sample_images, num=10, network="mine")


@pytest.mark.parametrize("kind", ["array", "folder", "stream"])
def test_model_is_evaluated_on_whatever_holds_images(kind, source_file, sample_images, shared_image_folder):
    given = {"array": sample_images, "folder": shared_image_folder, "stream": load_images(sample_images, 32)}[kind]
    gan = load_gan(source_file)
    evaluation = evaluate(gan, given, num=10)
    assert np.array_equal(evaluation.generated, gan.generate(10, seed=0))
    assert evaluation.kid["reference"] == (str(shared_image_folder) if kind == "folder" else "the given images")
    assert evaluation.kid["n_real"] == 12


def test_too_few_or_other_images_are_refused(source_file, sample_images):
    gan = load_gan(source_file)
    with pytest.raises(checks.UserError, match=r"`num` must be an integer of at least 10.*--num"):
        evaluate(gan, sample_images, num=9)
    with pytest.raises(checks.UserError, match=r"`images` must be at least 10 usable images.*images= or --data"):
        evaluate(gan, sample_images[:9], num=10)
    with pytest.raises(checks.UserFileError, match=r"`images` must be .*nothing at this path.*Check images= "):
        evaluate(gan, "nowhere", num=10)
    with pytest.raises(checks.UserError, match=r"`generated` must be at least 10 usable images.*--fake"):
        evaluate_images(sample_images[:9], sample_images, "discs")
    with pytest.raises(checks.UserError, match=r"`images` must be images \[32, 32, 3\].*image_size=32"):
        evaluate(gan, load_images(sample_images, 64), num=10)


@pytest.mark.parametrize(("generated", "real"), [(199, 200), (200, 199), (200, 200)])
def test_few_images_are_a_caution_since_precision_and_recall_mislead(sample_images, generated, real):
    evaluation = evaluate_images(NOISE, sample_images, "discs")
    evaluation = dataclasses.replace(evaluation, kid={**evaluation.kid, "n_fake": generated, "n_real": real})
    if min(generated, real) >= 200:
        assert evaluation.cautions() == []
    else:
        (line,) = evaluation.cautions()
        assert f"mislead with few images: {generated} generated and {real} real" in line
        assert str(evaluation).splitlines()[-1] == line


def test_protocol_says_how_many_images_are_compared(source_file, sample_images):
    protocol = KidProtocol(num_fakes=11, max_reals=10, seed=4)
    gan = load_gan(source_file)
    evaluation = evaluate(gan, sample_images, protocol=protocol)
    assert (evaluation.kid["n_fake"], evaluation.kid["n_real"]) == (11, 10)
    assert np.array_equal(evaluation.generated, gan.generate(11, seed=4))


def test_old_name_of_the_images_works_with_a_warning(sample_images):
    evaluation = evaluate_images(NOISE, sample_images, "discs")
    with pytest.warns(DeprecationWarning, match="Evaluation.generated"):
        assert evaluation.made is evaluation.generated


def test_vae_is_evaluated_with_its_elbo(vae_file, sample_images):
    vae = load_vae(vae_file)
    evaluation = evaluate(vae, sample_images, num=10)
    expected = measure_elbo(vae, sample_images, "the given images")
    assert evaluation.elbo == expected and evaluation.to_dict()["elbo"] == expected["elbo"]
    assert evaluation.to_dict()["active_units"] == expected["active_units"]
    assert [row for row in evaluation.rows() if row[0] == "ELBO"] == elbo_rows(expected)[:1]
    assert evaluation.against().endswith("\nELBO: 12 images of the given images")
    collapsed = dataclasses.replace(evaluation, elbo={**expected, "collapse": "It has collapsed."})
    assert collapsed.cautions()[0] == "It has collapsed."


def test_models_go_by_name_too(source_file, finished, sample_images):
    for model in (source_file, str(source_file), RunFolder(finished.out).saved_model):
        evaluation = evaluate(model, sample_images, num=10)
        assert np.array_equal(evaluation.generated, open_model(model).generate(10, seed=0))
    with pytest.raises(checks.UserFileError, match="`model` must be a preset"):
        evaluate("nowhere", sample_images)


def test_models_of_others_go_as_a_pair_or_by_name_with_what_is_said_of_them(sample_images):
    source, overrides = saved_models("renderers")[0] / "unit", SpecOverrides(labels=3, latent_distribution="uniform")
    by_name = evaluate(source, sample_images, num=10, overrides=overrides)
    pair = evaluate(load_generator(source, overrides=overrides), sample_images, num=10)
    assert (
        by_name.generated.shape == (10, 8, 8, 1) and np.abs(by_name.generated.astype(int) - pair.generated).max() <= 1
    )
    assert not np.array_equal(by_name.generated, evaluate(source, sample_images, num=10).generated)
    with pytest.raises(checks.UserError, match="`model` must be a model that you trust"):
        evaluate("https://tfhub.dev/google/progan-128/1", sample_images)


def test_evaluate_every_keeps_scores_that_stand_in_keras_history_too(source_file, sample_images):
    gan = load_gan(source_file)
    every = EvaluateEvery(sample_images, kimg=0.008, num=12)
    fit = {"epochs": 3, "steps_per_epoch": 2, "verbose": 0, "callbacks": [every]}
    kid = gan.fit(load_images(sample_images, 32, batch_size=4), **fit).history["kid"]
    assert [record["kimg"] for record in every.records] == [0.008, 0.016, 0.024]
    assert kid == [record["kid"] for record in every.records] and np.isfinite(kid).all()


def test_evaluate_every_that_is_not_due_scores_the_first_and_the_last_epoch(source_file, sample_images):
    gan = load_gan(source_file)
    every = EvaluateEvery(sample_images, kimg=1, num=12)
    every.set_model(gan)
    every.set_params({"epochs": 3})
    every.on_train_begin()
    logs = [{}, {}, {}]
    for epoch in range(3):
        gan.images_seen.assign_add(4)
        every.on_epoch_end(epoch, logs[epoch])
    assert logs[0] == logs[1] == {"kid": every.records[0]["kid"]} and len(every.records) == 2


def test_classes_that_the_model_knows_are_measured(sample_images):
    folder = generator_fixtures.folder_of("labelled")  # its five classes have numbers alone
    labels = np.arange(12) % 3
    plain, labelled = (evaluate(str(folder), sample_images, num=10, labels=given) for given in (None, labels))
    assert plain.classes == {} and "per_class" not in plain.to_dict()
    measured = labelled.to_dict()
    assert list(measured["per_class"]) == ["0", "1", "2"] and 0 <= measured["recognised"] <= 1
    assert labelled.rows()[-1][0] == "recognised" and [row[0] for row in labelled.class_rows()] == ["0", "1", "2"]
    assert [line.split()[0] for line in str(labelled).splitlines()[-6:-2]] == ["class", "0", "1", "2"]
    with pytest.raises(checks.UserError, match="`class of the images` must be one of '0', '1', '2', '3', '4'"):
        evaluate(str(folder), sample_images, num=10, labels=["a", "b"] * 6)


def test_labels_for_a_model_without_classes_are_refused(source_file, sample_images):
    with pytest.raises(checks.UserError, match="`labels` must be left out for a model without classes"):
        evaluate(load_gan(source_file), sample_images, num=10, labels=[0, 1] * 6)

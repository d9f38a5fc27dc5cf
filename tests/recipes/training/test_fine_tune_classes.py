"""`fine_tune`, continued: a source with classes, adapted to images with and without labels."""

import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.plan import plan
from tests.conditional_fixtures import colour_gan, coloured_images, colours_of, conditional_toy, write_classes
from tests.recipes.conftest import Scripted

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture(scope="module", autouse=True)
def toy():
    with conditional_toy():
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "colours.keras"
    colour_gan().save(path)
    return path


def settings_of(source, data, out, **changed):
    return FineTuneSettings(
        source=source, data=data, out=out, kimg=0.024, batch_size=8, precision="float32", latent_selection_kimg=0,
        evaluate_every_kimg=0.024, augment="none", **changed,
    )  # fmt: skip


def test_known_classes_keep_their_names_and_frozen_rows_stay(source, tmp_path):
    images = coloured_images()
    del images["blue"]
    data = write_classes(tmp_path / "images", images)
    settings = settings_of(
        source,
        data,
        tmp_path / "run",
        labels="folders",
        freeze=("generator/classes/.*=false",),
        compare_scratch=True,
        select="last",
    )
    metrics = fine_tune(settings, reporter := Scripted())
    assert np.isfinite([metrics[name]["value"] for name in ("kid_before", "kid_after", "kid_scratch")]).all()
    assert "2 classes: green 8, red 8" in reporter.lines
    gan, before = load_gan(settings.out), load_gan(source)
    assert gan.spec.class_names == ["red", "green", "blue"] and gan.spec.class_shares == [0.5, 0.5, 0]
    rows = [model.generator.get_layer("classes").get_weights()[0] for model in (gan, before)]
    assert np.array_equal(*rows)
    changed = [model.generator.get_layer("render").get_weights()[0] for model in (gan, before)]
    assert not np.array_equal(*changed)
    assert open_model(RunFolder(settings.out).saved_model).spec.class_names == gan.spec.class_names


def test_images_without_labels_become_the_only_class(source, tmp_path):
    data = write_classes(tmp_path / "images", {"blue": coloured_images()["blue"]})
    settings = settings_of(source, data, tmp_path / "run")
    fine_tune(settings, reporter := Scripted())
    assert any("one class starts from the source's nearest (KID x 1000): blue (" in line for line in reporter.lines)
    gan, run = load_gan(settings.out), RunFolder(settings.out)
    assert gan.spec.num_classes == 0 and colours_of(gan) == {"blue"}
    assert "blue (" in run.card_file.read_text() and run.tflite.is_file()
    longer = settings_of(source, data, tmp_path / "run")
    assert fine_tune(longer) == json.loads(run.metrics_file.read_text())


def test_labels_of_a_source_without_classes_are_refused(source_file, tmp_path):
    data = write_classes(tmp_path / "images", coloured_images(4))
    with pytest.raises(checks.UserError, match="`labels` must be left out for a source without classes"):
        fine_tune(settings_of(source_file, data, tmp_path / "run", labels="folders"))
    with pytest.raises(checks.UserError, match="`labels` must be left out for a source without classes"):
        plan("finetune", settings_of(source_file, data, tmp_path / "other", labels="folders"))

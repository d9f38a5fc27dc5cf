import dataclasses
import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.image_set import LabelColumn
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.scoring.evaluate import Evaluation, add_classes
from keras_transfer_gen.recipes.scoring.per_class import match_names, measure_classes
from tests.conditional_fixtures import NAMES, coloured_images

pytestmark = pytest.mark.usefixtures("quick_scores")
IMAGES = coloured_images(12)
PIXELS, LABELS = np.concatenate(list(IMAGES.values())), np.repeat(NAMES, 12)


class Copier:
    """Draws real-looking images of a class; `wrong` classes are drawn as the first one."""

    def __init__(self, spec, wrong=()):
        self.spec, self.wrong = spec, wrong

    def generate(self, num, seed=0, label=None):
        name = self.spec.class_name(label)
        return coloured_images(num, seed=seed + 50)[NAMES[0] if name in self.wrong else name]


class StyledCopier(Copier):
    def generate(self, num, seed=0, label=None):
        return coloured_images(num, seed=seed + 50)[self.spec.class_name(label).split("_")[0]]


@pytest.fixture(scope="module")
def spec():
    from keras_transfer_gen.specs import ModelSpec

    return ModelSpec(image_size=8, channels=3, latent_dim=4, class_names=["blue", "sky", "red", "green"])


@pytest.fixture(scope="module")
def image_set():
    return read_images(PIXELS, 8, labels=LABELS)


def test_classes_that_are_drawn_well_are_recognised(spec, image_set):
    measured = measure_classes(Copier(spec), image_set, num=8)
    assert list(measured["per_class"]) == ["blue", "red", "green"]  # the model's order; there is no image of the sky
    assert measured["recognised"] == measured["recognised_real"] == 1.0
    score = json.loads(json.dumps(measured))["per_class"]["red"]
    expected = kid(*map(extract_features, (IMAGES["red"], coloured_images(8, seed=50)["red"])))
    assert score["kid"]["value"] == pytest.approx(1000 * expected, rel=1e-3, abs=1e-4)
    assert (score["kid"]["n_real"], score["kid"]["n_fake"]) == (12, 8)


def test_a_class_that_is_drawn_as_another_is_not_recognised(spec, image_set):
    measured = measure_classes(Copier(spec, wrong=["green"]), image_set, num=8)["per_class"]
    assert [measured[name]["recognised"] for name in NAMES] == [1.0, 0.0, 1.0]
    assert measured["green"]["recognised_real"] == 1.0
    assert measured["green"]["kid"]["value"] > measured["red"]["kid"]["value"] + 10


def test_classes_with_too_few_images_are_left_out(spec):
    few = read_images(PIXELS[:27], 8, labels=LABELS[:27])
    assert list(measure_classes(Copier(spec), few, num=4)["per_class"]) == ["red", "green"]
    assert measure_classes(Copier(spec), read_images(PIXELS[:13], 8, labels=LABELS[:13]), num=4) == {}


def test_columns_of_labels_are_joined_where_the_model_has_such_classes(spec, image_set):
    column = LabelColumn(np.arange(len(LABELS)) % 2, ["dark", "light"])
    images = dataclasses.replace(image_set, more_labels={"style": column})
    unscored = Evaluation({}, 0.0, 0.0, 0.0, 0.0, 0.0, {}, PIXELS, PIXELS)
    by_name = add_classes(unscored, Copier(spec), images, "labels.csv").classes["per_class"]
    names = [f"{name}_{style}" for name in NAMES for style in column.names]
    styled = dataclasses.replace(spec, class_names=names, num_classes=len(names))
    by_style = add_classes(unscored, StyledCopier(styled), images, "labels.csv").classes["per_class"]
    assert set(by_name) == set(NAMES) and set(by_style) == set(names)


def test_unknown_classes_are_refused(spec):
    assert match_names(spec, ["red", "blue"]) == {"red": 2, "blue": 0}
    with pytest.raises(checks.UserError, match=r"one of 'blue', 'sky', 'red', 'green'.*Did you mean green.*--labels"):
        match_names(spec, ["greene"])

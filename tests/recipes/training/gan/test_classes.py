import dataclasses
import types

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.labels import number_as
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.run_images import make_run_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.gan.classes import (
    change_classes,
    measure_start,
    nearest_classes,
)
from tests.conditional_fixtures import NAMES, colour_gan, coloured_images, colours_of, conditional_toy

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture(scope="module")
def gan():
    with conditional_toy():
        yield colour_gan()


def start_of(gan, images, labels=None):
    """What `measure_start` gives for images, `[N, 8, 8, 3]`."""
    settings = types.SimpleNamespace(data="x", data_labels=None if labels is None else "own", balance=0.0)
    images = make_run_images(settings, read_images(images, 8, labels=labels), None, SILENT)
    run = types.SimpleNamespace(settings=settings, reporter=SILENT)
    return measure_start(run, Source(gan, None), images).get("class_start")


def test_fixture_draws_classes_in_their_colours(gan):
    assert [colours_of(gan, name) for name in NAMES] == [{"red"}, {"green"}, {"blue"}]


def test_images_without_labels_start_from_the_nearest_class_and_the_model_takes_none_any_more(gan):
    start = start_of(gan, coloured_images()["green"])
    assert start["from"] == [[1]] and start["names"] == [] and "green (" in start["sentence"]
    alone = change_classes(gan, [], start["from"])
    assert alone.spec.num_classes == 0 and alone.spec.class_names == [] and colours_of(alone) == {"green"}
    assert alone.network_inputs.conditions == () and alone.generator.get_layer("classes").input_dim == 1
    assert np.asarray(alone.discriminator(np.zeros((2, 8, 8, 3), np.float32))).shape == (2, 1)


def test_each_new_class_starts_from_the_nearest_old_one_or_its_namesake(gan):
    images = coloured_images()
    pixels = np.concatenate([images["blue"], images["red"], images["green"]])
    labels = np.repeat(["sea", "blood", "red"], 8)  # what is called red here is green: the name counts
    start = start_of(gan, pixels, labels)
    assert start["names"] == ["blood", "red", "sea"] and start["from"] == [[0], [0], [2]]
    assert "sea from blue (KID" in start["sentence"] and "red from the source's own" in start["sentence"]
    other = change_classes(gan, start["names"], start["from"])
    assert [colours_of(other, name) for name in ("sea", "blood")] == [{"blue"}, {"red"}]
    rows = [network.get_layer("classes").get_weights()[0] for network in (gan.discriminator, other.discriminator)]
    assert np.array_equal(rows[1], rows[0][[0, 0, 2]])


def test_classes_that_the_source_knows_stay_with_those_that_have_no_image(gan):
    images = coloured_images()
    pixels, labels = np.concatenate([images["blue"], images["red"]]), np.repeat(["blue", "red"], 8)
    assert start_of(gan, pixels, labels) is None
    numbered = number_as(read_images(pixels, 8, labels=labels), list(NAMES))
    assert numbered.labels.tolist() == [2] * 8 + [0] * 8 and numbered.class_names == list(NAMES)


def test_rows_may_start_from_several_classes(gan):
    both = change_classes(gan, [], [[0, 2]])
    row = both.ema_generator.get_layer("classes").get_weights()[0]
    np.testing.assert_allclose(row, [[2, 0, 2, 0]], atol=1e-6)
    assert nearest_classes([0.5, 0.02, -0.01]) == [2] and nearest_classes([0.1, 0.12, 0.11, 0.12]) == [0, 2, 1]


def test_labels_for_a_source_without_classes_are_refused(gan):
    plain = types.SimpleNamespace(spec=dataclasses.replace(gan.spec, num_classes=0, class_names=()))
    with pytest.raises(checks.UserError, match=r"`labels` must be left out for a source without classes.*--labels"):
        start_of(plain, np.zeros((4, 8, 8, 3), np.uint8), ["a", "a", "b", "b"])

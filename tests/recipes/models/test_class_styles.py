import dataclasses

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.class_styles import choose_style, numbers_of_style, shares_among
from keras_transfer_gen.recipes.models.image_generators import ModelGenerator
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.latents import numbered_classes

NAMES = ["cats", "cats_pixel", "cats_wild", "dogs", "dogs_wild", "signs"]
STYLED = ModelSpec(image_size=16, channels=3, latent_dim=4, class_names=NAMES)


def test_a_class_and_a_style_are_one_class_and_a_style_alone_is_several():
    assert numbers_of_style(NAMES, "wild", NAMES.index("cats")) == [2]
    assert numbers_of_style(NAMES, "wild") == [2, 4]
    assert numbers_of_style(NAMES, "pixel") == [1]
    assert numbers_of_style(["a_x", "a_y", "b_x"], "x", "a") == [0]


@pytest.mark.parametrize(("names", "style", "label", "text"), [
    (NAMES, "mild", 0, "a style of the class cats: pixel, wild"),
    (NAMES, "pixel", 3, "a style of the class dogs: wild"),
    (NAMES, "wild", 5, "left out: the class signs has no styles"),
    (NAMES, "mild", None, "a style of the classes of this model: pixel, wild"),
    (NAMES, "", None, "pixel, wild"), (["a", "b"], "wild", None, "the classes of this model have no styles"),
    ([], "wild", 1, "the class 1 has no styles"), ([], "wild", None, "the classes of this model have no styles"),
])  # fmt: skip
def test_what_there_is_not_is_refused_with_what_there_is(names, style, label, text):
    with pytest.raises(checks.UserError, match=text):
        numbers_of_style(names, style, label)


def test_classes_of_a_style_keep_their_proportions():
    assert shares_among([2, 4], 6, [0.1, 0.1, 0.3, 0.3, 0.1, 0.1]) == pytest.approx([0, 0, 0.75, 0, 0.25, 0])
    assert shares_among([0, 2], 3) == shares_among([0, 2], 3, [0, 1, 0]) == [0.5, 0.0, 0.5]


def test_a_model_then_draws_the_classes_of_the_style_alone(vq):
    model = ModelGenerator(None, STYLED)
    assert choose_style(model, "wild", 0) == 2 and model.spec == STYLED
    assert choose_style(model, "wild") is None
    assert set(numbered_classes(range(50), model.spec)) == {2, 4}
    everywhere = ModelGenerator(
        None, dataclasses.replace(STYLED, class_names=["cats_pixel", "cats_wild", "dogs_wild"], num_classes=3)
    )
    assert choose_style(everywhere, "wild", "cats") == 1  # no class is called cats
    with pytest.raises(checks.UserError, match="a style of the class dogs: wild"):
        choose_style(everywhere, "pixel", "dogs")
    with pytest.raises(checks.UserError, match="cats_pixel"):
        choose_style(everywhere, "wild", "birds")
    with pytest.raises(checks.UserError, match="no styles"):
        choose_style(vq, "wild")

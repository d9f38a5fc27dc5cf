import math

import pytest

from keras_transfer_gen.recipes.gallery.addresses import Refusal, integer_in, model_of, number_in


def test_numbers_are_read_and_other_texts_are_left():
    assert (integer_in("12"), integer_in("-3"), integer_in("1.5"), integer_in(None)) == (12, -3, "1.5", None)
    assert integer_in("9" * 21) == "9" * 21
    assert (number_in("0.5"), number_in("x"), number_in(None)) == (0.5, "x", None) and math.isnan(number_in("nan"))


def test_models_are_numbered_from_0():
    assert model_of(["a", "b"], "1") == "b"
    for run in ("2", "-1", "", "a", "1.0"):
        with pytest.raises(Refusal, match="there are 2, numbered from 0") as refusal:
            model_of(["a", "b"], run)
        assert refusal.value.status == 404

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers


def test_numbers_are_listed_in_their_order():
    assert parse_numbers("5, 0-2") == [5, 0, 1, 2] and parse_numbers([3, 1]) == [3, 1]


@pytest.mark.parametrize("text", ["", "a", "3-1", "1,,2", "-1", "1-", "0-9999999"])
def test_other_texts_are_refused(text):
    with pytest.raises(checks.UserError, match="`rows` must be numbers and ranges joined by commas.*--rows 0-3,7"):
        parse_numbers(text, "rows")

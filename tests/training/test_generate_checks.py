import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.generate_checks import check_generate

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=4, truncation=0.7)


def test_arguments_are_numbers_seed_and_truncation():
    assert check_generate(3, 5, 2, None, SPEC) == (range(2, 5), 5, 0.7)
    assert check_generate(1, 0, 0, 1, SPEC) == (range(1), 0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, 0, 0, None), "`num` must be an integer of at least 1.*--num"),
        ((1, -2, 0, None), "`seed` must be an integer of at least 0.*--seed"),
        ((1, 0, -1, None), "`start` must be"),
        ((1, 0, 0, 2), "`truncation` must be at most 1"),
    ],
)
def test_other_arguments_are_refused(arguments, text):
    with pytest.raises(checks.UserError, match=text):
        check_generate(*arguments, SPEC)

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.training.sampling_options import OPTIONS, check_draws_tokens, check_sampling


def test_values_are_numbers_in_their_order():
    assert tuple(check_sampling()) == OPTIONS
    assert check_sampling(guidance=2) == {"temperature": 1.0, "top_k": 0, "guidance": 2.0}


@pytest.mark.parametrize(("name", "value"), [("temperature", 0), ("top_k", -1), ("top_k", 0.5), ("guidance", -0.1)])
def test_values_out_of_range_are_refused_with_their_option(name, value):
    with pytest.raises(checks.UserError, match=f"`{name}` must be .*--{name.replace('_', '-')}"):
        check_sampling(**{name: value})


def test_they_are_for_token_models_that_are_not_exported():
    check_draws_tokens({}, is_token_model=False)
    check_draws_tokens({"guidance": 2.0}, is_token_model=True)
    with pytest.raises(checks.UserError, match="`top_k` must be left out.*for token models.*Leave out --top-k"):
        check_draws_tokens({"top_k": 3}, is_token_model=False)
    with pytest.raises(checks.UserError, match="Give its RUN folder or .keras file"):
        check_draws_tokens({"guidance": 2.0}, is_token_model=True, is_exported=True)

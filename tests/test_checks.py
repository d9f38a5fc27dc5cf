import pytest

from keras_transfer_gen import checks


def test_message_follows_the_template():
    text = checks.message("batch_size", "a positive integer", 0, "Use --batch-size 32.")
    assert text == "`batch_size` must be a positive integer. Received: batch_size=0. Use --batch-size 32."


def test_user_errors_are_siblings_of_the_builtin_ones():
    assert isinstance(checks.user_error("a", "b", 1), ValueError)
    assert isinstance(checks.file_error("a", "b", "c"), OSError)
    assert set(checks.USER_ERRORS) == {checks.UserError, checks.UserFileError, checks.UserImportError}


def test_nearest_orders_by_likeness():
    assert checks.nearest("noto_gan", ["other", "noto_gan_64"]) == "noto_gan_64"
    assert checks.nearest("zzz", ["other"]) == ""


def test_check_choice_suggests_the_nearest():
    assert checks.check_choice("objective", "hinge", ["hinge", "minimax"]) == "hinge"
    with pytest.raises(checks.UserError, match=r"`objective` must be one of 'hinge', 'minimax'.*Did you mean hinge\?"):
        checks.check_choice("objective", "hing", ["hinge", "minimax"])


@pytest.mark.parametrize("value", [0, True, 1.5, "3", None])
def test_check_integer_refuses(value):
    with pytest.raises(checks.UserError, match="`num` must be an integer of at least 1"):
        checks.check_integer("num", value)


def test_check_integer_bounds_both_sides():
    assert checks.check_integer("num", 3, most=3) == 3
    with pytest.raises(checks.UserError, match="an integer from 1 to 3"):
        checks.check_integer("num", 4, most=3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "1", True])
def test_check_number_refuses(value):
    with pytest.raises(checks.UserError, match="`gamma` must be a number of at least 0"):
        checks.check_number("gamma", value)


def test_check_number_may_exclude_its_bound():
    assert checks.check_number("kimg", 1) == 1.0
    with pytest.raises(checks.UserError, match="a number above 0"):
        checks.check_number("kimg", 0, above=True)


def test_check_image_shape_names_sizes_and_channels():
    assert checks.check_image_shape(64, 3) == (64, 3)
    with pytest.raises(checks.UserError, match="`image_size` must be one of 28, 32, 64, 128, 256"):
        checks.check_image_shape(48, 3)
    with pytest.raises(checks.UserError, match="`channels` must be one of 1, 3"):
        checks.check_image_shape(64, 4)


def test_check_backend_refuses_another_one(monkeypatch):
    import keras

    assert checks.check_backend() is None
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(checks.UserImportError, match="KERAS_BACKEND='jax'.*KERAS_BACKEND=tensorflow"):
        checks.check_backend()

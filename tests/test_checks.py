import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks


def test_message_follows_the_template():
    text = checks.message("batch_size", "a positive integer", 0, "Use --batch-size 32.")
    assert text == "`batch_size` must be a positive integer. Received: batch_size=0. Use --batch-size 32."


@pytest.mark.parametrize(
    "value",
    [
        0,
        None,
        "a",
        b"a",
        [],
        (),
        {},
        set(),
        [1, "b"],
        (1,),
        {"a": (1, [2.5])},
        {3},
        np.float32(2),
        "a\nb",
        [[["x" * 90]]],
    ],
)
def test_short_values_are_shown_as_python_writes_them(value):
    assert checks.shorten(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.zeros((2, 3), np.uint8), "array uint8 [2, 3]"),
        (tf.zeros((4, 1)), "array float32 [4, 1]"),
        (tf.Variable([1.0]), "array float32 [1]"),
        (np.ndarray, "<class 'numpy.ndarray'>"),
        ([np.zeros(2)] * 2, "[array float64 [2], array float64 [2]]"),
        (("float32", np.zeros(2).shape), "('float32', (2,))"),
        ({"z": np.zeros((1, 9))}, "{'z': array float64 [1, 9]}"),
        ([[[[[1]]]]], "[[[[[...]]]]]"),
    ],
)
def test_arrays_are_shown_by_dtype_and_shape(value, shown):
    assert checks.shorten(value) == shown


def test_long_collections_are_shown_by_their_first_items_and_their_number():
    many = checks.shorten([np.zeros((64, 64, 3), np.uint8)] * 60)
    assert many.startswith("[array uint8 [64, 64, 3], array uint8") and many.endswith(", ... (60 in all)]")
    assert checks.shorten({n: n for n in range(1000)}, 10) == "{0: 0, 1: 1, ... (1,000 in all)}"
    endless = []
    endless.append(endless)
    assert checks.shorten(endless) == "[[[[[...]]]]]"


def test_long_texts_are_shown_by_both_ends():
    text = checks.shorten("/begin" + "x" * 5000 + "/end.png")
    assert text.startswith("'/beginxxx") and "...xxx" in text and text.endswith("/end.png' (5,014 characters)")


class Table:
    def __repr__(self):
        return "a table\n" + "0 1 2\n" * 500


@pytest.mark.parametrize(
    "value",
    [
        [np.zeros((64, 64, 3))] * 60,
        "x" * 10**6,
        list(range(10**6)),
        Table(),
        [Table()] * 9,
        dict.fromkeys(range(9), "y" * 999),
    ],
)
def test_messages_stay_short_and_on_one_line(value):
    for make in (checks.user_error, checks.file_error):
        text = str(make("source", "a folder", value, "Check it."))
        assert len(text) < 320 and "\n" not in text and text.endswith(" Check it.")


def test_user_errors_are_siblings_of_the_builtin_ones():
    assert isinstance(checks.user_error("a", "b", 1), ValueError)
    assert isinstance(checks.file_error("a", "b", "c"), OSError)
    assert set(checks.USER_ERRORS) == {checks.UserError, checks.UserFileError, checks.UserImportError}


def renamed(error, **names):
    with pytest.raises(type(error)) as caught, checks.named(**names):
        raise error
    return str(caught.value)


@pytest.mark.parametrize("make", [checks.user_error, checks.file_error])
def test_named_errors_speak_of_the_callers_argument(make):
    error = make("source", "a folder", "source=x", "Check source= or --source, not resource= or --source-dir.")
    assert renamed(error, source="compare_with") == (
        "`compare_with` must be a folder. Received: compare_with='source=x'. "
        "Check compare_with= or --compare-with, not resource= or --source-dir."
    )


def test_named_leaves_other_arguments_and_errors_alone():
    assert "`path` must be b" in renamed(checks.user_error("path", "b", 1), source="data")
    assert renamed(KeyError("source="), source="data") == "'source='"
    assert renamed(checks.UserImportError("source= needs x"), source="data") == "source= needs x"


def test_named_also_mends_what_a_plain_error_advises():
    plain = checks.UserError("nothing in /a/source=1. Check source= (--data).")
    assert renamed(plain, source="fake", data="fake") == "nothing in /a/source=1. Check fake= (--fake)."
    assert renamed(checks.UserError("Check (--data)."), data="SOURCE") == "Check (SOURCE)."  # it has no flag


def test_named_contexts_nest_and_names_do_not_run_into_each_other():
    with pytest.raises(checks.UserError, match=r"^`c` must be x\. Received: c=1\. Or set b=\.$"):
        with checks.named(b="c", a="b"), checks.named(path="b"):
            raise checks.user_error("path", "x", 1, "Or set a=.")


def test_nearest_orders_by_likeness():
    assert checks.nearest("noto_gan", ["other", "noto_gan_64"]) == "noto_gan_64"
    assert checks.nearest("zzz", ["other"]) == ""


@pytest.mark.parametrize(("value", "expected"), [(48, "32, 64"), (8, "28"), (512, "256"), (100.0, "64, 128")])
def test_nearest_of_numbers_are_those_next_to_it(value, expected):
    assert checks.nearest(value, checks.IMAGE_SIZES) == expected


def test_nearest_may_ask_for_more_likeness():
    assert checks.nearest("cats_reference", ["cats"], likeness=0.4) == "cats"
    assert checks.nearest("cats_reference", ["cats"], likeness=0.7) == ""


def test_check_choice_lists_the_first_of_very_many():
    with pytest.raises(checks.UserError, match=r"one of 0, 1, .* 39, \.\.\. \(1,000 in all\)\. Received: step=-1"):
        checks.check_choice("step", -1, range(1000))


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
    with pytest.raises(
        checks.UserError, match="`image_size` must be one of 28, 32, 64, 128, 256.*Did you mean 32, 64?"
    ):
        checks.check_image_shape(48, 3)
    with pytest.raises(checks.UserError, match="`channels` must be one of 1, 3"):
        checks.check_image_shape(64, 4)


def test_check_backend_refuses_another_one(monkeypatch):
    import keras

    assert checks.check_backend() is None
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(checks.UserImportError, match="KERAS_BACKEND='jax'.*KERAS_BACKEND=tensorflow"):
        checks.check_backend()

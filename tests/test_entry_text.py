import inspect

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.entry_text import arguments_of, check_arguments, parse_entry
from keras_transfer_gen.objectives.penalties import R1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("l2sp", ("l2sp", {})),
        ("l2sp:weight=0.01,roles=generator", ("l2sp", {"weight": 0.01, "roles": "generator"})),
        (" l2sp : weight = 1e-4 , interval=4 ", ("l2sp", {"weight": 1e-4, "interval": 4})),
        ("x:a=true,b=False,c=none", ("x", {"a": True, "b": False, "c": None})),
        (
            "x:roles=generator+discriminator,sizes=1+2",
            ("x", {"roles": ["generator", "discriminator"], "sizes": [1, 2]}),
        ),
        ("x:a=1e+2,b=+3", ("x", {"a": 100.0, "b": 3})),
    ],
)
def test_text_gives_name_and_arguments(text, expected):
    name, arguments = parse_entry(text)
    assert (name, arguments) == expected
    assert [type(value) for value in arguments.values()] == [type(value) for value in expected[1].values()]


@pytest.mark.parametrize("text", ["", ":a=1", "2x", "l2 sp", "x:", "x:a", "x:a=", "x:=1", "x:a=1,", "x:a=1,a=2"])
def test_other_texts_are_refused_with_the_form(text):
    with pytest.raises(checks.UserError, match=r"`regularizer` must be .*Write it as NAME or NAME:ARGUMENT=VALUE"):
        parse_entry(text, "regularizer")


def test_a_list_with_commas_is_told_of_the_plus():
    with pytest.raises(checks.UserError, match=r'joined by "\+"'):
        parse_entry("diffaugment:policy=color,translation")


class Sample:
    def __init__(self, weight, most=1.0, count=2, flag=True, policy="a,b", roles=None, **kwargs):
        pass


def test_arguments_are_those_by_name():
    known = arguments_of(Sample)
    assert list(known) == ["weight", "most", "count", "flag", "policy", "roles"]
    assert known["weight"] is inspect.Parameter.empty and known["count"] == 2
    assert list(arguments_of(R1)) == ["gamma", "interval"]  # its own, its base class's, but not Keras' name and dtype
    assert arguments_of(lambda a, *rest, b=1: None) == {"a": inspect.Parameter.empty, "b": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"wieght": 1}, r"arguments that it has: weight, most, count, flag, policy, roles\..*Did you mean weight"),
        ({"weight": 1, "most": "many"}, r"whose most is a number.*Such as sample:most=1.0"),
        ({"weight": 1, "count": True}, "whose count is a number"),
        ({"weight": 1, "flag": 1}, r"whose flag is true or false.*sample:flag=true"),
        ({"weight": 1, "policy": 3}, r"whose policy is text.*sample:policy=a\+b"),
        ({"most": 1}, r"with weight\..*Write it as sample:weight=VALUE"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(checks.UserError, match=rf"`penalty` must be sample.*{words}"):
        check_arguments("penalty", "sample:...", arguments, arguments_of(Sample))


def test_right_arguments_pass():
    given = {"weight": "anything", "most": 2, "flag": False, "policy": ["a", "b"], "roles": "generator"}
    assert check_arguments("penalty", "sample:...", given, arguments_of(Sample)) is None

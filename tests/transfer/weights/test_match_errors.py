import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.transfer.weights.match_errors import (
    check_complete,
    check_rename,
    check_skip,
    check_used,
    renamed,
)
from keras_transfer_gen.transfer.weights.match_report import MatchReport, MatchRow


def missing(name):
    return MatchRow(name, "missing", (2,))


def unexpected(name):
    return MatchRow(name, "unexpected", None, (2,), name)


def message(*rows, skip=(), adaptable=()):
    with pytest.raises(UserError) as caught:
        check_complete(MatchReport(rows), list(skip), adaptable)
    return str(caught.value)


def test_complete_report_passes():
    rows = (MatchRow("a", "loaded", (2,), (2,), "a"), MatchRow("b", "adapted", (2,), (2,), "b"))
    assert check_complete(MatchReport(rows), [], ()) is None


def test_skip_lets_paths_and_names_before_and_after_renaming_be():
    rows = (
        missing("head/a"),
        MatchRow("new", "unexpected", None, (2,), "old"),
        MatchRow("c", "mismatched", (1,), (2,), "d"),
    )
    assert check_complete(MatchReport(rows), ["head/.*", "old", "d"], ()) is None
    assert check_complete(MatchReport(rows), ["head/a", "new", "c"], ()) is None
    assert "1 missing, 0 unexpected, 0 mismatched" in message(*rows, skip=["head", "old", "d"])


def test_error_names_counts_names_and_shapes():
    rows = [missing(f"conv_{n}/kernel") for n in range(5)] + [unexpected("konv_1/kernel")]
    text = message(*rows, MatchRow("logits/kernel", "mismatched", (8, 2), (8, 10), "logits/kernel"))
    assert text.startswith(
        "`weights` must be an array of the right shape for every variable of the model, and no other."
    )
    assert "weights='0 loaded, 0 adapted, 5 missing, 1 unexpected, 1 mismatched'" in text
    assert "Missing in the weights: conv_0/kernel (nearest: konv_1/kernel), " in text and "conv_2/kernel" in text
    assert "conv_3/kernel" not in text and ", ... ." not in text and "(nearest: konv_1/kernel), ...." in text
    assert "Unexpected in the weights: konv_1/kernel (nearest: conv_1/kernel)." in text
    assert "Other shapes: logits/kernel is 8 x 2, weights 8 x 10." in text
    assert "skip=['conv_0/kernel']" in text and "adapt_channels" not in text


def test_a_few_that_are_left_are_all_named_for_skip():
    assert message(unexpected("total"), unexpected("count")).endswith("skip=['total', 'count'].")


@pytest.mark.parametrize(
    ("lacking", "found", "pair"),
    [
        ("conv/kernel", "gen.1/conv/kernel", ("gen\\.1/(.*)", r"\1")),
        ("generator/conv/kernel", "conv/kernel", ("(.*)", r"generator/\1")),
        ("conv/kernel", "conv/kernels", ("conv/kernels", "conv/kernel")),
    ],
)
def test_rename_that_the_error_suggests_renames(lacking, found, pair):
    assert f"Try rename=[{pair!r}]." in message(missing(lacking), unexpected(found))
    assert renamed(found, check_rename([pair])) == lacking


def test_nothing_alike_is_left_to_the_user():
    assert "Give their names with rename=." in message(missing("abc"), unexpected("xyz"))


def test_channels_are_offered_where_they_would_help():
    row = MatchRow("conv/kernel", "mismatched", (3, 3, 1, 8), (3, 3, 3, 8), "conv/kernel")
    assert "adapt_channels=True" in message(row, adaptable={"conv/kernel": None})


def test_first_pair_that_matches_from_end_to_end_renames():
    pairs = check_rename([("conv_1", "x"), ("conv_(.)(.*)", r"block_\1\2"), ("conv_10", "y")])
    assert renamed("conv_10", pairs) == "block_10" and renamed("conv_1", pairs) == "x"
    assert renamed("a/conv_1", pairs) == "a/conv_1"


@pytest.mark.parametrize("rename", ["ab", ["ab"], [("a",)], [("a", 1)], {"a": "b"}, 7])
def test_other_forms_of_rename_are_refused(rename):
    with pytest.raises(UserError, match=r"`rename` must be a list of \(regular expression, replacement\)\. Received: "):
        check_rename(rename)


def test_broken_patterns_are_refused_with_the_reason():
    with pytest.raises(
        UserError, match=r"`rename` must be valid regular expressions\. Received: rename='a\('.*re says"
    ):
        check_rename([("a(", "b")])
    with pytest.raises(UserError, match=r"`skip` must be valid regular expressions\. Received: skip='\['"):
        check_skip(["["])
    with pytest.raises(UserError, match=r"replacements of groups that exist\. Received: rename='\\\\1'.*invalid group"):
        renamed("a", [("a", r"\1")])


@pytest.mark.parametrize("skip", ["logits/.*", [1], 7])
def test_other_forms_of_skip_are_refused(skip):
    with pytest.raises(UserError, match=r"`skip` must be a list of regular expressions\. Received: "):
        check_skip(skip)


def test_pattern_that_fits_nothing_names_the_nearest():
    check_used("skip", ["a.*", "b"], ["ab", "b"])
    with pytest.raises(
        UserError, match=r"`skip` must be .*Received: skip='block'. Nearest names: block_1\. .*end to end"
    ):
        check_used("skip", ["block"], ["block_1", "z"])


@pytest.mark.parametrize(("pair", "example"), [
    (("bn_", "norm_"), r"Such as rename=[('bn_(.*)', r'norm_\1')]."),
    (("/moving_", "/running_"), r"Such as rename=[('(.*)/moving_(.*)', r'\1/running_\2')]."),
])  # fmt: skip
def test_rename_of_a_part_of_a_name_is_shown_with_the_rest(pair, example):
    names = ["bn_1/gamma", "bn_1/moving_mean"]
    with pytest.raises(UserError) as caught:
        check_used("rename", dict([pair]), names)
    assert str(caught.value).endswith(example)
    new = eval(example[len("Such as rename=") : -1])
    assert any(renamed(name, new) == name.replace(*pair) != name for name in names)
    with pytest.raises(UserError, match="end to end.$"):
        check_used("rename", {"conv": "c"}, names)

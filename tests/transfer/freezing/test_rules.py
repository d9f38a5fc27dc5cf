import re
import subprocess
import sys

import keras
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.rules import (
    ModelLayout,
    all_but,
    check_rule,
    first_paths,
    parse_rule,
    scale_shift_only,
)
from tests.transfer.freezing.small_gan import path_begins, trained_paths, weight_paths


@pytest.mark.parametrize(("text", "rule"), [
    ("generator/block_4/.*=false", ("generator/block_4/.*", False)),
    (".* = True", (".*", True)),
    ("a(?=b)b=true", ("a(?=b)b", True)),
])  # fmt: skip
def test_parse_rule_reads_regex_and_flag(text, rule):
    assert parse_rule(text) == rule


@pytest.mark.parametrize("text", ["generator/.*", "generator/.*=0", "=false", "", "generator="])
def test_parse_rule_refuses_other_forms(text):
    with pytest.raises(UserError, match=r"`freeze` must be REGEX=true or REGEX=false\. Received: .*--freeze"):
        parse_rule(text)


def test_parse_rule_refuses_a_broken_regex():
    with pytest.raises(UserError, match=r"`freeze` must be valid regular expressions\. Received: freeze='a\['"):
        parse_rule("a[=false")


def test_check_rule_gives_a_tuple():
    assert check_rule(["a", True]) == ("a", True)


def test_first_paths_are_enough_for_an_error():
    assert first_paths(("a", "b", "c")) == "a, b, c" and first_paths("abcd") == "a, b, c, ..."


def test_scale_shift_only_trains_scales_shifts_and_biases_of_every_network(gan):
    trained = trained_paths(gan, scale_shift_only())
    assert trained == {path for path in weight_paths(gan) if path.rpartition("/")[2] in ("gamma", "beta", "bias")}
    assert path_begins(trained, "generator/") and path_begins(trained, "discriminator/")


def test_rules_before_scale_shift_only_make_exceptions(gan):
    trained = trained_paths(gan, [("discriminator/.*", True), scale_shift_only()])
    assert path_begins(trained, "discriminator/") == path_begins(weight_paths(gan), "discriminator/")
    assert "generator/block_8/norm/gamma" in trained and "generator/block_8/conv/kernel" not in trained


@pytest.mark.parametrize(("name", "is_trained"), [
    ("gen/BatchNorm/gamma", True), ("gen/BatchNorm/beta_1", True), ("bias", True), ("a/biases", True),
    ("a/b", True), ("Gen/Scale", True), ("a/shift", True), ("a/offset", True), ("gen/BatchNorm/moving_mean", False),
    ("a/w", False), ("gamma/kernel", False), ("a/alphabet", False), ("a/rescale", False), ("a/beta1_power", False),
])  # fmt: skip
def test_scale_shift_only_goes_by_the_last_part_of_a_name(name, is_trained):
    (regex, _), _ = scale_shift_only().rules(ModelLayout(variables=["x/bias", name]))
    assert bool(re.fullmatch(regex, name)) == is_trained


def test_scale_shift_only_needs_something_to_train():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="logits")(inputs))
    with pytest.raises(
        UserError, match=r"a model with variables named gamma, .* or b\. Received: model='logits/kernel'"
    ):
        freeze(model, scale_shift_only())


def test_all_but_trains_what_matches(gan):
    trained = trained_paths(gan, all_but("generator/to_image", ".*/norm"))
    assert trained == {p for p in weight_paths(gan) if "/norm/" in p or p.startswith("generator/to_image/")}


def test_all_but_refuses_what_does_not_match(gan):
    with pytest.raises(UserError, match=r"`patterns` must be at least one regular expression"):
        all_but()
    with pytest.raises(UserError, match=r"`patterns` must be valid regular expressions\. Received: patterns='\('"):
        all_but("(")
    with pytest.raises(UserError, match=r"rules='generator/to_imag'\. Nearest paths: generator/to_image"):
        freeze(gan, all_but("generator/to_imag"))


def test_rules_of_the_command_line_load_nothing_heavy():
    code = (
        "import sys, keras_transfer_gen.transfer.freezing.blocks, keras_transfer_gen.transfer.fetching.presets\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

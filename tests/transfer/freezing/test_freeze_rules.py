import re
import subprocess
import sys

import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.transfer.freezing.freeze_rules import check_rule, freeze_d, parse_rule

PATHS = [f"discriminator/block_{side}/conv" for side in (8, 128, 16, 64)] + [
    "discriminator/block_4",
    "generator/block_8",
]


def test_freeze_d_takes_the_highest_resolutions_whatever_the_order():
    rules = freeze_d(blocks=2).rules(PATHS)
    assert rules == [("discriminator/block_128(/.*)?", False), ("discriminator/block_64(/.*)?", False)]


def test_freeze_d_takes_block_4_itself_and_never_a_longer_number():
    rules = freeze_d(blocks=5).rules(PATHS)
    matched = {path for path in PATHS for regex, _ in rules if re.fullmatch(regex, path)}
    assert matched == {path for path in PATHS if path.startswith("discriminator")}
    assert not re.fullmatch(freeze_d(1).rules(["discriminator/block_8/conv"])[0][0], "discriminator/block_80/conv")


def test_freeze_d_with_more_blocks_than_exist_says_how_many_there_are():
    with pytest.raises(UserError, match=r"`blocks` must be at most 5\. Received: blocks=6.*has 5: block_128, block_64"):
        freeze_d(blocks=6).rules(PATHS)


def test_freeze_d_needs_at_least_one_block():
    with pytest.raises(UserError, match=r"`blocks` must be an integer of at least 1.*--freeze-d"):
        freeze_d(blocks=0)


def test_freeze_d_needs_a_discriminator_of_blocks():
    with pytest.raises(UserError, match=r"a GAN with layers discriminator/block_<resolution>"):
        freeze_d().rules(["block_8/conv", "logits"])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("generator/block_4/.*=false", ("generator/block_4/.*", False)),
        (".* = True", (".*", True)),
        ("a(?=b)b=true", ("a(?=b)b", True)),
    ],
)
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


def test_module_loads_nothing_heavy():
    code = (
        "import sys, keras_transfer_gen.transfer.freezing.freeze_rules, keras_transfer_gen.transfer.fetching.presets\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

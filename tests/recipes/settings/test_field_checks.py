from pathlib import Path

import numpy as np
import pytest

from keras_transfer_gen import checks, tables
from keras_transfer_gen.recipes.settings import field_checks


@pytest.mark.parametrize(("check", "value", "expected"), [
    (field_checks.number("5"), 0, 0.0), (field_checks.number("5"), np.float32(0.5), 0.5),
    (field_checks.integer("5"), np.int64(7), 7), (field_checks.choice(lambda: "ab"), "b", "b"),
    (field_checks.entry(tables.PENALTIES), "r1:gamma=3", "r1:gamma=3"),
    (field_checks.entry(tables.PENALTIES, none=True), "none", "none"),
    (field_checks.entries(tables.OBJECTIVES), ["hinge"], ("hinge",)),
    (field_checks.path, Path("a", "b"), "a/b"), (field_checks.texts, ["x", "y"], ("x", "y")),
])  # fmt: skip
def test_check_gives_the_value_to_store(check, value, expected):
    stored = check("name", value, "--name")
    assert stored == expected and type(stored) is type(expected)


@pytest.mark.parametrize(("check", "value", "text"), [
    (field_checks.number("5", above=True), 0, "`name` must be a number above 0.*Such as --flag 5."),
    (field_checks.number("5", most=1.0, note="; 0 is none"), 2, "at most 1.*Such as --flag 5; 0 is none."),
    (field_checks.integer("5", least=2), 1, "`name` must be an integer of at least 2.*Such as --flag 5."),
    (field_checks.choice(lambda: ["a"]), "b", "`name` must be one of 'a'.*Set it with --flag."),
    (field_checks.entry(tables.PENALTIES), "none", "`name` must be one of 'r1', .*Set it with --flag."),
    (field_checks.entry(tables.PENALTIES, none=True), "r2", "`name` must be one of 'r1', 'r1_r2', .*'none'.*--flag."),
    (field_checks.entries(tables.OBJECTIVES), ["hinged"], "Did you mean hinge"),
    (field_checks.path, 3, "`name` must be a path or text"), (field_checks.texts, "x", "--flag once for each"),
    (field_checks.texts, [1], "`name` must be a list of texts"),
])  # fmt: skip
def test_check_refuses_and_names_the_flag(check, value, text):
    with pytest.raises(checks.UserError, match=text):
        check("name", value, "--flag")

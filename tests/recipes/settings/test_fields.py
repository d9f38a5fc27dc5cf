import dataclasses
import inspect
import warnings

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings import field_checks, fields
from keras_transfer_gen.recipes.settings.fields import flag_of, redefined, setting, settings_class, settings_of


@settings_class
class Meal:
    """What is eaten."""

    main: str = setting(help="The main course.", panel=fields.FIRST)
    spoons: int = setting(
        1, help="How many, see `main`.", panel=fields.DATA, flag="--forks", check=field_checks.integer("2"),
        old_names=("forks", "knives"),
    )  # fmt: skip
    taste: str | None = setting(
        None, help="Its taste.", panel=fields.DATA, by_default="none", choices=lambda: ("sweet", "sour"),
        check=field_checks.choice(lambda: ("sweet", "sour")), old_values={"sugary": "sweet"},
    )  # fmt: skip

    def __post_init__(self):
        fields.check_settings(self)


@settings_class
class Dinner(Meal):
    """What is eaten at night."""

    spoons: int = redefined(Meal, "spoons", 3)
    taste: str | None = redefined(Meal, "taste", by_default="sour, as ever")


def test_setting_knows_its_flags_type_default_and_words():
    spoons, taste, main = (settings_of(Dinner)[name] for name in ("spoons", "taste", "main"))
    assert (spoons.flag, spoons.old_flags, spoons.type, spoons.default) == ("--forks", ["--forks", "--knives"], int, 3)
    assert (spoons.default_words(), taste.default_words(), main.default_words()) == ("3", "sour, as ever", "")
    assert (main.required, spoons.required, main.flag, flag_of("batch_size")) == (True, False, "--main", "--batch-size")


def test_redefined_setting_keeps_what_is_not_changed():
    assert Meal(main="soup").spoons == 1 and Dinner(main="soup").spoons == 3
    assert settings_of(Dinner)["spoons"].definition == settings_of(Meal)["spoons"].definition


def test_docstring_lists_every_setting_once_and_signature_shows_the_defaults():
    assert Dinner.__doc__.startswith("What is eaten at night.\n\nArgs:\n    main: The main course.\n")
    assert 'taste: Its taste. One of "sweet", "sour". Default: sour, as ever.' in Dinner.__doc__
    assert str(inspect.signature(Meal)).startswith("(*, main: str, spoons: int = 1, taste: str | None = None)")


@pytest.mark.parametrize("changed", [{"spoons": 0}, {"taste": "salty"}])
def test_checks_of_the_definitions_are_made(changed):
    with pytest.raises(checks.UserError, match=f"`{next(iter(changed))}` must be"):
        Dinner(main="soup", **changed)


def test_none_is_not_checked_where_it_is_the_default_and_is_elsewhere():
    assert Meal(main="soup", taste=None).taste is None
    with pytest.raises(checks.UserError, match="`spoons` must be"):
        Meal(main="soup", spoons=None)


def test_each_old_name_and_value_brings_a_warning_that_points_at_the_caller():
    with pytest.warns(DeprecationWarning) as caught:
        meal = Dinner(main="soup", knives=4, taste="sugary")
    assert (meal.spoons, meal.taste) == (4, "sweet")
    first, second = (str(warning.message).partition(". ")[0] for warning in caught)
    assert first == "Dinner: knives is now called spoons"
    assert second == "Dinner: taste='sugary' is now called taste='sweet'"
    assert {warning.filename for warning in caught} == {__file__}


def test_names_of_today_bring_no_warning_and_unknown_ones_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dataclasses.replace(Dinner(main="soup"), spoons=5).spoons == 5
    with pytest.raises(TypeError, match="chopsticks"):
        Meal(main="soup", chopsticks=2)


def test_old_name_beside_the_new_one_is_an_error():
    with pytest.raises(checks.UserError, match="`knives` must be left out beside `spoons`.*Give spoons= alone"):
        Meal(main="soup", knives=4, spoons=4)


def test_every_setting_of_the_package_has_a_help_text_and_a_known_panel(settings_kind):
    definitions = [described.definition for described in settings_of(settings_kind).values()]
    assert all(each.help.endswith(".") and each.panel in fields.PANELS for each in definitions)
    flags = [described.flag for described in settings_of(settings_kind).values()]
    assert len(flags) == len(set(flags)) > 20

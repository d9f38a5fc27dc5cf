import dataclasses
import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec, check_truncation, find_model

SPEC = ModelSpec(image_size=64, channels=3, latent_dim=128, licence="Apache-2.0")


def test_spec_round_trips_through_a_file(tmp_path):
    SPEC.save(tmp_path / "spec.json")
    assert ModelSpec.load(tmp_path / "spec.json") == SPEC
    assert set(SPEC.to_dict()) == {field.name for field in dataclasses.fields(ModelSpec)}


def test_spec_refuses_unknown_and_missing_fields():
    with pytest.raises(checks.UserError, match="`spec field` must be one of .*Did you mean latent_dim"):
        ModelSpec.from_dict({**SPEC.to_dict(), "latent_dims": 3})
    with pytest.raises(checks.UserError, match="`spec` must be a dict with image_size, channels, latent_dim"):
        ModelSpec.from_dict({"image_size": 64})


def test_spec_refuses_a_file_that_holds_no_object(tmp_path):
    (tmp_path / "spec.json").write_text("[]")
    with pytest.raises(checks.UserFileError, match="`spec` must be a JSON object"):
        ModelSpec.load(tmp_path / "spec.json")


@pytest.mark.parametrize(
    ("field", "value"), [("latent_dim", 0), ("channels", "3"), ("distribution", "unifrom"), ("truncation", 2.0)]
)
def test_spec_checks_each_field(field, value):
    with pytest.raises(checks.UserError, match=f"`{field}` must be"):
        dataclasses.replace(SPEC, **{field: value})


def test_check_truncation_accepts_up_to_one():
    assert check_truncation(1) == 1.0
    with pytest.raises(checks.UserError, match="a number above 0"):
        check_truncation(0.0)


def test_family_names_the_file_of_a_model(tmp_path):
    assert SPEC.family == "gan" and dataclasses.replace(SPEC, family="vae").to_dict()["family"] == "vae"
    with pytest.raises(checks.UserError, match="`family` must be one of 'gan', 'vae'"):
        dataclasses.replace(SPEC, family="vqvae")
    assert find_model(tmp_path) is None
    for family in ("vae", "gan"):
        (tmp_path / f"{family}.keras").touch()
        assert find_model(tmp_path) == tmp_path / f"{family}.keras"


NAMED = ModelSpec(image_size=32, channels=3, latent_dim=8, class_names=("birds", "people", "7"))


def test_class_names_are_a_list_that_is_saved_and_counts_the_classes(tmp_path):
    NAMED.save(tmp_path / "spec.json")
    assert json.loads((tmp_path / "spec.json").read_text())["class_names"] == ["birds", "people", "7"]
    assert ModelSpec.load(tmp_path / "spec.json") == NAMED and NAMED.class_names == ["birds", "people", "7"]
    assert NAMED.num_classes == 3 and len({NAMED, ModelSpec.load(tmp_path / "spec.json")}) == 1


def test_a_file_without_class_names_loads(tmp_path):
    fields = {name: value for name, value in SPEC.to_dict().items() if name != "class_names"}
    assert ModelSpec.from_dict(fields) == SPEC and SPEC.class_names == [] and SPEC.num_classes == 0


@pytest.mark.parametrize(("names", "text"), [
    (["a", "b"], "`class_names` must be 3 names, as num_classes says"),
    (["a", "b", "a"], "'a' is there more than once"),
    (["a", "", "c"], "a list of texts that are not empty"), ("abc", "a list of texts that are not empty"),
])  # fmt: skip
def test_class_names_must_fit_the_classes(names, text):
    with pytest.raises(checks.UserError, match=text):
        dataclasses.replace(SPEC, num_classes=3, class_names=names)


def test_a_class_is_called_by_its_name_or_its_number():
    assert NAMED.class_number("people") == NAMED.class_number(1) == NAMED.class_number("1") == 1
    assert NAMED.class_number("7") == 2  # a name counts before a number
    assert NAMED.class_number(np.int64(2)) == 2 and NAMED.class_number(None) is None
    assert NAMED.class_name(1) == "people" and dataclasses.replace(SPEC, num_classes=4).class_name(3) == "3"


@pytest.mark.parametrize(("label", "classes", "text"), [
    ("poeple", NAMED, r"one of 'birds', 'people', '7'.*Did you mean people\? .*--class"),
    (5, 5, r"`label` must be an integer from 0 to 4. Received: label=5. Give it with label= \(--class\)"),
    ("5", 5, "`label` must be an integer from 0 to 4"),
    ("birds", 5, "a number from 0 to 4, as the classes .* no names"),
    (-1, 5, "`label` must be an integer from 0"), ("-1", 5, "`label` must be an integer from 0"),
    (1.0, 5, "`label` must be an integer from 0"),
    (0, 0, "`label` must be left out for this model.*It takes no labels"),
    (1, 1, "`label` must be an integer from 0 to 0.*--labels 10"),
])  # fmt: skip
def test_a_class_that_there_is_not_is_refused(label, classes, text):
    spec = classes if isinstance(classes, ModelSpec) else dataclasses.replace(SPEC, num_classes=classes)
    with pytest.raises(checks.UserError, match=text):
        spec.class_number(label)


def test_shares_of_the_classes_add_up_to_one(tmp_path):
    shared = dataclasses.replace(NAMED, class_shares=(0.5, 0.25, 0.25))
    shared.save(tmp_path / "spec.json")
    assert ModelSpec.load(tmp_path / "spec.json") == shared and shared.class_shares == [0.5, 0.25, 0.25]
    for shares in ([0.5, 0.5], [0.5, 0.25, 0.5], [1.5, -0.25, -0.25]):
        with pytest.raises(checks.UserError, match="`class_shares` must be"):
            dataclasses.replace(NAMED, class_shares=shares)

import dataclasses

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

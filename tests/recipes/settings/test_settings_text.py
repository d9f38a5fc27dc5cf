import re

import pytest

from keras_transfer_gen.recipes.settings.compat import CLASSES
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.settings_file import read_settings_file
from keras_transfer_gen.recipes.settings.settings_text import LEFT_OUT, settings_text, yaml_scalar


@pytest.fixture
def read(tmp_path):
    """Function: text and settings class -> the values that the text sets."""

    def build(text, cls):
        (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
        return read_settings_file(tmp_path / "run.yaml", cls.command, (cls,)).values

    return build


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_file_names_every_setting_and_sets_what_is_asked_for(cls, read):
    text = settings_text(cls, {"data": 'my "photos"', "kimg": 1e-5}, ["12 images."], {"data": "Here: 12."})
    assert read(text, cls) == {"data": 'my "photos"', "kimg": 1e-5}
    named = set(re.findall(r"^(?:# )?(\w+):(?: |$)", text, re.MULTILINE))
    assert set(settings_of(cls)) - set(LEFT_OUT) <= named and "overwrite" not in named
    assert "# 12 images.\n" in text and '# Here: 12.\ndata: "my' in text
    assert "--" not in text.replace("`ktg " + cls.command + " --config FILE`", "").replace("----", "")
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_defaults_can_be_switched_on_by_removing_the_sign(cls, read):
    text = settings_text(cls, {})
    names = "|".join(settings_of(cls))
    values = read(re.sub(rf"^# ({names}):( |$)", r"\1:\2", text, flags=re.MULTILINE), cls)
    for name, described in settings_of(cls).items():
        if described.required or described.default is None or name in LEFT_OUT:
            assert name not in values
        else:
            assert values[name] == (list(described.default) if described.type is tuple else described.default), name


def test_numbers_stay_numbers():
    assert [yaml_scalar(value) for value in (1e-5, 2e-4, 3, -1e20, float("inf"))] == [
        "1.0e-05", "0.0002", "3", "-1.0e+20", "inf",
    ]  # fmt: skip

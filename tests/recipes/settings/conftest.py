"""What the tests of settings share: settings of each kind with everything given that must be."""

import pytest

from keras_transfer_gen.recipes.settings.compat import CLASSES

REQUIRED = {"data": "photos", "source": "noto_gan_64", "out": "runs/a"}


@pytest.fixture
def make():
    """Function: a settings class and changed settings -> an object of it."""

    def build(cls, **changed):
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in REQUIRED.items() if name in known}, **changed)

    return build


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def settings_kind(request):
    """Each of the settings classes."""
    return request.param

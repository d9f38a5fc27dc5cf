import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.suggestions import not_suggesting


def test_other_images_of_the_command_are_not_suggested(image_folder, monkeypatch):
    monkeypatch.chdir(image_folder.parent)
    with pytest.raises(checks.UserFileError, match=r"Did you mean pictures\?"):
        read_images("pictured", 32)
    for other in ("pictures/", image_folder):
        with pytest.raises(checks.UserFileError, match="nothing at this path") as caught, not_suggesting(other):
            read_images("pictured", 32)
        assert "Did you mean" not in str(caught.value)
    with pytest.raises(checks.UserFileError, match=r"Did you mean pictures\?"), not_suggesting("elsewhere"):
        read_images("pictured", 32)


def test_other_errors_pass_unchanged():
    with pytest.raises(checks.UserFileError, match="^plain$"), not_suggesting("pictures"):
        raise checks.UserFileError("plain")

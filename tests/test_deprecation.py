import inspect

import pytest

from keras_transfer_gen.deprecation import renamed_arguments, warn_renamed


@renamed_arguments(fit="resize_mode", colour="background")
def read(source, *, resize_mode="crop", background="white"):
    """Reads."""
    return source, resize_mode, background


def test_new_names_pass_without_a_warning():
    assert read("a", resize_mode="pad") == ("a", "pad", "white")


def test_old_names_mean_the_new_ones_and_warn_at_the_call():
    with pytest.warns(DeprecationWarning, match=r"^read\(fit=\) is now called resize_mode=. The old name") as caught:
        assert read("a", fit="pad", background="black") == ("a", "pad", "black")
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(DeprecationWarning) as caught:
        assert read("a", fit="pad", colour="black") == ("a", "pad", "black")
    assert len(caught) == 2


def test_arguments_of_a_class_are_told_by_its_name():
    class Reader:
        @renamed_arguments(fit="resize_mode")
        def __init__(self, resize_mode="crop"):
            self.resize_mode = resize_mode

    with pytest.warns(DeprecationWarning, match=r"^Reader\(fit=\) is now called resize_mode="):
        assert Reader(fit="pad").resize_mode == "pad"


def test_both_names_at_once_are_refused():
    with pytest.raises(TypeError, match=r"read\(\) got resize_mode= and also fit=, its old name: leave fit= out"):
        read("a", fit="pad", resize_mode="pad")


def test_signature_and_docstring_are_those_of_the_function():
    assert list(inspect.signature(read).parameters) == ["source", "resize_mode", "background"]
    assert read.__doc__ == "Reads."


def test_warning_points_to_the_caller():
    with pytest.warns(DeprecationWarning, match="a is now called b") as caught:
        warn_renamed("a", "b", stacklevel=1)
    assert caught[0].filename == __file__

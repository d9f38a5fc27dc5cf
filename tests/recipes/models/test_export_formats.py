import inspect

import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export.style_functions import PARTS as STYLE_PARTS
from keras_transfer_gen.export.vae import PARTS as VAE_PARTS
from keras_transfer_gen.recipes.models.export_formats import FORMATS, OPTION_HINTS, PARTS, check_format, check_options


def test_every_writer_takes_a_model_a_path_and_the_options_of_its_row():
    assert list(FORMATS)[:2] == ["saved_model", "tflite"]
    for name, row in FORMATS.items():
        parameters = list(inspect.signature(row.load()).parameters)
        assert parameters[:2] == ["model", "path"] and {*row.options} <= {*parameters}, name
        assert {*row.options} <= {*OPTION_HINTS}, name


def test_unknown_formats_and_options_of_other_formats_are_refused():
    with pytest.raises(UserError, match="`format` must be one of 'saved_model', 'tflite'.*'web'.*--format"):
        check_format("gif")
    assert check_options("tflite", {"batch_size": 3, "part": None}) == {"batch_size": 3}
    text = "`batch_size` must be left out with --format saved_model.*any number of latents.*give --format tflite"
    with pytest.raises(UserError, match=text):
        check_options("saved_model", {"batch_size": 3})


def test_parts_are_those_of_a_vae_and_of_a_stylegan2():
    assert (*VAE_PARTS, *STYLE_PARTS) == PARTS

import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2 import from_tensors
from keras_transfer_gen.networks.stylegan2.official import to_official
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator

GENERATOR = GeneratorShape(
    16, 2, 6, 3, w_dim=5, widths=(4, 3, 2), mapping_layers=2, mapping_width=7, embed_dim=9, clamp=0.0, noise="const"
)
DISCRIMINATOR = DiscriminatorShape(
    16, 2, 3, widths=(4, 3, 2), mapping_layers=2, mapping_width=7, embed_dim=9, label_dim=6, clamp=0.0
)


@pytest.fixture(scope="module")
def generator():
    return to_official("generator", build_stylegan2_generator(GENERATOR))


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_shapes_are_read_off_the_tensors(architecture):
    shape = dataclasses.replace(GENERATOR, architecture=architecture)
    assert from_tensors.generator_shape(to_official("generator", build_stylegan2_generator(shape))) == shape
    shape = dataclasses.replace(DISCRIMINATOR, architecture=architecture)
    assert from_tensors.discriminator_shape(to_official("discriminator", build_stylegan2_discriminator(shape))) == shape


def test_what_tensors_do_not_say_is_read_in_the_file(generator):
    said = {"mapping.fc0": {"bias_gain": 0.1, "activation": "lrelu"}, "synthesis.b8.conv0": {"conv_clamp": 3}}
    shape = from_tensors.generator_shape(generator, said)
    assert shape.lr_multiplier == 0.1 and shape.clamp == 3.0
    quiet = {name: array for name, array in generator.items() if "noise" not in name}
    assert from_tensors.generator_shape(quiet).noise == "none"


@pytest.mark.parametrize(
    ("changed", "said", "message"),
    [
        ({"synthesis.L0_36_512.weight": np.zeros(1)}, {}, "It is a StyleGAN3 network"),
        ({}, {"": {"class": "SuperresGenerator"}}, "It is a StyleGAN-XL network"),
        ({"synthesis.b64.conv1.weight": np.zeros(1)}, {}, "blocks of 4, 8, ... up to 1024 pixels"),
        (
            {"synthesis.b4.resample_filter": np.ones((4, 4))},
            {},
            r"whose synthesis.b4.resample_filter is \(1, 3, 3, 1\)",
        ),
        ({}, {"mapping.fc0": {"activation": "relu"}}, "mapping.fc0 has the activation lrelu"),
        ({}, {"mapping.fc0": {"weight_gain": 0.5, "bias_gain": 0.01}}, "mapping.fc0 scales its weights by 0.00258"),
        ({}, {"a": {"conv_clamp": 1}, "b": {"conv_clamp": 2}}, "one limit of activations"),
        ({"synthesis.b16.torgb.weight": np.zeros(3)}, {}, "with synthesis.b16.torgb.weight of 4 axes"),
    ],
)
def test_other_networks_are_refused_with_the_difference(generator, changed, said, message):
    with pytest.raises(checks.UserError, match=message):
        from_tensors.generator_shape({**generator, **changed}, said)

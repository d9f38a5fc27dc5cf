import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles import tf1
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from keras_transfer_gen.transfer.pickles.records import Call
from tests.stylegan2_fixtures import FOLDER, reference


@pytest.mark.parametrize("name", ["tf1_v4.pkl", "tf1_v5.pkl"])
def test_variables_get_the_official_names(name):
    networks = read_network_file(FOLDER / name).networks
    generator, discriminator = networks["G_ema"].arrays, networks["D"].arrays
    np.testing.assert_array_equal(generator["mapping.w_avg"], reference(name)["w_avg"])
    assert generator["synthesis.b16.conv1.noise_const"].shape == (16, 16) and "lod" not in generator
    assert generator["synthesis.b16.conv0.weight"].shape == (4, 8, 3, 3) and generator["mapping.fc0.weight"].shape == (
        10,
        8,
    )
    assert discriminator["b4.out.weight"].shape == (1, 8) and discriminator["b16.fromrgb.weight"].shape == (4, 3, 1, 1)


def test_arguments_say_what_tensors_do_not():
    assert read_network_file(FOLDER / "tf1_v5.pkl").networks["D"].attributes[""]["kwargs.conv_clamp"] == 256
    assert read_network_file(FOLDER / "tf1_v4.pkl").networks["D"].attributes[""] == {}


def network(**state):
    return Call(tf1.NETWORK, (), {"version": 4, "static_kwargs": {}, "variables": [], "components": {}, **state})


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"version": 3}, "networks of StyleGAN1"),
        ({"version": 9}, "have the version 9"),
        ({"static_kwargs": {"nonlinearity": "relu"}}, "its activation is 'relu'"),
        ({"static_kwargs": {"resample_kernel": [1, 2, 1]}}, "its filter is another"),
        ({"variables": [("synthesis/16x16/ToRGB_lod0/weight", 1.0)]}, "a variable 'synthesis/16x16/ToRGB_lod0/weight'"),
        ({"variables": [1]}, "its list of variables"),
        ({"variables": [("a", "b")]}, "no array of numbers"),
    ],
)
def test_other_networks_are_refused(state, message):
    with pytest.raises(RefusedPickle, match=message):
        tf1.read_networks(network(**state))


def test_labels_of_the_first_program_are_refused():
    mapping = network(variables=[("LabelConcat/weight", 1.0)])
    synthesis = network(variables=[("4x4/Conv/bias", 1.0)])
    with pytest.raises(RefusedPickle, match="labels are concatenated"):
        tf1.read_networks(network(components={"synthesis": synthesis, "mapping": mapping}))

import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles import nv
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from keras_transfer_gen.transfer.pickles.records import Call
from tests.stylegan2_fixtures import FOLDER, reference


@pytest.mark.parametrize("name", ["ada_skip.pkl", "ada_cond_resnet.pkl", "ada_clamp_freeze.pkl", "sg3_stylegan2.pkl"])
def test_arrays_have_the_official_names(name):
    networks = read_network_file(FOLDER / name).networks
    assert list(networks) == ["G_ema", "G", "D"]
    np.testing.assert_array_equal(networks["G_ema"].arrays["mapping.w_avg"], reference(name)["w_avg"])
    assert networks["D"].arrays["b4.fc.weight"].shape == (8, 128)
    assert len(networks["G_ema"].program) == 64


def test_frozen_layers_are_buffers_and_are_read():
    networks = read_network_file(FOLDER / "ada_clamp_freeze.pkl").networks
    assert {"b32.fromrgb.weight", "b32.skip.weight", "b16.conv0.bias"} <= set(networks["D"].arrays)


def test_attributes_of_layers_and_arguments_are_read():
    said = read_network_file(FOLDER / "ada_cond_resnet.pkl").networks["G_ema"].attributes
    assert said["mapping.fc0"]["bias_gain"] == 0.01 and said["synthesis.b8.conv0"]["conv_clamp"] == 256
    assert said[""]["kwargs.architecture"] == "resnet"


def module(state):
    return Call(nv.MODULE, ({"class_name": "Generator", "state": state},))


def test_endless_and_other_networks_are_refused():
    state = {}
    state["_modules"] = {"a": module(state), "b": module(state)}
    with pytest.raises(RefusedPickle, match="more modules"):
        nv.read_networks({"G": module(state)})
    with pytest.raises(RefusedPickle, match="no network where one belongs"):
        nv.read_networks({"G": [1]})
    assert nv.read_networks({"G": module({})})["G"].arrays == {}

import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles import rosinality
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from tests.stylegan2_fixtures import FOLDER, reference


def test_tensors_get_the_official_names():
    networks = read_network_file(FOLDER / "rosinality_zip.pt").networks
    generator, discriminator = networks["G_ema"].arrays, networks["D"].arrays
    np.testing.assert_array_equal(generator["mapping.w_avg"], reference("rosinality_zip.pt")["w_avg"])
    assert generator["synthesis.b16.conv0.weight"].shape == (6, 8, 3, 3)
    assert generator["synthesis.b8.conv1.noise_const"].shape == (8, 8)
    assert generator["synthesis.b16.conv0.noise_strength"].shape == () and generator[
        "synthesis.b4.torgb.bias"
    ].shape == (3,)
    assert discriminator["b16.conv1.weight"].shape == (8, 6, 3, 3) and discriminator["b8.skip.weight"].shape == (
        8,
        8,
        1,
        1,
    )
    assert networks["G_ema"].notes == ()


def test_missing_parts_are_noted():
    notes = read_network_file(FOLDER / "rosinality_legacy.pt").networks["G_ema"].notes
    assert notes == (rosinality.AVERAGE,)


class NoTensors:
    """Stands for the tensors of a file; every value is its own array."""

    def array(self, value):
        return np.zeros(value)

    def is_tensor(self, value):
        return False


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({"g_ema": {"layers.0.weight": (1,)}}, "a tensor 'layers.0.weight'"),
        ({"g_ema": {"convs.99.conv.weight": (1, 2, 2, 3, 3)}}, "more layers"),
        ({"d": {"fc.weight": (1,)}}, "other tensors"),
        ({"d": {"convs.1.conv1.0.weight": (1,), "other": (1,)}}, "a tensor 'other'"),
    ],
)
def test_other_tensors_are_refused(top, message):
    with pytest.raises(RefusedPickle, match=message):
        rosinality.read_networks(top, NoTensors())


def test_file_of_2019_has_no_noise():
    networks = rosinality.read_networks({"g_ema": {"style.1.bias": (3,)}, "d": None}, NoTensors())
    assert networks["G_ema"].notes == (rosinality.NOISE, rosinality.AVERAGE) and list(networks) == ["G_ema"]

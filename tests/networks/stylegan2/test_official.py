import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2 import official
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator


def build(role):
    if role == "generator":
        shape = GeneratorShape(8, 1, 6, 2, w_dim=5, widths=(4, 3), mapping_layers=2, architecture="resnet")
        return build_stylegan2_generator(shape)
    return build_stylegan2_discriminator(DiscriminatorShape(8, 1, 2, widths=(4, 3), mapping_layers=1))


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_names_and_layouts_come_back(role):
    network, copy = build(role), build(role)
    arrays = official.to_official(role, network)
    assert official.load_official(role, copy, arrays) == (list(arrays), [], [])
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), copy.get_weights(), strict=True))


def test_layouts_are_those_of_pytorch():
    shapes = {name: array.shape for name, array in official.to_official("generator", build("generator")).items()}
    assert shapes["synthesis.b8.conv0.weight"] == (3, 4, 3, 3) and shapes["synthesis.b4.const"] == (4, 4, 4)
    assert shapes["mapping.embed.weight"] == (5, 2) and shapes["mapping.w_avg"] == (5,)
    shapes = {
        name: array.shape for name, array in official.to_official("discriminator", build("discriminator")).items()
    }
    assert shapes["b8.fromrgb.weight"] == (3, 1, 1, 1) and shapes["b4.conv.weight"] == (4, 5, 3, 3)
    assert shapes["b4.fc.weight"] == (4, 64)


def test_first_dense_layer_takes_channels_first():
    """Input c * 16 + y * 4 + x of the original is input (y * 4 + x) * C + c here."""
    array = np.arange(2 * 48, dtype=np.float32).reshape(2, 48)
    turned = official.from_official("b4.fc.weight", array, (48, 2))
    assert turned[(1 * 4 + 2) * 3 + 2, 1] == array[1, 2 * 16 + 1 * 4 + 2]


def test_what_does_not_fit_is_reported_or_refused():
    network = build("generator")
    arrays = official.to_official("generator", network)
    const = arrays.pop("synthesis.b4.const")
    assert official.load_official("generator", network, {**arrays, "more": const})[1:] == (
        ["synthesis.b4.const"],
        ["more"],
    )
    with pytest.raises(checks.UserError, match=r"an array for mapping.w_avg of shape \(5,\)"):
        official.load_official("generator", network, {"mapping.w_avg": np.zeros(4)})

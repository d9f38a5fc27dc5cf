import pytest

from keras_transfer_gen.networks.stylegan2.network_shapes import shape_of_discriminator, shape_of_generator
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator


@pytest.mark.parametrize("reduced", [1, 4])
def test_networks_tell_what_they_were_built_by(reduced):
    shape = GeneratorShape(
        16, 1, 6, 2, w_dim=5, widths=(4, 4, 2), mapping_layers=2, mapping_width=7, embed_dim=3, lr_multiplier=0.1,
        architecture="resnet", clamp=3.0, noise="random", reduced_blocks=reduced,
    )  # fmt: skip
    assert shape_of_generator(build_stylegan2_generator(shape)) == shape
    judge = DiscriminatorShape(
        16, 1, 2, widths=(4, 4, 2), mapping_layers=1, embed_dim=3, label_dim=6, lr_multiplier=0.1, architecture="orig",
        clamp=3.0, group_size=2, reduced_blocks=reduced,
    )  # fmt: skip
    assert shape_of_discriminator(build_stylegan2_discriminator(judge)) == judge

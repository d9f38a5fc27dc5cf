import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape, sides, usual_widths


def test_widths_are_those_of_the_published_networks():
    assert usual_widths(256, 16384) == (512, 512, 512, 512, 256, 128, 64)
    assert usual_widths(1024, 32768)[-3:] == (128, 64, 32) and len(sides(1024)) == 9


def test_two_styles_a_block_and_widths_that_fit():
    shape = GeneratorShape(32, widths=(8, 8, 4, 2), mapping_layers=3, mapping_width=5, w_dim=7)
    assert shape.num_ws == 8 and shape.mapping_units() == [5, 5, 7]
    assert GeneratorShape(32, mapping_layers=0).mapping_units() == []
    assert DiscriminatorShape(16, widths=(6, 4, 2)).label_dim == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 48}, "`image_size` must be one of 4, 8"),
        ({"image_size": 16, "channels": 5}, "`channels` must be one of 1, 2, 3, 4"),
        ({"image_size": 16, "widths": (8, 8)}, "`widths` must be 3 numbers of channels for images of 16 pixels"),
        ({"image_size": 16, "architecture": "dense"}, "`architecture` must be one of 'skip', 'resnet', 'orig'"),
        ({"image_size": 16, "noise": "pink"}, "`noise` must be one of 'const', 'random', 'none'"),
    ],
)
def test_wrong_sizes_are_refused(arguments, message):
    with pytest.raises(checks.UserError, match=message):
        GeneratorShape(**arguments)

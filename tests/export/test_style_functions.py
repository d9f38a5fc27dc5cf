import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.style_functions import style_functions, styles_layer
from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_generator
from keras_transfer_gen.specs import ModelSpec
from tests.export.small_models import SPEC, small_generator

STYLE_SPEC = ModelSpec(image_size=8, channels=1, latent_dim=4, arch="stylegan2")


def test_styles_lie_between_both_functions(tmp_path):
    shape = GeneratorShape(8, 1, 4, w_dim=5, widths=(4, 4), mapping_layers=1)
    generator = build_stylegan2_generator(shape)
    servable = generator_servable(generator, STYLE_SPEC)
    served = tf.saved_model.load(write_saved_model(servable, tmp_path / "1")).signatures
    inputs = servable.functions["serve"].examples
    w = served["map"](**{name: tf.constant(value) for name, value in inputs.items()})["w"]
    assert w.shape == (4, 4, 5)
    images = served["synthesize"](w=w)["images"].numpy()
    np.testing.assert_allclose(images, generator(inputs), atol=1e-4)
    assert np.abs(served["synthesize"](w=w + 1.0)["images"].numpy() - images).max() > 1e-3
    with pytest.raises(tf.errors.InvalidArgumentError, match="w must be finite"):
        served["synthesize"](w=w * float("nan"))


def test_generators_without_styles_have_neither():
    network = small_generator()
    assert styles_layer(network, SPEC) is None and style_functions(network, SPEC, None, None) == {}

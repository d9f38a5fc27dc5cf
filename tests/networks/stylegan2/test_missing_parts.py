import numpy as np

from keras_transfer_gen.networks.stylegan2.missing_parts import draw_noise, measure_average
from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_generator


def test_average_and_noise_follow_from_a_seed():
    shape = GeneratorShape(8, latent_dim=6, num_classes=2, w_dim=5, widths=(4, 4), mapping_layers=2)
    generator = build_stylegan2_generator(shape)
    average = measure_average(generator, count=1500)
    np.testing.assert_array_equal(generator.get_layer("styles").w_avg, average)
    np.testing.assert_array_equal(measure_average(generator, count=1500), average)
    assert 0 < np.abs(measure_average(generator, seed=1, count=1500) - average).max() < 0.3
    layers = [generator.get_layer(f"block_{side}").conv1 for side in (4, 8)]
    kept = layers[1].noise_const.numpy()
    draw_noise(generator, ["synthesis.b4.conv1.noise_const"])
    drawn = layers[0].noise_const.numpy()
    np.testing.assert_array_equal(drawn, np.random.default_rng(0).standard_normal((4, 4), np.float32))
    np.testing.assert_array_equal(layers[1].noise_const, kept)

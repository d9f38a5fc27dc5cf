import numpy as np

from keras_transfer_gen.networks.blended.known import blend_layer, known_classes, known_images, with_known_images
from tests.blended_fixtures import LATENT_DIM, blended_generator, fine_generator, known_colours


def test_known_images_are_decoded_from_their_own_codes_alone():
    generator = blended_generator()
    codes, tokens, _ = known_colours()
    colours = (codes[tokens[:, 0, 0, 0]] + codes[tokens[:, 1, 0, 0]] + 1) * 127.5
    np.testing.assert_allclose(known_images(generator)[:, 5, 9], colours, atol=1)
    np.testing.assert_array_equal(known_images(generator, [4, 17]), known_images(generator)[[4, 17]])


def test_a_generator_may_know_some_of_the_images_alone():
    generator, points = blended_generator(), np.random.default_rng(4).normal(size=(3, LATENT_DIM))
    fewer = with_known_images(generator, [16, 2, 9], points, np.zeros(3))
    assert fewer.input_shape == (None, LATENT_DIM) and blend_layer(fewer).num_images == 3
    np.testing.assert_array_equal(known_images(fewer), known_images(generator, [16, 2, 9]))
    first = np.asarray(fewer(50 * points[1:2].astype(np.float32) / np.linalg.norm(points[1])))
    np.testing.assert_allclose(first * 127.5 + 127.5, known_images(generator, [2]), atol=1)


def test_classes_of_known_images_are_those_that_they_were_built_with():
    np.testing.assert_array_equal(known_classes(blended_generator()), known_colours()[2])


def test_second_grids_stay_those_of_the_images():
    generator, points = fine_generator(), np.random.default_rng(4).normal(size=(3, LATENT_DIM))
    fewer = with_known_images(generator, [16, 2, 9], points, np.zeros(3))
    assert blend_layer(fewer).fine_tokens[0].shape == (3, 256)
    np.testing.assert_array_equal(known_images(fewer), known_images(generator, [16, 2, 9]))
    blend_layer(generator).fine_codes[0].assign(np.zeros((20, 2)))
    assert not np.array_equal(known_images(fewer), known_images(generator, [16, 2, 9]))

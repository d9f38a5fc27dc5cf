import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space, spread
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load_vae import load_vae


@pytest.mark.parametrize(("name", "shape"), [("z", (8,)), ("w", (6, 8))])
def test_images_of_drawn_latents_are_those_of_generate(style_file, name, shape):
    space = open_space(style_file, name)
    latents = space.draw([2, 0], seed=3)
    assert (space.name, space.shape, latents.shape) == (name, shape, (2, *shape))
    np.testing.assert_array_equal(space.images(latents), open_model(style_file).generate(3, seed=3)[[2, 0]])
    assert open_space(style_file).name == "w"


def test_styles_follow_the_truncation(style_file):
    space = open_space(style_file)
    whole, short = space.draw([0], 0), space.draw([0], 0, truncation=0.5)
    average = space.network.get_layer("styles").w_avg.numpy()
    np.testing.assert_allclose(short, average + 0.5 * (whole - average), atol=1e-5)


def test_other_generators_and_vaes_have_z_alone(source_file, vae_file, sample_images):
    space = open_space(source_file)
    assert (space.name, space.shape, space.encode) == ("z", (16,), None)
    np.testing.assert_array_equal(space.images(space.draw([1])), open_model(source_file).generate(2)[1:])
    vae = load_vae(vae_file)
    space = open_space(vae_file)
    np.testing.assert_array_equal(space.images(space.draw(range(3))), vae.generate(3))
    np.testing.assert_allclose(space.encode(sample_images[:2]), vae.encode(sample_images[:2])[0])
    for file in (source_file, vae_file):
        with pytest.raises(checks.UserError, match="`space` must be z, the only one of"):
            open_space(file, "w")
    with pytest.raises(checks.UserError, match="`space` must be one of 'w', 'z'"):
        open_space(source_file, "x")
    with pytest.raises(checks.UserError, match="`label` must be left out for this model"):
        open_space(vae_file, label=1)


def test_gradients_reach_the_latents(style_file):
    space = open_space(style_file)
    latents = tf.constant(space.draw([0]))
    with tf.GradientTape() as tape:
        tape.watch(latents)
        total = tf.reduce_sum(space.render(latents) ** 2)
    assert float(tf.reduce_max(tf.abs(tape.gradient(total, latents)))) > 0


def test_spread_is_measured(source_file, style_file):
    mean, deviation = spread(open_space(source_file))
    assert np.abs(mean).max() < 0.15 and deviation == pytest.approx(4.0, rel=0.03)  # the root of 16 dimensions
    space = open_space(style_file)
    mean, deviation = spread(space, samples=50)
    styles = space.draw(range(50))[:, 0]
    assert deviation == pytest.approx(np.sqrt(((styles - styles.mean(0)) ** 2).sum(1).mean()), rel=1e-4)


def test_latents_of_another_shape_are_refused(style_file):
    space = open_space(style_file)
    assert space.check(np.zeros((2, 8))).shape == (2, 6, 8)
    with pytest.raises(checks.UserError, match=r"`latents` must be numbers \[N, 6, 8\]"):
        space.check(np.zeros((2, 7)))

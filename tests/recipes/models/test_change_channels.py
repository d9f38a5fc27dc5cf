import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.change_channels import change_channels
from keras_transfer_gen.recipes.models.load_vae import load_vae

GREY = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1)).astype(np.uint8)
RGB = np.repeat(GREY, 3, axis=-1)


@pytest.fixture(scope="module")
def vae(vae_file):
    return load_vae(vae_file)


@pytest.fixture(scope="module")
def grey(vae):
    return change_channels(vae, 1)


def test_grey_images_have_the_latents_that_they_had_in_rgb(vae, grey):
    for found, expected in zip(grey.encode(GREY), vae.encode(RGB), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert grey.spec.channels == 1 and grey.generate(2).shape == (2, 32, 32, 1)
    assert type(grey.likelihood) is type(vae.likelihood) and float(grey.likelihood.error) == float(vae.likelihood.error)


def test_images_are_the_mean_of_the_channels_before_the_activation(vae, grey):
    latents = vae.encode(RGB)[0]
    before = np.arctanh(np.clip(np.asarray(vae.decoder(latents)), -0.999999, 0.999999).astype(np.float64))
    expected = np.tanh(before.mean(axis=-1, keepdims=True))
    np.testing.assert_allclose(grey.decoder(latents), expected, atol=1e-3)


def test_back_to_rgb_is_the_same_grey_image(grey):
    again = change_channels(grey, 3)
    np.testing.assert_allclose(again.encode(RGB)[0], grey.encode(GREY)[0], atol=1e-4)
    made = again.generate(3)
    assert (made == made[..., :1]).all() and (made[..., :1] == grey.generate(3)).all()


def test_same_channels_change_nothing_and_others_are_refused(vae):
    assert change_channels(vae, 3) is vae
    with pytest.raises(checks.UserError, match="`channels` must be one of 1, 3"):
        change_channels(vae, 4)

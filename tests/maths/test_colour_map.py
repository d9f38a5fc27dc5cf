import numpy as np
from sklearn.linear_model import Ridge

from keras_transfer_gen.maths.colour_map import RIDGE, follow_colours

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (2, 12, 12, 3)).astype(np.float64)


def on_ground(colour, share):
    """An image of random colours, the upper part of which is one flat colour."""
    image = IMAGES[:1].copy()
    image[:, : round(12 * share)] = colour
    return image


def test_equals_a_ridge_regression_of_each_image():
    change = RNG.normal(0, 40, IMAGES.shape)
    fitted = follow_colours(IMAGES, change)
    for image, wanted, result in zip(IMAGES, change, fitted, strict=True):
        colours = image.reshape(-1, 3)
        ridge = Ridge(alpha=RIDGE * len(colours)).fit(colours, wanted.reshape(-1, 3))
        np.testing.assert_allclose(result.reshape(-1, 3), ridge.predict(colours), rtol=1e-8, atol=1e-8)


def test_noise_does_not_pass():
    noise = RNG.normal(0, 40, IMAGES.shape)
    assert np.abs(follow_colours(IMAGES, noise)).mean() < 0.3 * np.abs(noise).mean()


def test_no_change_stays_none():
    assert np.abs(follow_colours(IMAGES, np.zeros_like(IMAGES))).max() == 0


def test_ground_takes_the_median_of_its_own_change():
    image = on_ground(255.0, 0.5)
    change = np.where(image == 255.0, 0.0, 60.0 - image / 8)
    change[0, 0, :5] = -90.0  # an outlier in the ground
    fitted = follow_colours(image, change)
    assert np.abs(fitted[0, :6]).max() < 1e-9
    assert np.abs(fitted[0, 6:] - change[0, 6:])[image[0, 6:] < 150].mean() < 15


def test_a_colour_that_is_no_ground_takes_part_in_the_map():
    image = on_ground(255.0, 1 / 12)
    change = np.where(image == 255.0, 0.0, 40.0)
    assert follow_colours(image, change)[0, 0].min() > 10


def test_grey_images_are_mapped_as_well():
    grey = IMAGES[..., :1]
    fitted = follow_colours(grey, 20.0 + 0.1 * grey)
    np.testing.assert_allclose(fitted, 20.0 + 0.1 * grey, atol=2.0)

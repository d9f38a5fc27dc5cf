import numpy as np
from sklearn.linear_model import Ridge

from keras_transfer_gen.maths.colour_map import RIDGE, follow_colours

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (2, 12, 12, 3)).astype(np.float64)


def on_ground(colour, share):
    """A picture of random colours, the upper part of which is one flat colour."""
    picture = PICTURES[:1].copy()
    picture[:, : round(12 * share)] = colour
    return picture


def test_equals_a_ridge_regression_of_each_picture():
    change = RNG.normal(0, 40, PICTURES.shape)
    found = follow_colours(PICTURES, change)
    for picture, wanted, made in zip(PICTURES, change, found, strict=True):
        colours = picture.reshape(-1, 3)
        ridge = Ridge(alpha=RIDGE * len(colours)).fit(colours, wanted.reshape(-1, 3))
        np.testing.assert_allclose(made.reshape(-1, 3), ridge.predict(colours), rtol=1e-8, atol=1e-8)


def test_noise_does_not_pass():
    noise = RNG.normal(0, 40, PICTURES.shape)
    assert np.abs(follow_colours(PICTURES, noise)).mean() < 0.3 * np.abs(noise).mean()


def test_no_change_stays_none():
    assert np.abs(follow_colours(PICTURES, np.zeros_like(PICTURES))).max() == 0


def test_ground_takes_the_median_of_its_own_change():
    picture = on_ground(255.0, 0.5)
    change = np.where(picture == 255.0, 0.0, 60.0 - picture / 8)
    change[0, 0, :5] = -90.0  # an outlier in the ground
    found = follow_colours(picture, change)
    assert np.abs(found[0, :6]).max() < 1e-9
    assert np.abs(found[0, 6:] - change[0, 6:])[picture[0, 6:] < 150].mean() < 15


def test_a_colour_that_is_no_ground_takes_part_in_the_map():
    picture = on_ground(255.0, 1 / 12)
    change = np.where(picture == 255.0, 0.0, 40.0)
    assert follow_colours(picture, change)[0, 0].min() > 10


def test_grey_pictures_are_mapped_as_well():
    grey = PICTURES[..., :1]
    found = follow_colours(grey, 20.0 + 0.1 * grey)
    np.testing.assert_allclose(found, 20.0 + 0.1 * grey, atol=2.0)

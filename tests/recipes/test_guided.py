import numpy as np

from keras_transfer_gen.recipes.guided import guided_filter

RNG = np.random.default_rng(0)
GUIDE = RNG.integers(0, 256, (2, 12, 12, 3)).astype(np.float64)


def windows(array, radius):
    """`[H, W, (2 radius + 1)^2, C]` of `[H, W, C]`, mirrored at the frame."""
    padded = np.pad(array, ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    width = 2 * radius + 1
    seen = np.lib.stride_tricks.sliding_window_view(padded, (width, width), axis=(0, 1))
    return seen.transpose(0, 1, 3, 4, 2).reshape(*array.shape[:2], width * width, -1)


def by_hand(guide, values, radius, epsilon):
    """Ridge regression in each window, and the mean of all windows' answers for each pixel."""
    guide, values = guide / 255, values / 255
    height, width, channels = guide.shape
    slopes, offsets = np.zeros((height, width, channels, values.shape[-1])), np.zeros((height, width, values.shape[-1]))
    colours, wanted = windows(guide, radius), windows(values, radius)
    for row in range(height):
        for column in range(width):
            x, y = colours[row, column], wanted[row, column]
            centred = x - x.mean(0)
            ridge = centred.T @ centred / len(x) + epsilon * np.eye(channels)
            slopes[row, column] = np.linalg.solve(ridge, centred.T @ (y - y.mean(0)) / len(x))
            offsets[row, column] = y.mean(0) - x.mean(0) @ slopes[row, column]
    flat = slopes.reshape(height, width, -1)
    slopes = windows(flat, radius).mean(2).reshape(slopes.shape)
    return 255 * (np.einsum("hwc,hwck->hwk", guide, slopes) + windows(offsets, radius).mean(2))


def test_filter_equals_a_regression_in_every_window():
    values = RNG.normal(0, 40, (2, 12, 12, 2))
    found = guided_filter(GUIDE, values, 2, 0.01)
    assert found.shape == (2, 12, 12, 2)
    for index in range(2):
        np.testing.assert_allclose(found[index], by_hand(GUIDE[index], values[index], 2, 0.01), rtol=1e-8, atol=1e-8)


def test_linear_maps_of_the_colours_pass_and_noise_does_not():
    mixing = RNG.normal(size=(3, 3))
    wanted = GUIDE @ mixing + 20
    np.testing.assert_allclose(guided_filter(GUIDE, wanted, 6, 1e-9), wanted, atol=1e-3)
    noise = RNG.normal(0, 40, GUIDE.shape)
    left = guided_filter(GUIDE, wanted + noise, 6, 1e-9) - wanted
    assert np.abs(left).mean() < 0.4 * np.abs(noise).mean()


def test_no_change_stays_none():
    assert np.abs(guided_filter(GUIDE, np.zeros_like(GUIDE), 3)).max() == 0

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges, structural_similarity

RNG = np.random.default_rng(0)
REAL, MADE = (RNG.uniform(-1, 1, (3, 6, 6, 3)).astype("float32") for _ in range(2))


def test_pixels_and_edges_are_those_of_numpy():
    error = REAL - MADE
    expected = [
        np.abs(e).mean() + 0.5 * (np.abs(np.diff(e, axis=0)).mean() + np.abs(np.diff(e, axis=1)).mean()) for e in error
    ]
    loss = PixelsAndEdges(edge_weight=0.5, structure_weight=0.0)
    np.testing.assert_allclose(loss.loss(REAL, MADE), expected, rtol=1e-5)


def test_a_shift_of_all_levels_costs_no_edge():
    loss = PixelsAndEdges(edge_weight=9.0, structure_weight=0.0).loss(tf.constant(REAL), tf.constant(REAL + 0.25))
    np.testing.assert_allclose(loss, 0.25, rtol=1e-4)


def ssim_by_hand(first, second, window=7):
    """SSIM of two `[H, W]` of intensities from 0 to 1, window by window."""
    values = []
    for row in range(first.shape[0] - window + 1):
        for column in range(first.shape[1] - window + 1):
            x, y = (image[row : row + window, column : column + window] for image in (first, second))
            covariance = ((x - x.mean()) * (y - y.mean())).mean()
            light = (2 * x.mean() * y.mean() + 1e-4) / (x.mean() ** 2 + y.mean() ** 2 + 1e-4)
            values.append(light * (2 * covariance + 9e-4) / (x.var() + y.var() + 9e-4))
    return values


def test_structure_is_that_of_the_formula():
    real, made = (RNG.uniform(-1, 1, (2, 9, 10, 3)).astype("float32") for _ in range(2))
    expected = [
        np.mean([ssim_by_hand((a[..., c] + 1) / 2, (b[..., c] + 1) / 2) for c in range(3)])
        for a, b in zip(real, made, strict=True)
    ]
    np.testing.assert_allclose(structural_similarity(real, made), expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(structural_similarity(real, real), 1.0, rtol=1e-5)
    plain, structured = (PixelsAndEdges(structure_weight=weight).loss(real, made).numpy() for weight in (0.0, 0.5))
    np.testing.assert_allclose(structured - plain, 0.5 * (1.0 - np.array(expected)), rtol=1e-3)


def test_the_worst_windows_count_again():
    real, made = (RNG.uniform(-1, 1, (2, 12, 11, 3)).astype("float32") for _ in range(2))
    expected = []
    for a, b in zip(real, made, strict=True):
        channels = [ssim_by_hand((a[..., c] + 1) / 2, (b[..., c] + 1) / 2) for c in range(3)]
        expected.append(1.0 - np.sort(np.mean(channels, axis=0))[:2].mean())  # 5 % of 30 windows
    plain, more = (PixelsAndEdges(worst_weight=weight).loss(real, made).numpy() for weight in (0.0, 0.25))
    np.testing.assert_allclose(more - plain, 0.25 * np.array(expected), rtol=1e-3)


def test_a_lost_detail_counts_as_much_however_much_white_is_around_it():
    def cost(side, **weights):
        lost = np.ones((1, side, side, 1), "float32")
        face = lost.copy()
        face[0, 10:12, 10:12] = -1.0
        return float(PixelsAndEdges(0.0, structure_weight=0.0, **weights).loss(face, lost)[0])

    assert cost(48) == pytest.approx(cost(24) / 4)
    small, large = (cost(side, worst_weight=1.0) - cost(side) for side in (24, 48))
    assert 0.7 * small < large < 1.3 * small


def test_structure_of_dark_images_counts_as_much():
    """A blurred pattern of little contrast on black costs hardly any pixels, but nearly as much structure."""
    pattern = RNG.uniform(0, 1, (1, 16, 16, 1)).astype("float32")
    costs = []
    for contrast in (1.0, 0.25):
        image, flat = 2 * contrast * pattern - 1, np.full_like(pattern, 2 * contrast * pattern.mean() - 1)
        costs.append([np.abs(image - flat).mean(), 1.0 - float(structural_similarity(image, flat)[0])])
    assert costs[1][0] == pytest.approx(0.25 * costs[0][0], rel=1e-4) and costs[1][1] > 0.8 * costs[0][1]


def features():
    inputs = keras.Input((6, 6, 3))
    return keras.Model(inputs, keras.layers.AveragePooling2D(2)(inputs))


def test_features_cost_their_error_as_a_share_of_the_real_ones():
    network = features()
    pooled = [network(images).numpy() for images in (REAL, MADE)]
    share = np.abs(pooled[0] - pooled[1]).mean((1, 2, 3)) / np.abs(pooled[0]).mean()
    weights = {"edge_weight": 0.0, "structure_weight": 0.0, "feature_weight": 2.0}
    loss = PixelsAndEdges(features=network, **weights).loss(REAL, MADE)
    np.testing.assert_allclose(loss, np.abs(REAL - MADE).mean((1, 2, 3)) + 2.0 * share, rtol=1e-4)


def test_it_survives_its_config():
    loss = PixelsAndEdges(edge_weight=0.5, features=features(), feature_weight=2.0, structure_weight=0.0)
    again = PixelsAndEdges.from_config(loss.get_config())
    np.testing.assert_array_equal(again.loss(REAL, MADE), loss.loss(REAL, MADE))
    config = PixelsAndEdges(0.5, structure_weight=0.25, worst_weight=0.75).get_config()
    assert PixelsAndEdges.from_config(config).features is None
    assert PixelsAndEdges.from_config(config).structure_weight == 0.25
    assert PixelsAndEdges.from_config(config).worst_weight == 0.75
    assert PixelsAndEdges.from_config({**config, "structure_weight": 0.0}).structure_weight == 0.0
    earlier = {name: value for name, value in config.items() if name != "structure_weight"}
    assert PixelsAndEdges.from_config(earlier).structure_weight == 0.0  # trained without, they go on without


def test_features_must_be_a_layer():
    with pytest.raises(checks.UserError, match="Wrap a function"):
        PixelsAndEdges(features=lambda images: images)

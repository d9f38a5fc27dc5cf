import numpy as np
import pytest
from scipy import ndimage, stats

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.edge_similarity import edge_magnitude, edge_similarity

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 12, 10, 3)).astype(np.uint8)
OTHERS = RNG.integers(0, 256, (4, 12, 10, 3)).astype(np.uint8)


def scipy_magnitude(image):
    grey = image.astype(float) @ [0.299, 0.587, 0.114]
    return np.hypot(ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1))


def test_magnitude_equals_scipy():
    magnitude = edge_magnitude(IMAGES)
    assert magnitude.shape == (4, 12, 10) and magnitude.dtype == np.float64
    np.testing.assert_allclose(magnitude, [scipy_magnitude(image) for image in IMAGES], rtol=1e-10, atol=1e-8)


def test_similarity_equals_the_correlation_of_scipy():
    expected = [
        stats.pearsonr(scipy_magnitude(a).ravel(), scipy_magnitude(b).ravel()).statistic
        for a, b in zip(IMAGES, OTHERS, strict=True)
    ]
    np.testing.assert_allclose(edge_similarity(IMAGES, OTHERS), expected, rtol=1e-10)


def test_contrast_and_brightness_do_not_count_but_place_does():
    soft = (IMAGES // 4 * 2 + 60).astype(np.uint8)
    assert edge_similarity(IMAGES, soft).min() > 0.98
    np.testing.assert_allclose(edge_similarity(IMAGES, IMAGES), 1.0)
    assert edge_similarity(IMAGES, np.roll(IMAGES, 3, axis=2)).max() < 0.5


def test_images_without_edges():
    flat = np.full_like(IMAGES, 90)
    assert edge_similarity(flat, flat).tolist() == [1.0] * 4
    assert edge_similarity(flat, IMAGES).tolist() == [0.0] * 4


def test_grey_is_compared_with_rgb():
    grey = IMAGES[..., :1]
    np.testing.assert_allclose(edge_similarity(grey, np.repeat(grey, 3, axis=-1)), 1.0)


def test_other_shapes_are_refused():
    with pytest.raises(checks.UserError, match=r"`others.shape` must be \(4, 12, 10, 3\), as of the images"):
        edge_similarity(IMAGES, OTHERS[:2])

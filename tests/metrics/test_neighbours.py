import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.neighbours import block_means, nearest_in_features, nearest_in_pixels


def smooth_images(count, size=32, channels=3, seed=0):
    """Random smooth images: their block means tell them apart, as those of real images do."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, channels))
    return np.kron(coarse, np.ones((1, size // 4, size // 4, 1))).astype(np.uint8)


def slow(train, images, alone=False):
    """(index, distance, mirrored) by comparing every pair in full."""
    pool = np.concatenate([train, train[:, :, ::-1]]).astype(np.float64)
    gaps = np.stack([np.abs(pool - image.astype(np.float64)).mean(axis=(1, 2, 3)) for image in images])
    if alone:
        for row in range(len(train)):
            gaps[row, [row, len(train) + row]] = np.inf
    best = gaps.argmin(axis=1)
    return best % len(train), gaps.min(axis=1), best >= len(train)


def assert_same(nearest, expected):
    np.testing.assert_array_equal(nearest.index, expected[0])
    np.testing.assert_allclose(nearest.distance, expected[1], rtol=1e-12)
    np.testing.assert_array_equal(nearest.mirrored, expected[2])


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_equal_comparing_every_pair(size, channels):
    generator = np.random.default_rng(1)
    train = smooth_images(40, size, channels)
    noise = generator.integers(-30, 31, (20, size, size, channels))
    images = np.clip(train[generator.permutation(40)[:20]].astype(int) + noise, 0, 255).astype(np.uint8)
    images[::2] = images[::2, :, ::-1]
    images[3] = generator.integers(0, 256, images[3].shape)  # like none of them
    nearest = nearest_in_pixels(train, images)
    assert nearest.index.dtype == np.int64 and nearest.distance.dtype == np.float64 and nearest.mirrored.dtype == bool
    assert_same(nearest, slow(train, images))


def test_pixels_of_a_size_that_no_grid_divides_are_compared_too():
    generator = np.random.default_rng(2)
    train, images = (generator.integers(0, 256, (n, 5, 9, 3)).astype(np.uint8) for n in (12, 7))
    assert_same(nearest_in_pixels(train, images), slow(train, images))


def test_pixels_of_the_set_against_itself_leave_out_each_image_and_its_mirror_image():
    train = smooth_images(30)
    train[4] = np.maximum(train[4], train[4][:, ::-1])  # its own mirror image
    train[9] = train[7][:, ::-1]
    nearest = nearest_in_pixels(train)
    assert_same(nearest, slow(train, train, alone=True))
    assert nearest.distance[4] > 1
    assert (nearest.index[9], nearest.distance[9], nearest.mirrored[9]) == (7, 0, True)


def test_pixels_do_not_wrap_around_at_256():
    white, grey = np.full((1, 8, 8, 3), 250, np.uint8), np.full((1, 8, 8, 3), 252, np.uint8)
    assert nearest_in_pixels(white, grey).distance[0] == nearest_in_pixels(grey, white).distance[0] == 2
    assert (white - grey).mean() == 254  # the wrong variant subtracts in uint8


def test_tie_goes_to_the_image_as_it_is():
    train = np.zeros((2, 8, 8, 1), np.uint8)
    nearest = nearest_in_pixels(train, train)
    assert not nearest.mirrored.any() and (nearest.index == 0).all()


def test_difference_of_block_means_never_exceeds_that_of_pixels():
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (6, 16, 32, 3)).astype(np.uint8)
    means = block_means(images, 8)
    np.testing.assert_allclose(means[2, 1, 3], images[2, 2:4, 12:16].mean(axis=(0, 1)), rtol=1e-6)
    coarse = np.abs(means[:3] - means[3:]).mean(axis=(1, 2, 3))
    assert (coarse <= np.abs(images[:3].astype(float) - images[3:]).mean(axis=(1, 2, 3))).all()


def test_features_equal_sklearn():
    generator = np.random.default_rng(4)
    train, mirrored, other = (generator.normal(size=(n, 6)).astype(np.float32) for n in (300, 300, 280))
    nearest = nearest_in_features(train, other, mirrored)
    pool = np.concatenate([train, mirrored]).astype(np.float64)
    distance, index = NearestNeighbors(n_neighbors=1).fit(pool).kneighbors(other.astype(np.float64))
    np.testing.assert_allclose(nearest.distance, distance[:, 0])
    np.testing.assert_array_equal(nearest.index, index[:, 0] % 300)
    np.testing.assert_array_equal(nearest.mirrored, index[:, 0] >= 300)
    assert not nearest_in_features(train, other).mirrored.any()


def test_features_of_a_copy_are_exactly_0_away_however_long_they_are():
    train = np.random.default_rng(6).normal(size=(50, 40)) * 1e-3 + 1e3
    nearest = nearest_in_features(train, train[10:20])
    np.testing.assert_array_equal(nearest.index, np.arange(10, 20))
    np.testing.assert_array_equal(nearest.distance, 0)
    lengths = (train**2).sum(axis=1)
    rounded = lengths[:, None] + lengths - 2 * train @ train.T  # the wrong variant trusts the products
    assert np.abs(np.diag(rounded)).max() > 1e-9


def test_features_of_the_set_against_itself_leave_out_each_image_and_its_mirror_image():
    train = np.float64([[0], [1], [5], [5]])
    nearest = nearest_in_features(train, None, mirrored_features=train)
    np.testing.assert_array_equal(nearest.distance, [1, 1, 0, 0])
    np.testing.assert_array_equal(nearest.index, [1, 0, 3, 2])
    large = np.random.default_rng(5).normal(size=(300, 4))
    expected = NearestNeighbors(n_neighbors=1).fit(large).kneighbors()[0][:, 0]  # no argument: itself left out
    np.testing.assert_allclose(nearest_in_features(large, None).distance, expected)


def test_arrays_that_do_not_belong_together_are_refused():
    train = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(UserError, match=r"`images` must be uint8 \[N, H, W, C\], N at least 1. Received.*float64"):
        nearest_in_pixels(train, train / 255)
    with pytest.raises(UserError, match=r"`images.shape\[1:\]` must be \(8, 8, 3\), as of the training images.*Resize"):
        nearest_in_pixels(train, train[:, :4])
    with pytest.raises(UserError, match=r"`train_images` must be uint8 \[N, H, W, C\], N at least 2"):
        nearest_in_pixels(train[:1])
    with pytest.raises(UserError, match=r"`mirrored_features.shape` must be \(3, 2\). Received.*flipped"):
        nearest_in_features(np.ones((3, 2)), np.ones((1, 2)), np.ones((2, 2)))
    with pytest.raises(UserError, match=r"`features.shape\[1\]` must be 2"):
        nearest_in_features(np.ones((3, 2)), np.ones((1, 3)))
    with pytest.raises(UserError, match=r"`len\(train_features\)` must be at least 2"):
        nearest_in_features(np.ones((1, 2)), None)

import numpy as np

from keras_transfer_gen.data import near_duplicates
from keras_transfer_gen.data.near_duplicates import group_alike

RNG = np.random.default_rng(0)
MOTIFS = RNG.integers(0, 256, (10, 8, 8, 3)).repeat(4, 1).repeat(4, 2)


def variants(noise=8):
    """Three variants of each of ten motifs, the third one mirrored: int `[30, 32, 32, 3]`."""
    many = np.concatenate([MOTIFS, MOTIFS, MOTIFS[:, :, ::-1]])
    return np.clip(many + RNG.integers(-noise, noise + 1, many.shape), 0, 255).astype(np.uint8)


def test_variants_of_a_motif_are_one_group_mirrored_too():
    groups = group_alike(variants())
    assert groups.dtype == np.int32 and groups.shape == (30,) and set(groups) == set(range(10))
    np.testing.assert_array_equal(groups[:10], groups[10:20])
    np.testing.assert_array_equal(groups[:10], groups[20:])


def test_grey_images_of_28_pixels_are_grouped():
    grey = np.concatenate([np.zeros((3, 28, 28, 1)), np.full((3, 28, 28, 1), 200)]).astype(np.uint8)
    assert group_alike(grey).tolist() == [0, 0, 0, 1, 1, 1]


def test_few_and_too_many_images_are_groups_of_their_own(monkeypatch):
    images = variants()
    assert group_alike(images[:3]).tolist() == [0, 1, 2]
    monkeypatch.setattr(near_duplicates, "MOST_IMAGES", 20)
    assert group_alike(images).tolist() == list(range(30))


def test_distance_is_to_the_nearer_of_image_and_mirror_image():
    small = RNG.random((4, 5, 5, 1)).astype(np.float32)
    distances = near_duplicates._distances(small)
    for i in range(4):
        for j in range(4):
            straight, mirrored = (np.linalg.norm(small[i] - other) for other in (small[j], small[j][:, ::-1]))
            expected = 0.0 if i == j else min(straight, mirrored)
            np.testing.assert_allclose(distances[i, j], expected, atol=1e-5)


def test_copies_of_another_size_or_compression_are_the_same_image():
    motifs = RNG.integers(0, 256, (20, 16, 16, 3), np.uint8)
    noisy = np.clip(motifs[:5].astype(int) + RNG.integers(-8, 9, (5, 16, 16, 3)), 0, 255).astype(np.uint8)
    areas = [100] * 20 + [50, 100, 200, 50, 50]
    stands_for = near_duplicates.near_identical(np.concatenate([motifs, noisy]), areas)
    assert stands_for.tolist() == [0, 1, 22, *range(3, 20), 0, 1, 22, 3, 4]


def test_a_small_change_is_another_image():
    motif = np.full((16, 16, 3), 100, np.uint8)
    changed = motif.copy()
    changed[3, 3] = 140  # an eye that is closed
    assert near_duplicates.near_identical(np.stack([motif, changed, motif]), [1, 1, 1]).tolist() == [0, 1, 0]

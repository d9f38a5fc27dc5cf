import numpy as np
import pytest

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.near_copies import find_copies, neighbour_grid, neighbour_sheet


@pytest.mark.usefixtures("quick_scores")
def test_mirrored_copies_are_found_beside_new_images(sample_images):
    reference = kid_protocol.make_reference(sample_images, "discs")
    noise = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    generated = np.concatenate([sample_images[:4, :, ::-1], noise])
    copies, nearest = find_copies(generated, extract_features(generated), reference)
    assert copies.near_copy_share == 0.5 and nearest.shape == generated.shape
    assert np.array_equal(nearest[:4], generated[:4])


def test_neighbour_grid_shows_the_likeliest_copies_first(sample_images):
    generated = np.concatenate([255 - sample_images[:11], sample_images[11:]])
    sheet = neighbour_grid(generated, sample_images, num=4, columns=2)
    assert sheet.shape == (2 * 36, 2 * 68, 3) and sheet.dtype == np.uint8
    assert np.array_equal(sheet[2:34, 2:34], sample_images[11]) and np.array_equal(
        sheet[2:34, 34:66], sample_images[11]
    )


def test_neighbour_sheet_says_which_is_which(sample_images):
    grid, sheet = (draw(sample_images, sample_images) for draw in (neighbour_grid, neighbour_sheet))
    assert np.array_equal(sheet[-grid.shape[0] :, : grid.shape[1]], grid)
    above = sheet[: -grid.shape[0]]
    assert above.shape[0] == 24 and above.min() < 64 and np.mean(above == 255) > 0.8

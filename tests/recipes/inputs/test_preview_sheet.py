import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.inputs.preview_sheet import preview_sheet


def test_each_image_stands_beside_its_augmented_versions(sample_images):
    sheet = preview_sheet(sample_images)
    assert sheet.shape == (8 * 32, 6 * 32, 3) and sheet.dtype == np.uint8
    cells = sheet.reshape(8, 32, 6, 32, 3).transpose(0, 2, 1, 3, 4)
    np.testing.assert_array_equal(cells[0, 0], sample_images[0])
    np.testing.assert_array_equal(cells[-1, 0], sample_images[-1])
    assert all((cells[0, version] != sample_images[0]).any() for version in range(1, 6))
    np.testing.assert_array_equal(sheet, preview_sheet(sample_images))


def test_none_shows_the_images_alone_and_unknown_names_are_refused(sample_images):
    assert preview_sheet(sample_images[:2, :, :, :1], "none").shape == (64, 32, 1)
    with pytest.raises(checks.UserError, match="`augment` must be"):
        preview_sheet(sample_images, "adam")

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.latent_tools.reconstruct import reconstruct
from keras_transfer_gen.recipes.models.load_vae import load_vae


def test_images_sheet_and_numbers_belong_together(vae_file, image_folder, sample_images, tmp_path):
    result = reconstruct(vae_file, image_folder, tmp_path / "made", grid=tmp_path / "sheet.png")
    expected = load_vae(vae_file).reconstruct(sample_images)
    np.testing.assert_array_equal(result.images, expected)
    np.testing.assert_array_equal(read_images(tmp_path / "made", 32).images, expected)
    assert result.mean_levels == pytest.approx(np.abs(expected.astype(float) - sample_images).mean())
    assert result.edge_similarity == pytest.approx(edge_similarity(sample_images, expected).mean())
    assert result.to_dict() == {
        "num": 12, "edge_similarity": result.edge_similarity, "mean_levels": result.mean_levels
    }  # fmt: skip
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * 4 * 32 + 24, 3 * 32 + 24)


def test_nothing_is_written_unless_asked_for(vae_file, sample_images, tmp_path):
    assert reconstruct(load_vae(vae_file), sample_images[:2]).images.shape == (2, 32, 32, 3)
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_checked_before_anything_is_read(tmp_path):
    with pytest.raises(checks.UserError, match="`grid` must be a file outside --out"):
        reconstruct("no_model", "no_images", tmp_path / "made", grid=tmp_path / "made" / "sheet.png")

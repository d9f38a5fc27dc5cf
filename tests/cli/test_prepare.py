import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.inputs import subjects


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for number, tiles in enumerate(np.random.default_rng(0).integers(0, 256, (10, 2, 2, 3), np.uint8)):
        Image.fromarray(tiles).resize((40, 30)).save(tmp_path / f"photos/{number}.png")
    return tmp_path / "photos"


def test_images_are_prepared_for_init(ktg, ktg_json, photos, tmp_path):
    result = ktg("data", "prepare", photos, "--out", tmp_path / "out", "--split", "0.2", "--image-size", 32)
    assert result.exit_code == 0, result.stderr
    assert "to score against in reference" in result.stdout
    with Image.open(tmp_path / "out/preview.png") as sheet:
        assert sheet.size == (6 * 32, 8 * 32)
    prepared = ktg_json("data", "prepare", photos, "--out", tmp_path / "two", "--augment", "none")
    assert (prepared["train"], prepared["reference"], prepared["enlarged"]) == (10, 0, 10)
    result = ktg("init", tmp_path / "out", "--yes", "--out", tmp_path / "run.yaml")
    text = (tmp_path / "run.yaml").read_text()
    assert result.exit_code == 0 and f'reference: "{tmp_path / "out" / "reference"}"' in text


def test_mistakes_end_with_2(refused, photos, tmp_path, monkeypatch):
    assert "`split` must be" in refused("data", "prepare", photos, "--out", tmp_path / "out", "--split", "2")
    monkeypatch.setattr(subjects, "MODULE", "nowhere_to_be_found")
    line = refused("data", "prepare", photos, "--out", tmp_path / "out", "--crop", "faces")
    assert "pip install 'keras-transfer-gen[prepare]'" in line and not (tmp_path / "out").exists()

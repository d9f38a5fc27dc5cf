import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity, probe_latents, run_tflite
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.recipes.export import FORMATS, export_saved_model, export_tflite
from keras_transfer_gen.recipes.load import load_gan


@pytest.fixture(scope="module")
def gan(source_file):
    """Its averaged generator differs from the one in training, so that the wrong one would be noticed."""
    gan = load_gan(source_file)
    gan.generator.set_weights([np.zeros_like(value) for value in gan.generator.get_weights()])
    return gan


def test_saved_model_is_the_averaged_generator(gan, tmp_path):
    path = export_saved_model(gan, tmp_path / "1", card="# card")
    generate, spec = read_saved_model(path)
    assert spec == gan.spec and (path / "assets.extra" / "README.md").read_text() == "# card"
    check_parity(gan.ema_generator(probe_latents(16)), generate(probe_latents(16)), 0.1)


def test_tflite_is_the_averaged_generator_at_the_batch_size_asked_for(gan, tmp_path):
    path = export_tflite(gan, tmp_path / "a.tflite", batch_size=3)
    made = run_tflite(path, probe_latents(16))
    assert check_parity(gan.ema_generator(probe_latents(16)), made).max_levels < 0.1


def test_models_go_by_name_too(source_file, tmp_path):
    export_tflite(source_file, tmp_path / "a.tflite")
    export_saved_model(str(source_file), tmp_path / "1")
    assert (tmp_path / "a.tflite").is_file() and (tmp_path / "1" / "saved_model.pb").is_file()
    assert list(FORMATS) == ["saved_model", "tflite"]
    for export in FORMATS.values():
        with pytest.raises(checks.UserFileError, match="`model` must be a preset"):
            export("nowhere", tmp_path / "b")

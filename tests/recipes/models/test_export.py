import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.recipes.models.export import FORMATS, export_saved_model, export_tflite
from keras_transfer_gen.recipes.models.load import load_gan, load_generator
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import made


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


def test_generators_of_others_go_as_a_pair_or_by_name_with_what_is_said_of_them(tmp_path):
    source, overrides = made("painters")[0] / "plain", SpecOverrides(latent_distribution="uniform")
    pair = load_generator(source, overrides=overrides)
    for number, given in enumerate((pair, source), start=1):
        path = export_saved_model(given, tmp_path / str(number), overrides=overrides if number == 2 else None)
        generate, spec = read_saved_model(path)
        assert (spec.distribution, spec.image_size, spec.latent_dim) == ("uniform", 8, 6)
        check_parity(pair[0](probe_latents(6)), generate(probe_latents(6)), 0.1)
    with pytest.raises(checks.UserError, match="`latent_dim` must be 6"):
        export_tflite(source, tmp_path / "a.tflite", overrides=SpecOverrides(latent_dim=5))

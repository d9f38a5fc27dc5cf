import sys
from pathlib import Path

import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.blended.known import blend_layer, known_images
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def script():
    return import_script(SCRIPTS, "learn_larger_images")


def run(script, monkeypatch, folder, out, kimg):
    options = ["--source", folder / "gan.keras", "--data", folder / "images", "--out", out]
    options += ["--kimg", kimg, "--every", 0.2, "--batch-size", 8, "--learning-rate", 2e-3]
    monkeypatch.setattr(sys, "argv", ["learn_larger_images.py", *(str(option) for option in options)])
    script.main()
    return ktg.load_gan(out / "start.keras")


def test_known_images_get_details_and_a_run_goes_on(script, monkeypatch, folder, tmp_path, capsys):
    source = ktg.load_gan(folder / "gan.keras")
    gan = run(script, monkeypatch, folder, tmp_path, 0.8)
    real = np.asarray(read_images(folder / "images", 64, labels="folders").images)
    enlarged = known_images(ktg.grow_gan(source, 64).generator)
    assert script.psnr(real, known_images(gan.generator)) > script.psnr(real, enlarged) + 3
    np.testing.assert_array_equal(known_images(gan.ema_generator), known_images(gan.generator))
    np.testing.assert_array_equal(blend_layer(gan.generator).tokens, blend_layer(source.generator).tokens)
    assert gan.spec.image_size == 64 and gan.spec.class_names == ["cats", "dogs"]
    assert gan.discriminator.input_shape[0][1] == 64 and gan.generate(3, label="dogs").shape == (3, 64, 64, 3)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0.2", "0.4", "0.6", "0.8"]
    run(script, monkeypatch, folder, tmp_path, 1.0)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1.0"]


def test_other_images_than_the_source_knows_are_refused(script, monkeypatch, folder, tmp_path):
    (extra := folder / "images" / "dogs" / "more.png").write_bytes((folder / "images" / "dogs" / "0.png").read_bytes())
    with pytest.raises(SystemExit, match="10 images"):
        run(script, monkeypatch, folder, tmp_path, 0.2)
    extra.unlink()

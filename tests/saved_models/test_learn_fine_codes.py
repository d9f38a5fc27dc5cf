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
    return import_script(SCRIPTS, "learn_fine_codes")


def run(script, monkeypatch, folder, out, kimg, source=None):
    options = ["--source", source] if source else ["--source", folder / "gan.keras", "--vq", folder / "vq.keras"]
    options += ["--data", folder / "images"]
    options += ["--out", out, "--kimg", kimg, "--every", 0.2, "--batch-size", 8, "--codes", 16, "--code-dim", 4]
    monkeypatch.setattr(sys, "argv", ["learn_fine_codes.py", *(str(option) for option in options)])
    script.main()
    return ktg.load_gan(out / "start.keras")


def test_known_images_are_nearer_to_the_real_ones_and_a_run_goes_on(script, monkeypatch, folder, tmp_path, capsys):
    source = ktg.load_gan(folder / "gan.keras")
    gan = run(script, monkeypatch, folder, tmp_path, 0.8)
    real = np.asarray(read_images(folder / "images", 32, labels="folders").images)
    assert script.psnr(real, known_images(gan.generator)) > script.psnr(real, known_images(source.generator)) + 3
    np.testing.assert_array_equal(blend_layer(gan.generator).tokens, blend_layer(source.generator).tokens)
    for new, old in zip(gan.discriminator.get_weights(), source.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert gan.spec.class_names == ["cats", "dogs"] and gan.generate(3, label="dogs").shape == (3, 32, 32, 3)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0.2", "0.4", "0.6", "0.8"]
    run(script, monkeypatch, folder, tmp_path, 1.0)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1.0"]


def test_finest_grid_is_added_to_those_before(script, monkeypatch, folder, tmp_path):
    before = run(script, monkeypatch, folder, tmp_path / "second", 0.4)
    after = run(script, monkeypatch, folder, tmp_path / "third", 0.4, tmp_path / "second" / "start.keras")
    real = np.asarray(read_images(folder / "images", 32, labels="folders").images)
    assert script.psnr(real, known_images(after.generator)) > script.psnr(real, known_images(before.generator)) + 1
    assert [grid[1:3] for grid in blend_layer(after.generator).fine] == [(8, 8), (16, 16)]
    for number, tokens in enumerate(blend_layer(before.generator).fine_tokens):
        np.testing.assert_array_equal(blend_layer(after.generator).fine_tokens[number], tokens)
    assert np.ptp(blend_layer(after.generator).fine_tokens[-1]) > 0
    assert blend_layer(after.generator).fine_sharpness == 4.0


def test_other_images_than_the_source_knows_are_refused(script, monkeypatch, folder, tmp_path):
    (extra := folder / "images" / "dogs" / "more.png").write_bytes((folder / "images" / "dogs" / "0.png").read_bytes())
    with pytest.raises(SystemExit, match="10 images"):
        run(script, monkeypatch, folder, tmp_path, 0.2)
    extra.unlink()

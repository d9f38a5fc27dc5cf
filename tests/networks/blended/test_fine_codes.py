import keras
import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.networks.blended.fine_codes import FineCodes, add_fine_codes
from keras_transfer_gen.networks.blended.known import blend_layer
from tests.blended_fixtures import (
    LATENT_DIM,
    blend_by_numpy,
    blended_gan,
    fine_generator,
    random_fine_codes,
    token_decoder_generator,
)

LATENTS = np.random.default_rng(2).normal(size=(7, LATENT_DIM)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])
INPUTS = {"latents": LATENTS, "labels": LABELS}


def finest_generator(**options):
    """`fine_generator` with a third grid, `[32, 32, 2]`, by chance."""
    generator = fine_generator(**options)
    return add_fine_codes(generator, random_fine_codes(generator, 32, "from_fine_codes_32"))


@pytest.mark.parametrize("fine_sharpness", [1.0, 4.0, 0.5])
def test_finer_grids_are_blended_with_powers_of_the_weights_of_the_first(fine_sharpness):
    blend = blend_layer(finest_generator(neighbours=3))
    blend.fine_sharpness = fine_sharpness
    grids = [np.asarray(grid) for grid in blend([LATENTS, LABELS])]
    np.testing.assert_allclose(grids[0], blend_by_numpy(blend, LATENTS, LABELS), atol=1e-5)
    tokens = [part.numpy() for part in blend.fine_tokens]
    blend.codes.assign(np.eye(36, 3, dtype=np.float32))  # so that grids tell the weights: see below
    weights = np.zeros((len(LATENTS), 18))
    for number in range(18):
        blend.tokens.assign(np.where(np.arange(18) == number, 0, 35)[:, np.newaxis].repeat(128, axis=1))
        weights[:, number] = blend([LATENTS, LABELS])[0][:, 0, 0, 0] / 2  # two levels
    assert [grid.shape[1:] for grid in grids] == [(8, 8, 3), (16, 16, 2), (32, 32, 2)]
    weights = weights**fine_sharpness / np.sum(weights**fine_sharpness, axis=1, keepdims=True)
    for grid, codes, part in zip(grids[1:], blend.fine_codes, tokens, strict=True):
        expected = np.tensordot(weights, codes.numpy()[part], axes=1)
        np.testing.assert_allclose(grid.reshape(expected.shape), expected, atol=1e-5)
        assert np.ptp(expected, axis=0).max() > 0.1


def test_finer_grids_are_added_to_features_of_their_size():
    plain, finest = token_decoder_generator(), finest_generator()
    blend = blend_layer(finest)
    assert [variable.name for variable in blend.trainable_variables] == ["codes", "fine_codes", "fine_codes_1"]
    assert finest.name == plain.name and {layer.name for layer in plain.layers} < {
        layer.name for layer in finest.layers
    }
    assert np.abs(finest(INPUTS) - fine_generator()(INPUTS)).max() > 0.01
    for codes in blend.fine_codes:
        codes.assign(np.zeros((20, 2)))
    for layer in finest.layers:
        if layer.name.startswith("from_fine_codes"):
            layer.bias.assign(np.zeros(layer.bias.shape))
    np.testing.assert_allclose(finest(INPUTS), plain(INPUTS), atol=1e-6)


def test_saved_and_converted_generators_give_the_same_images(tmp_path):
    gan = blended_gan(finest_generator())
    gan.save(tmp_path / "gan.keras")
    again = ktg.load_gan(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(5, seed=3), gan.generate(5, seed=3))
    ktg.export_tflite(gan, tmp_path / "gan.tflite")
    images = run_tflite(tmp_path / "gan.tflite", LATENTS[:2], np.array([1, 2]))
    expected = np.asarray(gan.ema_generator({"latents": LATENTS[:2], "labels": np.array([1, 2])}))
    np.testing.assert_allclose(images, expected, atol=1e-3)


def test_grid_that_fits_no_features_is_refused():
    layer = keras.layers.Conv2D(5, 1, name="from_fine_codes")
    layer.build((None, 16, 16, 2))
    fine = FineCodes(np.zeros((4, 2), np.float32), np.zeros((18, 16, 16), int), layer)
    with pytest.raises(ktg.UserError, match="16, 16, 5"):
        add_fine_codes(token_decoder_generator(), fine)

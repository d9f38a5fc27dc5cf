import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.networks.latents.latent_mixture import (
    NAME,
    LatentMixture,
    draws_from_mixture,
    insert_latent_mixture,
)

RNG = np.random.default_rng(0)
CENTRES = RNG.standard_normal((5, 16)).astype(np.float32)
LATENTS = RNG.standard_normal((200, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def generator():
    return build_dcgan_generator(32, latent_dim=16, max_channels=16, min_channels=8)


@pytest.fixture(scope="module")
def mixed(generator):
    return insert_latent_mixture(generator, CENTRES, spread=0.4, seed=3)


def test_layer_equals_numpy(mixed):
    layer = mixed.get_layer(NAME)
    directions = layer.directions.numpy()
    nearest = np.argmax(LATENTS @ directions, axis=1)
    expected = np.sqrt(1 - 0.4**2) * CENTRES[nearest] + 0.4 * LATENTS
    found = layer(LATENTS).numpy()
    assert found.dtype == np.float32 and found.shape == (200, 16)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(set(nearest)) == 5  # every centre is used
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1.0, rtol=1e-3)
    assert (directions == directions.astype(np.float16)).all()  # exact in files with float16 weights


def test_a_single_centre_and_full_spread_leave_standard_latents():
    layer = LatentMixture(1, spread=1.0)
    np.testing.assert_allclose(layer(LATENTS).numpy(), LATENTS, atol=1e-7)


def test_images_are_those_of_the_mixed_latents(generator, mixed):
    moved = mixed.get_layer(NAME)(LATENTS[:8])
    np.testing.assert_allclose(mixed(LATENTS[:8]).numpy(), generator(moved).numpy(), atol=1e-6)
    assert not np.allclose(mixed(LATENTS[:8]).numpy(), generator(LATENTS[:8]).numpy(), atol=1e-2)


def test_layers_keep_names_and_weights_and_the_generator_is_untouched(generator, mixed):
    assert [layer.name for layer in mixed.layers if layer.name != NAME] == [layer.name for layer in generator.layers]
    assert draws_from_mixture(mixed) and not draws_from_mixture(generator)
    for layer in generator.layers:
        for before, after in zip(layer.get_weights(), mixed.get_layer(layer.name).get_weights(), strict=True):
            assert (before == after).all()


def test_saved_and_loaded_is_the_same(mixed, tmp_path):
    mixed.save(tmp_path / "mixed.keras")
    loaded = keras.models.load_model(tmp_path / "mixed.keras")
    assert (loaded(LATENTS[:4]).numpy() == mixed(LATENTS[:4]).numpy()).all()


def test_directions_depend_on_the_seed_alone(generator, mixed):
    again = insert_latent_mixture(generator, CENTRES, spread=0.4, seed=3).get_layer(NAME)
    other = insert_latent_mixture(generator, CENTRES, spread=0.4, seed=4).get_layer(NAME)
    assert (again.directions.numpy() == mixed.get_layer(NAME).directions.numpy()).all()
    assert (again.directions.numpy() != other.directions.numpy()).any()


@pytest.mark.parametrize("centres", [np.zeros((0, 16)), np.zeros((3, 15)), np.zeros(16)])
def test_centres_that_do_not_fit_are_refused(generator, centres):
    with pytest.raises(checks.UserError, match=r"`centres` must be an array \[K, 16\]"):
        insert_latent_mixture(generator, centres)


def test_a_second_mixture_is_refused(mixed):
    with pytest.raises(checks.UserError, match="one without a latent mixture"):
        insert_latent_mixture(mixed, CENTRES)


@pytest.mark.parametrize(
    "settings", [{"components": 0}, {"components": 3, "spread": 0.0}, {"components": 3, "spread": 2}]
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(checks.UserError, match="`(components|spread)` must be"):
        LatentMixture(**settings)

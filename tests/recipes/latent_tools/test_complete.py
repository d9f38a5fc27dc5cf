import numpy as np
import pytest

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.latent_tools import complete as recipe


@pytest.mark.parametrize("keep", ["top", "bottom", "left"])
def test_what_is_kept_stays_and_the_rest_is_drawn(vq, sample_images, keep):
    result = recipe.complete(vq, sample_images, keep, seed=1)
    mask = recipe.read_mask(keep, vq.spec)
    np.testing.assert_array_equal(result.images[:, mask], sample_images[:, mask])
    assert result.kept == 0.5 and (result.images[:, ~mask] != sample_images[:, ~mask]).mean() > 0.1
    again = recipe.complete(vq, sample_images[:3], keep, seed=2)
    assert not np.array_equal(again.images, result.images[:3])


def test_of_several_draws_the_one_that_fits_what_comes_later_is_taken(vq, sample_images):
    tokens = vq.encode(sample_images[:4])
    kept = np.zeros((4, 4), bool)
    kept[2:] = True
    best = recipe.fitting_draws(vq, tokens, kept, seed=0)
    np.testing.assert_array_equal(best[:, kept], tokens[:, kept])
    vq.prior.temperature = 0.5
    cold = recipe.fitting_draws(vq, tokens, kept, seed=0)
    np.testing.assert_array_equal(recipe.fitting_draws(vq, tokens, kept, seed=0, temperature=1.0), best)
    assert not np.array_equal(cold, best)
    vq.prior.temperature = 1.0
    nats = recipe.kept_nats(vq, best, kept)
    for turn in range(recipe.TRIES):
        other = vq.prior.draw(4, 0, start=4 * turn, known=tokens, keep=kept[None])
        assert (nats <= recipe.kept_nats(vq, other, kept) + 1e-4).all()


def test_a_mask_is_an_image_that_is_white_where_pixels_stay(vq, tmp_path):
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :12] = 255
    (tmp_path / "mask.png").write_bytes(pixels.to_png(image))
    mask = recipe.read_mask(tmp_path / "mask.png", vq.spec)
    assert mask[:, :12].all() and not mask[:, 12:].any()
    assert recipe.kept_tokens(mask, (4, 4)).tolist() == [[True, False, False, False]] * 4  # 8 of 12 pixels are whole
    for wrong, text in ((255, "keeps all"), (0, "keeps nothing")):
        (tmp_path / "flat.png").write_bytes(pixels.to_png(np.full((32, 32, 3), wrong, np.uint8)))
        with pytest.raises(checks.UserError, match=text):
            recipe.read_mask(tmp_path / "flat.png", vq.spec)
    with pytest.raises(checks.UserError, match="--keep top"):
        recipe.read_mask("middle", vq.spec)


def test_a_model_without_tokens_is_refused(vae_file, sample_images):
    with pytest.raises(checks.UserError, match="VQVAE with a prior"):
        recipe.complete(vae_file, sample_images, "top")

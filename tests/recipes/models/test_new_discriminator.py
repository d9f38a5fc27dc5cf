import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.models import new_discriminator as module
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.new_discriminator import new_discriminator
from keras_transfer_gen.specs import ModelSpec


def test_new_discriminator_judges_as_the_presets_until_it_learns():
    spec = ModelSpec(image_size=64, channels=1, latent_dim=4)
    images = np.random.default_rng(2).uniform(-1, 1, (3, 64, 64, 1)).astype(np.float32)
    trained = without_lipschitz_bounded(load_gan(module.PRESET).discriminator)
    expected = trained(np.repeat(images, 3, axis=3)).numpy()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(new_discriminator(spec, "gan")(images), expected, atol=1e-4)


def test_without_the_preset_it_begins_with_random_weights_and_other_sizes_are_refused(monkeypatch):
    monkeypatch.setattr(module, "list_presets", list)
    discriminator = new_discriminator(ModelSpec(image_size=28, channels=1, latent_dim=4), "gan")
    assert discriminator.input_shape == (None, 28, 28, 1)
    with pytest.raises(checks.UserError, match="of 28, 32, .*Its images are 8 x 8 x 3.*`ktg generate`"):
        new_discriminator(ModelSpec(image_size=8, channels=3, latent_dim=4), "gan")

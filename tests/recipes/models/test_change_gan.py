import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.resampling import upsample
from keras_transfer_gen.recipes.models.change_gan import change_gan
from keras_transfer_gen.recipes.models.load import load_gan
from tests.stylegan2_fixtures import FOLDER

Z = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def gan():
    return load_gan(FOLDER / "ada_skip.pkl")


def test_larger_grey_gan_with_classes_begins_with_the_images_of_the_old_one(gan):
    changed, lines = change_gan(gan, image_size=32, channels=1, num_classes=2)
    images = changed({"latents": Z, "labels": np.int32([0, 1])})
    grey = np.mean(gan(Z), axis=-1, keepdims=True)
    np.testing.assert_allclose(images, upsample(grey), atol=1e-4)
    assert changed.discriminator({"images": images.numpy(), "labels": np.int32([0, 1])}).shape == (2, 1)
    assert (changed.spec.image_size, changed.spec.channels, changed.spec.num_classes) == (32, 1, 2)
    assert changed.spec.licence == gan.spec.licence
    kernels = [network.get_layer("block_32").conv1.kernel for network in (changed.generator, changed.ema_generator)]
    np.testing.assert_array_equal(*kernels)
    assert any(line.startswith("generator: new, with random numbers: ") for line in lines)
    assert any("average style was measured anew" in line for line in lines)


def test_other_architectures_are_refused(source_file):
    with pytest.raises(checks.UserError, match="`source` must be a StyleGAN2"):
        change_gan(load_gan(source_file), channels=1)

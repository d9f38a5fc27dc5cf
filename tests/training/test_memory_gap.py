import keras
import numpy as np
import pytest

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.memory_gap import mean_logit, memory_gap


@pytest.fixture(scope="module")
def gan():
    """A GAN whose discriminator's logit is the mean pixel in [-1, 1], from each of two heads."""
    generator, _ = build_dcgan(32, latent_dim=4, max_channels=4, min_channels=4)
    image = keras.Input((32, 32, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    head = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(1 / 3))
    return GAN(generator, keras.Model(image, [head(mean), head(mean)]))


def grey(level, count=3):
    return np.full((count, 32, 32, 3), level, np.uint8)


def test_gap_is_where_the_holdout_stands_between_generated_and_training_images(gan):
    assert mean_logit(gan, grey(255, 70)) == pytest.approx(1.0, abs=1e-5)
    assert memory_gap(gan, grey(200), grey(200), grey(100)) == pytest.approx(0.0, abs=1e-5)
    assert memory_gap(gan, grey(200), grey(100), grey(100)) == pytest.approx(1.0, abs=1e-5)
    assert memory_gap(gan, grey(200), grey(175), grey(100)) == pytest.approx(0.25, abs=1e-5)


def test_discriminator_that_tells_nothing_apart_has_no_gap(gan):
    assert memory_gap(gan, grey(100), grey(200), grey(100)) is None

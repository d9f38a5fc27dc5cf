import keras
import numpy as np

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.saved_models.refine_gan import refine_gan
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN


def test_refined_gan_draws_and_judges_as_the_other():
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(32, 1, 8, 16, 4), spec=ModelSpec(32, 1, 8, arch="dcgan"))
    refined = refine_gan(gan)
    images = gan.generate(5, seed=1)
    np.testing.assert_array_equal(refined.generate(5, seed=1), images)
    judged = np.float32(images) / 127.5 - 1
    np.testing.assert_array_equal(refined.discriminator(judged), gan.discriminator(judged))
    assert refined.spec.arch == "dcgan_refined"
    assert refined.generator.count_params() > gan.generator.count_params()
    assert refined.discriminator.count_params() > gan.discriminator.count_params()

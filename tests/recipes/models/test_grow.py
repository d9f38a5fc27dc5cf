import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.models.grow import grow_gan
from keras_transfer_gen.specs import ModelSpec


def test_grown_gan_begins_with_the_enlarged_images_of_the_averaged_generator(source_file):
    gan = ktg.load_gan(source_file)
    gan.generator.set_weights([0 * weight for weight in gan.generator.get_weights()])  # the averaged one counts
    grown = grow_gan(gan, 128)
    assert (grown.spec.image_size, grown.spec.arch, grown.spec.licence) == (128, "dcgan", "CC0-1.0")
    enlarged = gan.generate(2).repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_allclose(grown.generate(2), enlarged, atol=1)
    np.testing.assert_array_equal(grown.generate(2), grown.generate(2, average=False))
    assert grown.kimg == 0 and enlarged.std() > 0


@pytest.mark.parametrize(("size", "message"), [
    (96, r"`image_size` must be one of 64, 128, 256, 512.*generates 32 pixels.*--image-size"),
    (512, "`image_size` must be at most 256"),
    (64.5, "`image_size` must be an integer"),
])  # fmt: skip
def test_other_sizes_are_refused(source_file, size, message):
    with pytest.raises(UserError, match=message):
        grow_gan(ktg.load_gan(source_file), size)


def test_a_third_party_generator_can_not_grow(source_file):
    gan = ktg.load_gan(source_file)
    other = ktg.GAN(gan.generator, gan.discriminator, spec=ModelSpec(32, 3, 16))
    with pytest.raises(UserError, match="`source` must be a model of an architecture of this package.*can't grow"):
        grow_gan(other, 64)

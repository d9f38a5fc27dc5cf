import keras
import numpy as np

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training import trainable_flags


def test_flags_round_trip_onto_a_copy():
    generator, _ = build_dcgan(32, max_channels=8)
    generator.get_layer("block_8").norm.trainable = False
    generator.get_layer("to_image").bias.trainable = False
    copy = keras.models.clone_model(generator)
    assert trainable_flags.read_flags(copy) != trainable_flags.read_flags(generator)
    trainable_flags.write_flags(copy, trainable_flags.read_flags(generator))
    assert trainable_flags.read_flags(copy) == trainable_flags.read_flags(generator)
    assert [v.path for v in copy.trainable_variables] == [v.path for v in generator.trainable_variables]
    assert np.sum([not v.trainable for v in copy.get_layer("block_8").norm.variables]) == 4


class Pair:
    def __init__(self, generator, discriminator):
        self.roles = {"generator": generator, "discriminator": discriminator}


def test_flags_of_a_model_are_those_of_each_network():
    first, second = (Pair(*build_dcgan(32, max_channels=8)) for _ in range(2))
    first.roles["discriminator"].get_layer("logits").trainable = False
    trainable_flags.write_all(second, trainable_flags.read_all(first))
    assert not second.roles["discriminator"].get_layer("logits").trainable
    assert trainable_flags.read_all(second) == trainable_flags.read_all(first)

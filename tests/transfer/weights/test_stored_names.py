import h5py
import keras
import numpy as np

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan, build_dcgan_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.weights.read import read_weights
from keras_transfer_gen.transfer.weights.stored_names import stored_names


class Stack(keras.layers.Layer):
    """Layers in a list, and one weight of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = [keras.layers.Dense(3, name=f"dense_{n}") for n in range(2)]

    def build(self, input_shape):
        self.strength = self.add_weight(shape=(), name="strength")
        for dense in self.inner:
            dense.build((None, 3))

    def call(self, x):
        return self.inner[1](self.inner[0](x)) * self.strength


def nested_model():
    x = inputs = keras.Input((6, 6, 3))
    x = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3, name="inside"), name="conv")(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, name="dense")], name="sequence")(x)
    x = Stack(name="stack")(keras.layers.BatchNormalization(name="norm")(x))
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(x))


def test_names_are_those_of_the_file_with_the_same_values(tmp_path):
    for number, model in enumerate([nested_model(), build_dcgan_generator(32, max_channels=16)]):
        model.save_weights(tmp_path / f"{number}.weights.h5")
        stored, read = stored_names(model), read_weights(tmp_path / f"{number}.weights.h5")
        assert set(stored) == set(read)
        for name, variable in stored.items():
            np.testing.assert_array_equal(variable.numpy(), read[name])


def test_names_of_a_gan_start_with_its_networks():
    names = stored_names(GAN(*build_dcgan(32, max_channels=16, latent_dim=8)))
    assert "generator/block_8/conv/0" in names and "discriminator/logits/1" in names
    assert {name.partition("/")[0] for name in names} == {"generator", "discriminator"}


def test_name_of_two_variables_is_left_out():
    class Twins(keras.layers.Layer):
        def __init__(self):
            super().__init__(name="twins")
            self.parts = [keras.layers.Dense(1, name="same"), keras.layers.Dense(1, name="same")]
            self.other = keras.layers.Dense(1, name="other")

        def build(self, input_shape):
            for dense in [*self.parts, self.other]:
                dense.build(input_shape)

    twins = Twins()
    twins.build((None, 2))
    assert list(stored_names(twins)) == ["other/0", "other/1"]


def test_file_without_names_of_layers_gives_those_of_the_classes(tmp_path):
    path = tmp_path / "old.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense_1/vars/0"] = np.zeros((2, 3))
    assert list(read_weights(path)) == ["dense_1/0"]

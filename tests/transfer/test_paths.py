import keras
import numpy as np
import pytest

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.protocols import MultiNetwork
from keras_transfer_gen.transfer.paths import Nameless, children, leaf_layers, leaves, roots


class Block(keras.layers.Layer):
    """A composite with a weight of its own beside its sublayers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(2, 1, name="conv")
        self.norm = keras.layers.BatchNormalization(name="norm")

    def build(self, input_shape):
        self.strength = self.add_weight(shape=(), name="strength")
        self.conv.build(input_shape)
        self.norm.build((*input_shape[:-1], 2))

    def call(self, x, training=None):
        return self.norm(self.conv(x), training=training) * self.strength


class Pair(keras.Model):
    """The shape of a GAN: two roles and an averaged copy."""

    def __init__(self, generator, discriminator):
        super().__init__()
        self.ema_generator = keras.models.clone_model(generator)
        self.generator, self.discriminator = generator, discriminator
        self.step = self.add_weight(shape=(), trainable=False, name="step")
        self.built = True

    @property
    def roles(self):
        return {"generator": self.generator, "discriminator": self.discriminator}


MultiNetwork.register(Pair)


def small_model():
    inputs = keras.Input((4, 4, 3))
    x = Block(name="block_4")(inputs)
    x = keras.layers.Dropout(0.5, name="drop")(x)
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(x), name="small")


def paths_of(model):
    return [path for path, _ in leaf_layers(model)]


def test_paths_of_a_model_start_at_its_sublayers_in_build_order():
    model = small_model()
    assert paths_of(model) == ["block_4", "block_4/conv", "block_4/norm", "logits"]
    listed = [path for leaf in leaves(model) for path in leaf.variable_paths()]
    assert listed[:3] == ["block_4/strength", "block_4/conv/kernel", "block_4/conv/bias"]


def test_every_weight_is_listed_once_and_seed_states_never():
    model = small_model()
    listed = [variable for leaf in leaves(model) for variable in leaf.variables]
    assert sorted(map(id, listed)) == sorted(map(id, model.weights))
    assert len(model.variables) == len(model.weights) + 1  # the dropout's seed


def test_paths_of_a_gan_start_with_the_role_and_leave_out_the_average():
    pair = Pair(*build_dcgan(32, max_channels=32))
    paths = paths_of(pair)
    assert {path.split("/")[0] for path in paths} == {"generator", "discriminator"}
    assert {"generator/block_16/conv", "generator/to_image", "discriminator/block_32/conv", "discriminator/logits"} <= {
        *paths
    }
    listed = {id(variable) for leaf in leaves(pair) for variable in leaf.variables}
    assert listed == {id(v) for network in pair.roles.values() for v in network.weights}


def test_nested_model_adds_its_name():
    inner = small_model()
    outer = keras.Sequential([keras.Input((4, 4, 3)), inner, keras.layers.Dense(2, name="head")])
    assert paths_of(outer) == ["small/block_4", "small/block_4/conv", "small/block_4/norm", "small/logits", "head"]


def test_shared_layer_is_listed_once():
    shared = keras.layers.Dense(3, name="shared")
    inputs = keras.Input((3,))
    assert paths_of(keras.Model(inputs, shared(shared(inputs)))) == ["shared"]


def test_wrapped_layer_goes_by_the_path_of_its_wrapper():
    inputs = keras.Input((4, 4, 3))
    wrapped = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3, name="inner"), name="conv")
    model = keras.Model(inputs, wrapped(inputs))
    listed = [path for leaf in leaves(model) for path in leaf.variable_paths()]
    assert listed == ["conv/vector_u", "conv/kernel", "conv/bias"]
    assert len(model.weights) == 3


def test_layer_with_weights_and_no_sublayers_goes_by_its_own_name():
    dense = keras.layers.Dense(2, name="dense")
    dense(np.zeros((1, 3), np.float32))
    assert [(path, layer is dense) for path, layer in leaf_layers(dense)] == [("dense", True)]


def test_children_are_what_keras_lists_publicly_for_models():
    # `children` reads a private method; this pins it to the public `.layers` that models alone have.
    for model in (small_model(), keras.Sequential([keras.Input((4, 4, 3)), Block(), keras.layers.Flatten()])):
        listed = [layer for layer in children(model) if not isinstance(layer, keras.layers.InputLayer)]
        public = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        assert listed == public
    block = Block()
    assert children(block) == [block.conv, block.norm]


def test_anything_but_a_keras_model_is_refused():
    with pytest.raises(ValueError, match=r"`model` must be a GAN, a Keras model or a Keras layer\. Received: model=3"):
        roots(3)


def test_nameless_layer_adds_nothing_to_paths():
    class Holder(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.dense = Nameless(), keras.layers.Dense(1, name="dense")
            self.inner.add_weight(shape=(), name="w")
            self.dense.build((None, 2))

    holder = Holder(name="holder")
    listed = [path for leaf in leaves(holder) for path in leaf.variable_paths()]
    assert listed == ["w", "dense/kernel", "dense/bias"]
    model = keras.Sequential([holder])
    listed = [path for leaf in leaves(model) for path in leaf.variable_paths()]
    assert listed == ["holder/w", "holder/dense/kernel", "holder/dense/bias"]


class Group(Nameless):
    """A nameless layer with one layer inside."""

    def __init__(self, inner):
        super().__init__(name="source")
        self.inner = inner
        self.built = True


def test_group_that_repeats_the_role_around_it_goes_by_the_role_alone():
    class Plain(keras.layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.kernel = self.add_weight(shape=(2,), name="kernel")

    class Roles(MultiNetwork):
        def __init__(self, name):
            self.roles_ = {"generator": Group(Plain(name))}

        @property
        def roles(self):
            return self.roles_

    assert leaf_layers(Roles("generator"))[0][0] == "generator"
    assert leaf_layers(Roles("conv"))[0][0] == "generator/conv"

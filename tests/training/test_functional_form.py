import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import functional_form

Z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)


class Renderer(keras.Model):
    """A subclassed generator that tells Keras all of its arguments."""

    def __init__(self, width=4, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.gain = width, gain
        self.dense = keras.layers.Dense(16 * width)
        self.norm = keras.layers.BatchNormalization()
        self.shape = keras.layers.Reshape((4, 4, width))
        self.conv = keras.layers.Conv2DTranspose(3, 4, 2, padding="same", activation="tanh")

    def call(self, latents, training=False):
        return self.gain * self.conv(self.shape(self.norm(self.dense(latents), training=training)))

    def get_config(self):
        return {**super().get_config(), "width": self.width, "gain": self.gain}


class Forgetful(Renderer):
    """Keras' own configuration of a model has the defaults, not what it was made with."""

    get_config = keras.Model.get_config


class Classes(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.render = keras.layers.Embedding(1, 6), Renderer()

    def call(self, inputs):
        return self.render(inputs["latents"] + self.embedding(inputs["labels"]))


class Noisy(Renderer):
    def call(self, latents, training=False):
        images = super().call(latents, training)
        return images + keras.random.normal(keras.ops.shape(images))


def latent_input(num_classes=0):
    return functional_form.latent_input(ModelSpec(image_size=8, channels=3, latent_dim=6, num_classes=num_classes))


def test_functional_model_stays_as_it_is():
    inputs = keras.Input((6,))
    model = keras.Model(inputs, Renderer()(inputs))
    assert functional_form.as_functional(model, "generator") is model


def test_subclassed_model_shares_weights_and_flags_and_has_shapes():
    network = Renderer(width=5)
    model = functional_form.as_functional(network, "generator", latent_input())
    assert (model.name, model.input_shape, model.output_shape) == ("generator", (None, 6), (None, 8, 8, 3))
    np.testing.assert_array_equal(model(Z), network(Z))
    network.dense.trainable = False
    assert {id(variable) for variable in model.variables} == {id(variable) for variable in network.variables}
    assert [v.path for v in model.trainable_variables] == [v.path for v in network.trainable_variables]


def test_subclassed_model_with_labels():
    model = functional_form.as_functional(Classes(), "generator", latent_input(1))
    assert set(model.input) == {"latents", "labels"} and model.output_shape == (None, 8, 8, 3)


def test_model_that_was_called_tells_its_inputs():
    network = Renderer()
    with pytest.raises(checks.UserError, match=r"`spec` must be given for a Renderer.*spec=ModelSpec.*call the model"):
        functional_form.as_functional(network, "generator")
    network(Z)
    assert functional_form.as_functional(network, "generator").input_shape == (None, 6)
    labelled = Classes()
    labelled({"latents": Z, "labels": np.zeros(3, np.int32)})
    assert functional_form.as_functional(labelled, "generator").input["labels"].dtype == "int32"


@pytest.mark.parametrize("built", [True, False])
def test_sequential_becomes_a_functional_model_of_the_same_layers(built):
    layers = [keras.layers.Dense(48, name="dense"), keras.layers.Reshape((4, 4, 3))]
    network = keras.Sequential([keras.Input((6,)), *layers] if built else layers, name="mine")
    model = functional_form.as_functional(network, "generator", None if built else latent_input())
    assert not isinstance(model, keras.Sequential) and model.name == "mine"
    assert model.get_layer("dense") is layers[0] and model.output_shape == (None, 4, 4, 3)
    np.testing.assert_array_equal(model(Z), network(Z))


def test_copy_has_weights_of_its_own_and_another_name():
    model = functional_form.as_functional(Renderer(width=5, gain=2.0), "generator", latent_input())
    copy = functional_form.copy_network(model, "generator", "average")
    assert copy.name == "average" and model.name == "generator"
    np.testing.assert_array_equal(copy(Z), model(Z))
    copy.set_weights([0 * value for value in copy.get_weights()])
    assert np.abs(model(Z)).max() > 0


@pytest.mark.parametrize("arguments", [{"width": 7}, {"gain": 3.0}])
def test_model_whose_configuration_leaves_arguments_out_is_refused(arguments):
    """One makes weights of another shape, the other the same weights and other images."""
    text = r"`generator` must be a model that Keras can make again.*'Forgetful'. Let Forgetful.get_config\(\) return"
    with pytest.raises(checks.UserError, match=text):
        functional_form.as_functional(Forgetful(**arguments), "generator", latent_input())
    assert functional_form.as_functional(Forgetful(), "generator", latent_input()).output_shape == (None, 8, 8, 3)


def test_noise_of_its_own_is_no_difference_of_the_copy():
    model = functional_form.as_functional(Noisy(), "generator", latent_input())
    assert not np.array_equal(model(Z), model(Z))


def test_error_of_the_call_is_told_in_one_line():
    with pytest.raises(checks.UserError, match="`generator` must be a model that can be called with") as caught:
        functional_form.as_functional(Renderer(), "generator", functional_form.image_input((2, 2, 3)))
    assert len(str(caught.value)) < 600 and "\n" not in str(caught.value)


def test_what_is_no_model_is_refused():
    with pytest.raises(checks.UserError, match="`decoder` must be a keras.Model"):
        functional_form.as_functional("b.keras", "decoder")

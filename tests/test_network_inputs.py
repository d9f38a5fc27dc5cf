import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import NetworkInput, NetworkInputs, bare_input_shape, input_names, wrap_input
from keras_transfer_gen.specs import ModelSpec

PLAIN = ModelSpec(image_size=32, channels=3, latent_dim=8, distribution="uniform")
CLASSES = ModelSpec(image_size=32, channels=3, latent_dim=8, num_classes=5)
ANGLE = NetworkInput("angle", (2,), "normal")


def test_networks_of_one_input_take_bare_tensors():
    inputs = NetworkInputs.of(PLAIN)
    assert inputs.drawn == (NetworkInput("latents", (8,), "uniform"),) and inputs.conditions == ()
    assert inputs.for_generator({"latents": "z"}) == "z" and inputs.for_generator("z") == "z"
    assert inputs.for_discriminator("x", {"latents": "z"}) == "x"


def test_each_network_gets_what_it_declares():
    inputs = NetworkInputs.of(CLASSES, ("latents", "labels", "angle"), ("images", "labels"), (ANGLE,))
    values = {"latents": "z", "labels": "y", "angle": "a"}
    assert inputs.for_generator(values) == values
    assert inputs.for_discriminator("x", values) == {"images": "x", "labels": "y"} and inputs.conditions == ("labels",)
    assert [(entry.name, entry.dtype) for entry in inputs.drawn] == [
        ("latents", "float32"), ("labels", "int32"), ("angle", "float32"),
    ]  # fmt: skip


def test_constants_may_be_left_out():
    constant = NetworkInput("truncation", value=0.5)
    inputs = NetworkInputs.of(PLAIN, ("latents", "truncation"), None, (constant,))
    latents = keras.ops.ones((3, 8))
    assert inputs.for_generator(latents)["truncation"].numpy().tolist() == [0.5, 0.5, 0.5]
    given = {"latents": latents, "truncation": "t"}
    assert inputs.for_generator(given) == given
    with pytest.raises(checks.UserError, match="given, as a dict with latents"):
        inputs.for_generator({"truncation": "t"})


def test_labels_without_a_conditional_discriminator():
    inputs = NetworkInputs.of(CLASSES, ("latents", "labels"), None)
    assert inputs.for_discriminator("x", {"latents": "z", "labels": "y"}) == "x" and inputs.conditions == ()


def test_what_no_network_takes_is_not_drawn():
    assert [entry.name for entry in NetworkInputs.of(PLAIN, None, None, (ANGLE,)).drawn] == ["latents"]


@pytest.mark.parametrize(
    ("spec", "networks", "words"),
    [
        (PLAIN, (None, ("images", "labels")), "`discriminator` must be a model with the input images.*num_classes="),
        (PLAIN, (("latents", "angle"), None), "`generator` must be a model with the input latents.*Architecture"),
        (PLAIN, (("noise",), None), "`generator` must be a model with the input latents"),
        (CLASSES, (None, ("labels",)), "`discriminator` must be a model with the input images"),
    ],
)
def test_inputs_of_which_nothing_is_known_are_refused(spec, networks, words):
    with pytest.raises(checks.UserError, match=words):
        NetworkInputs.of(spec, *networks)


def test_missing_values_are_named():
    inputs = NetworkInputs.of(CLASSES, ("latents", "labels"), ("images", "labels"))
    with pytest.raises(checks.UserError, match="`inputs` must be given, as a dict with labels"):
        inputs.for_generator("z")
    with pytest.raises(checks.UserError, match=r"`labels` must be given.*\(images, labels\)"):
        inputs.for_discriminator("x", {})


def test_names_are_those_of_a_dict():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    assert input_names(keras.Model({"a": a, "b": b}, a + b)) == ("a", "b")
    assert input_names(keras.Model(a, a + 1.0)) is None


def test_value_is_wrapped_where_a_network_takes_a_dict_of_one():
    a = keras.Input((2,), name="a")
    plain, named = keras.Model(a, a + 1.0), keras.Model({"a": a}, a + 1.0)
    assert (
        wrap_input(plain, "x") == "x"
        and wrap_input(named, "x") == {"a": "x"}
        and wrap_input(named, {"a": 1}) == {"a": 1}
    )
    assert bare_input_shape(plain) == bare_input_shape(named) == (None, 2)
    b = keras.Input((3,), name="b")
    assert bare_input_shape(keras.Model({"a": a, "b": b}, a + 1.0)) is None

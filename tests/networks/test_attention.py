import keras
import numpy as np

from keras_transfer_gen.networks.attention import MapAttention

INPUTS = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(np.float32)


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_layer_begins_as_nothing():
    np.testing.assert_array_equal(MapAttention()(INPUTS), INPUTS)


def test_each_place_is_given_what_it_sees_in_all_others():
    layer = MapAttention(num_heads=1, key_dim=5)
    layer(INPUTS)
    layer.gain.assign(0.7)
    weights = {variable.path.split("attention/", 1)[1]: variable.numpy() for variable in layer.attention.weights}
    places = INPUTS.reshape(2, 12, 6)
    query, key, value = (places @ weights[f"{name}/kernel"][:, 0] + weights[f"{name}/bias"][0] for name in
                         ("query", "key", "value"))  # fmt: skip
    seen = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(5)) @ value
    seen = seen @ weights["attention_output/kernel"][0] + weights["attention_output/bias"]
    np.testing.assert_allclose(layer(INPUTS), INPUTS + 0.7 * seen.reshape(INPUTS.shape), atol=1e-5)


def test_layer_survives_saving(tmp_path):
    layer = MapAttention(3, 4, name="look")
    model = keras.Sequential([keras.Input((3, 4, 6)), layer])
    layer.gain.assign(1.0)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(INPUTS), model(INPUTS))
    assert loaded.layers[-1].get_config()["num_heads"] == 3 and loaded.layers[-1].key_dim == 4


def test_layer_computes_in_the_policy_of_the_network():
    layer = MapAttention(dtype="mixed_bfloat16")
    assert layer(INPUTS).dtype == "bfloat16" and layer.gain.dtype == "float32"

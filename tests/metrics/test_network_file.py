import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.network_file import check_network, content_digest, input_side, wrap_network

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3)).astype(np.uint8)


def maps_of(side):
    """A network of a fixed size that gives maps `[batch, h, w, 2]`."""
    image = keras.Input((side, side, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    return keras.Model(image, keras.layers.Conv2D(2, 3, kernel_initializer="ones")(x))


def expected_of(network, side):
    small = tf.image.resize(tf.cast(IMAGES, tf.float32), (side, side), antialias=True)
    return np.asarray(network(small)).mean((1, 2))


def test_keras_file_gives_the_means_of_its_maps(tmp_path):
    network = maps_of(16)
    network.save(tmp_path / "mine.keras")
    loaded = load_feature_network(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded(IMAGES), expected_of(network, 16), rtol=1e-5)
    assert loaded.name == f"mine_{content_digest(tmp_path / 'mine.keras')[:8]}" and input_side(loaded) == 16
    assert load_feature_network(str(tmp_path / "mine.keras")) is loaded and loaded.trainable_variables == []
    maps_of(18).save(tmp_path / "mine.keras")  # another content under the same name
    assert input_side(load_feature_network(tmp_path / "mine.keras")) == 18


def test_saved_model_is_seen_through_its_signature(tmp_path):
    network = maps_of(16)
    network.export(tmp_path / "exported", verbose=False)
    loaded = load_feature_network(tmp_path / "exported")
    np.testing.assert_allclose(loaded(IMAGES), expected_of(network, 16), rtol=1e-5)
    assert loaded.output_shape == (None, 2)


def test_network_of_any_size_sees_images_as_they_are(tiny_features, tmp_path):
    tiny_features.save(tmp_path / "tiny.keras")
    loaded = load_feature_network(tmp_path / "tiny.keras")
    np.testing.assert_allclose(loaded(IMAGES), tiny_features(IMAGES), rtol=1e-5)
    assert input_side(loaded) is None


def test_what_is_no_network_of_images_is_refused(tmp_path):
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(UserFileError, match="`network` must be a .keras file or a SavedModel with one input"):
        load_feature_network(tmp_path / "text.keras")
    grey = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    grey.save(tmp_path / "grey.keras")
    with pytest.raises(UserError, match=r"`network` must be a network from RGB .* which takes \(None, 8, 8, 1\)"):
        load_feature_network(tmp_path / "grey.keras")
    image = keras.Input((8, 8, 3))
    two = keras.Model(image, [image, image])
    with pytest.raises(UserError, match="which gives .*, "):
        wrap_network(two, two.input_shape, "two")
    with pytest.raises(UserError, match="Received: network=7"):
        check_network(7)


def test_digest_of_a_folder_is_of_names_and_contents(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("1")
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "b")
    (tmp_path / "b" / "x").rename(tmp_path / "b" / "y")
    assert content_digest(tmp_path / "a") != content_digest(tmp_path / "b")

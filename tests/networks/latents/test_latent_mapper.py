import h5py
import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.networks.latents.latent_mapper import ImageAdapter, LatentMapper, insert_latent_mapper

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((4, 8)).astype(np.float32)


def test_mapper_is_the_identity_and_then_the_formula():
    layer = LatentMapper(units=5)
    np.testing.assert_array_equal(layer(Z), Z)
    weights = [RNG.standard_normal(weight.shape).astype(np.float32) for weight in layer.get_weights()]
    layer.set_weights(weights)
    first, b1, second, b2 = weights
    np.testing.assert_allclose(layer(Z), Z + np.maximum(Z @ first + b1, 0) @ second + b2, rtol=1e-4, atol=1e-5)


def test_output_network_is_the_identity_and_learns_a_change_of_colours():
    layer = ImageAdapter(filters=8)
    images = RNG.uniform(-1, 1, (8, 6, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(images), images)
    model = keras.Sequential([keras.Input((6, 6, 3)), layer])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    before = model.evaluate(images, images[..., ::-1], verbose=0)
    model.fit(images, images[..., ::-1], epochs=40, verbose=0)
    assert model.evaluate(images, images[..., ::-1], verbose=0) < before / 4


def test_layers_are_made_again_from_their_configurations_and_stay_in_float32():
    for layer, inputs in ((LatentMapper(5), Z), (ImageAdapter(4), np.ones((1, 4, 4, 3), np.float32))):
        layer(inputs)
        again = type(layer).from_config(layer.get_config())
        again(inputs)
        again.set_weights(layer.get_weights())
        np.testing.assert_array_equal(again(inputs), layer(inputs))
        assert layer(tf.cast(inputs, tf.bfloat16)).dtype == tf.float32
        assert layer.compute_output_shape((None, 8)) == (None, 8)


def test_insertion_makes_the_same_images_and_is_done_once():
    generator = build_dcgan_generator(32, latent_dim=8, max_channels=16)
    mapped = insert_latent_mapper(generator, image_adapter=True)
    np.testing.assert_allclose(mapped(Z), generator(Z), atol=1e-6)
    names = [layer.name for layer in mapped.layers]
    assert names[1] == "latent_mapper" and names[-1] == "image_adapter" and mapped.name == "generator"
    assert mapped.get_layer("latent_mapper").units == 64
    again = insert_latent_mapper(mapped, image_adapter=True)
    assert [layer.name for layer in again.layers] == names
    assert "image_adapter" not in [layer.name for layer in insert_latent_mapper(generator).layers]


def test_gradients_reach_the_mapper_alone_where_the_rest_is_frozen(tmp_path):
    generator = insert_latent_mapper(build_dcgan_generator(32, latent_dim=8, max_channels=16))
    for layer in generator.layers:
        layer.trainable = layer.name == "latent_mapper"
    with tf.GradientTape() as tape:
        total = tf.reduce_mean(generator(Z, training=True))
    gradients = tape.gradient(total, generator.trainable_variables)
    assert len(gradients) == 4 and np.abs(gradients[2]).max() > 0
    generator.save(tmp_path / "generator.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "generator.keras")(Z), generator(Z), atol=1e-6)


def test_weights_of_the_image_adapter_are_stored_where_files_of_version_0_1_have_them(tmp_path):
    generator = insert_latent_mapper(build_dcgan_generator(32, latent_dim=8, max_channels=8), image_adapter=True)
    generator.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5") as file:
        assert {"latent_mapper", "output_network"} <= set(file["layers"])

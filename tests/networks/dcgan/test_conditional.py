import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_transfer_gen as ktg
from keras_transfer_gen import tables
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.conditional import (
    ProjectionLogit,
    build_conditional_discriminator,
    build_conditional_generator,
)  # fmt: skip
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.specs import ModelSpec

SMALL = {"num_classes": 3, "max_channels": 16, "min_channels": 4}
LATENTS = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)


def small_generator(**options):
    return build_conditional_generator(32, 3, 8, **SMALL, class_dim=5, **options)


def test_class_changes_the_image_and_is_known_by_its_row():
    generator = small_generator()
    rows = generator.get_layer("classes").embeddings
    rows.assign(np.eye(3, 5) * 3.0)
    same, other = generator({"latents": LATENTS, "labels": np.array([0, 0, 0])}), None
    other = generator({"latents": LATENTS, "labels": np.array([0, 1, 2])})
    assert same.shape == (3, 32, 32, 3) and float(keras.ops.max(keras.ops.abs(same))) <= 1.0
    np.testing.assert_allclose(same[0], other[0], atol=1e-6)
    assert np.abs(np.asarray(same[1:]) - np.asarray(other[1:])).max(axis=(1, 2, 3)).min() > 1e-3


def test_style_is_latents_and_the_row_of_the_class():
    generator = small_generator()
    style = keras.Model(generator.input, generator.get_layer("style").output)
    values = style({"latents": LATENTS, "labels": np.array([2, 0, 1])})
    np.testing.assert_array_equal(values[:, :8], LATENTS)
    np.testing.assert_array_equal(values[:, 8:], generator.get_layer("classes").embeddings.numpy()[[2, 0, 1]])


def test_logit_is_that_of_the_image_and_the_product_with_the_row_of_its_class():
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(4, 2, 2, 6)).astype(np.float32), np.array([0, 2, 1, 2])
    layer = ProjectionLogit(3)
    alone = layer([features, labels]).numpy()
    np.testing.assert_allclose(alone, features.reshape(4, -1) @ layer.dense.kernel.numpy(), atol=1e-5)
    layer.classes.assign(rng.normal(size=(3, 6)))
    fit = (features.mean(axis=(1, 2)) * layer.classes.numpy()[labels]).sum(-1, keepdims=True)
    np.testing.assert_allclose(layer([features, labels]), alone + fit, atol=1e-5)
    scaled = ProjectionLogit.from_config({**layer.get_config(), "scale": 8.0})
    scaled.build([features.shape, labels.shape])
    scaled.set_weights(layer.get_weights())
    np.testing.assert_allclose(scaled([features, labels]), alone + 8 * fit, atol=1e-4)


def test_networks_are_those_of_dcgan_but_for_the_classes():
    sizes = {"max_channels": 16, "min_channels": 4}
    for refined in (False, True):
        plain = build_dcgan(32, 3, 8, **sizes, refined=refined)
        told = (small_generator(refined=refined), build_conditional_discriminator(32, 3, **SMALL, refined=refined))
        for one, other in zip(plain, told, strict=True):
            blocks = [layer for layer in one.layers if layer.name.startswith("block_") and layer.name != "block_4"]
            assert [layer.get_config() for layer in blocks] == [other.get_layer(b.name).get_config() for b in blocks]


def test_rows_of_classes_begin_much_shorter_than_latents():
    rows = build_conditional_generator(32, num_classes=50).get_layer("classes").embeddings.numpy()
    assert 0.02 < np.square(rows).sum(axis=1).mean() / 128 < 0.1


def test_attention_stands_at_16_pixels_of_both_networks():
    discriminator = build_conditional_discriminator(32, 3, **SMALL, attention=True)
    for network in (small_generator(attention=True), discriminator):
        assert network.get_layer("attention_16").input.shape[1:3] == (16, 16)
    names = [layer.name for layer in small_generator().layers]
    assert "attention_16" not in names and {"block_4", "block_8", "block_16", "block_32", "to_image"} < set(names)


def test_groups_are_compared_where_asked_for():
    discriminator = build_conditional_discriminator(32, 3, **SMALL, group_size=2)
    images = np.random.default_rng(2).normal(size=(4, 32, 32, 3)).astype(np.float32)
    labels = np.zeros(4, np.int32)
    swapped = images[[0, 1, 0, 1]]
    logits, other = (discriminator({"images": part, "labels": labels}) for part in (images, swapped))
    assert np.abs(np.asarray(logits[:2]) - np.asarray(other[:2])).max() > 0


@pytest.mark.parametrize("build", [build_conditional_generator, build_conditional_discriminator])
def test_a_network_without_classes_is_refused(build):
    with pytest.raises(UserError, match=r"num_classes.*--labels folders"):
        build(32, 3, num_classes=0)


def test_architecture_learns_which_class_has_which_colour(tmp_path):
    """Two classes, black and white images: the two differ, by the mean of several moments, for a GAN's swings."""
    keras.utils.set_random_seed(0)
    entry = tables.resolve_architecture("dcgan_conditional:max_channels=16,min_channels=8,class_dim=4", "gan")
    spec = ModelSpec(image_size=28, channels=1, latent_dim=4, num_classes=2, arch="dcgan_conditional")
    gan = ktg.GAN(*entry[1].build(spec, entry[2]), spec=spec)
    adam = {"learning_rate": 2e-3, "beta_1": 0.0, "beta_2": 0.99}
    gan.compile(g_optimizer=keras.optimizers.Adam(**adam), d_optimizer=keras.optimizers.Adam(**adam), penalty=None)
    labels = np.arange(16, dtype=np.int32) % 2
    images = np.full((16, 28, 28, 1), 255, np.uint8) * labels.astype(np.uint8)[:, None, None, None]
    differences = []
    for _ in range(8):
        gan.fit(tf.data.Dataset.from_tensors((images, labels)).repeat(20), verbose=0)
        black, white = (gan.generate(8, label=label).mean() for label in (0, 1))
        differences.append(white - black)
    assert np.mean(differences[2:]) > 20
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(ktg.load_gan(tmp_path / "gan.keras").generate(4, label=1), gan.generate(4, label=1))

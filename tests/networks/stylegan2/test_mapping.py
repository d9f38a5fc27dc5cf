import numpy as np
import tensorflow as tf

from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.networks.stylegan2.layers import normalize
from keras_transfer_gen.networks.stylegan2.mapping import MappingNetwork, Styles
from keras_transfer_gen.running_statistics import keep_statistics

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(4, 6)).astype(np.float32)


def test_latents_and_labels_are_normalised_before_the_layers():
    mapping = MappingNetwork([5], num_classes=3, embed_dim=4)
    labels = np.int32([0, 2, 2, 1])
    w = mapping([Z, labels]).numpy()
    embedded = mapping.embed.kernel.numpy()[labels] / 3**0.5
    x = np.concatenate([normalize(Z), normalize(embedded)], axis=1) @ mapping.dense_layers[0].kernel.numpy()
    x = x * 0.01 / 10**0.5
    np.testing.assert_allclose(w, 2**0.5 * np.where(x > 0, x, 0.2 * x), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(mapping([7 * Z, labels]), w, rtol=1e-4)  # the length of a latent does not count


def test_labels_alone_are_mapped_too():
    mapping = MappingNetwork([], num_classes=3, embed_dim=4, has_latents=False)
    out = mapping(np.int32([1, 1])).numpy()
    assert out.shape == mapping.compute_output_shape((2,)) == (2, 4)
    np.testing.assert_allclose((out**2).mean(axis=1), 1.0, rtol=1e-4)


def test_styles_are_drawn_towards_their_average():
    layer = Styles(3)
    factors = np.float32([1, 0.5, 0, 1])
    layer.build([Z.shape, factors.shape])
    layer.w_avg.assign(np.arange(6))
    styles = layer([Z, factors]).numpy()
    assert styles.shape == (4, 3, 6)
    np.testing.assert_array_equal(styles[0], np.repeat(Z[:1], 3, axis=0))
    np.testing.assert_allclose(styles[1, 2], (Z[1] + np.arange(6)) / 2, rtol=1e-5)
    np.testing.assert_allclose(styles[2, 0], np.arange(6), atol=1e-5)


def test_average_follows_in_training_alone_and_not_where_frozen():
    layer = Styles(2, momentum=0.75)
    factors = np.ones(4, np.float32)
    layer([Z, factors])
    assert not layer.w_avg.numpy().any()
    layer([Z, factors], training=True)
    np.testing.assert_allclose(layer.w_avg, Z.mean(axis=0) / 4, rtol=1e-5)
    layer.trainable = False
    before = layer.w_avg.numpy()
    layer([Z, factors], training=True)
    np.testing.assert_array_equal(layer.w_avg, before)


def test_average_stays_within_keep_statistics():
    layer = Styles(2)
    with keep_statistics():
        layer([Z, np.ones(4, np.float32)], training=True)
    assert not layer.w_avg.numpy().any()


def test_later_styles_are_those_of_another_image_in_training():
    layer, factors, cuts = Styles(5, mixing=0.75), np.ones(4, np.float32), []
    layer.build([Z.shape, factors.shape])
    for number in range(60):
        z = np.random.default_rng(number).normal(size=Z.shape).astype(np.float32)
        with keep_statistics():
            styles = layer([z, factors], training=True).numpy()
            np.testing.assert_array_equal(styles, layer([z, factors], training=True))  # a step can be repeated
        own = [bool((styles[:, place] == z).all()) for place in range(5)]
        other = [bool((styles[:, place] == np.roll(z, 1, axis=0)).all()) for place in range(5)]
        cuts.append(sum(own))
        assert own == [place < cuts[-1] for place in range(5)] and other == [not mine for mine in own]
        np.testing.assert_array_equal(layer([z, factors]), np.repeat(z[:, None], 5, axis=1))  # never in use
    assert set(cuts) == {1, 2, 3, 4, 5} and 0.08 < cuts.count(5) / 60 < 0.45


def test_mixed_styles_are_those_of_an_eighth_of_the_batch_before():
    layer, z = Styles(5, mixing=1.0), np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    with keep_statistics(), layers_draw_by(tf.constant([0, 1])):
        styles = layer([z, np.ones(16, np.float32)], training=True).numpy()
    np.testing.assert_array_equal(styles[:, 0], z)
    np.testing.assert_array_equal(styles[:, 4], np.roll(z, 2, axis=0))

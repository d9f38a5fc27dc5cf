import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer

SEED = tf.constant([0, 1])


def maps(count=6):
    return np.random.default_rng(0).standard_normal((count, 2, 3, 4)).astype("float32")


def built(depth=3, updates=2):
    layer = ResidualQuantizer(depth, level_codes=5, code_dim=4)
    layer.build((None, 2, 3, 4))
    for step in range(updates):
        layer.update(maps(), layer.tokens(maps()), tf.constant([0, step]))
    return layer


def by_numpy(layer, vectors):
    """(numbers in each level's codebook, sum of the codes of the first levels), a pair a level."""
    left, total, levels = vectors.copy(), np.zeros_like(vectors), []
    for level in layer.levels:
        codes = level.codebook.numpy()
        chosen = ((left[..., None, :] - codes) ** 2).sum(-1).argmin(-1)
        total, left = total + codes[chosen], left - codes[chosen]
        levels.append((chosen, total.copy()))
    return levels


def test_each_level_takes_the_code_nearest_to_what_is_left():
    layer, levels = built(), by_numpy(built(), maps())
    stacked = np.concatenate([chosen + 5 * number for number, (chosen, _) in enumerate(levels)], axis=1)
    tokens = layer.tokens(maps()).numpy()
    assert tokens.shape == (6, 6, 3) and tokens.tolist() == stacked.tolist()
    np.testing.assert_allclose(layer.lookup(tokens), levels[-1][1], atol=1e-6)


def test_more_levels_come_nearer():
    few, many = (float(tf.reduce_mean((built(depth, updates=20)(maps()) - maps()) ** 2)) for depth in (2, 4))
    assert many < 0.8 * few


def test_gradients_pass_and_distances_are_those_of_numpy():
    layer, z = built(), tf.constant(maps())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        codes, tokens, distance = layer.straight_through(z)
        loss = tf.reduce_sum(codes * 3.0)
    sums = [total for _, total in by_numpy(layer, maps())]
    np.testing.assert_allclose(codes, sums[-1], atol=1e-5)
    np.testing.assert_array_equal(tokens, layer.tokens(z))
    assert np.allclose(tape.gradient(loss, z), 3.0)
    assert float(distance) == pytest.approx(np.mean([(maps() - total) ** 2 for total in sums]), rel=1e-5)
    expected = np.mean([2 * (maps() - total) / maps().size for total in sums], axis=0)
    np.testing.assert_allclose(tape.gradient(distance, z), expected, rtol=1e-3, atol=1e-7)


def test_an_update_gives_each_level_what_the_ones_before_left_over():
    layer, alone = built(2), [VectorQuantizer(5, 4), VectorQuantizer(5, 4)]
    left = maps()
    for number, (level, copy) in enumerate(zip(layer.levels, alone, strict=True)):
        copy.build((None, 4))
        copy.set_weights(level.get_weights())
        tokens, codes = copy.tokens(left), level.codebook.numpy()
        copy.update(left, tokens, tf.random.experimental.stateless_fold_in(SEED, number))
        left = left - codes[tokens]
    layer.update(maps(), layer.tokens(maps()), SEED)
    for level, copy in zip(layer.levels, alone, strict=True):
        np.testing.assert_allclose(level.codebook.numpy(), copy.codebook.numpy(), atol=1e-6)


def test_a_number_of_another_level_counts_in_its_own_codebook():
    layer, tokens = built(), built().tokens(maps()).numpy()
    np.testing.assert_array_equal(layer.lookup(tokens), layer.lookup((tokens + 5) % 15))


def test_it_survives_its_config():
    layer = built()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.depth, again.num_codes, again.level_codes, again.code_dim) == (3, 15, 5, 4)


def test_a_single_level_is_refused():
    with pytest.raises(checks.UserError, match="VectorQuantizer has a single level"):
        ResidualQuantizer(depth=1)

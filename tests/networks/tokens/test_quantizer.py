import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer, nearest_codes

SEED = tf.constant([0, 1])


def vectors(count=24, length=4):
    return np.random.default_rng(0).standard_normal((count, length)).astype("float32")


def built(**arguments):
    layer = VectorQuantizer(num_codes=6, code_dim=4, **arguments)
    layer.build((None, 4))
    return layer


def test_the_nearest_code_is_that_of_numpy():
    z, codes = vectors(), vectors(6) + 0.1
    distances = ((z[:, None] - codes[None]) ** 2).sum(2)
    assert nearest_codes(tf.constant(z), tf.constant(codes)).numpy().tolist() == distances.argmin(1).tolist()


def test_gradients_pass_straight_through():
    layer, z = built(), tf.constant(vectors())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        codes, tokens, distance = layer.straight_through(z)
        loss = tf.reduce_sum(codes * 3.0)
    nearest = layer.lookup(layer.tokens(z)).numpy()
    assert np.allclose(tape.gradient(loss, z), 3.0)
    np.testing.assert_allclose(codes, nearest, atol=1e-6)
    np.testing.assert_array_equal(tokens, layer.tokens(z))
    assert float(distance) == pytest.approx(np.mean((z - nearest) ** 2), rel=1e-5)
    np.testing.assert_allclose(tape.gradient(distance, z), 2 * (z - nearest) / z.numpy().size, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(layer(z), codes)


def test_the_first_update_draws_the_codes_from_the_batch():
    layer, z = built(), vectors()
    layer.update(z, layer.tokens(z), SEED)
    rows = {tuple(row) for row in np.round(z, 5)}
    assert all(tuple(row) in rows for row in np.round(layer.codebook.numpy(), 5))
    assert layer.counts.numpy().sum() == pytest.approx(len(z))


def test_an_update_is_the_moving_average_of_numpy():
    layer, z = built(momentum=0.9, revival=0.0), vectors()
    layer.update(z, layer.tokens(z), SEED)
    counts, sums = layer.counts.numpy(), layer.sums.numpy()
    tokens = layer.tokens(z).numpy()
    for code in range(6):
        counts[code] = 0.9 * counts[code] + 0.1 * np.sum(tokens == code)
        sums[code] = 0.9 * sums[code] + 0.1 * z[tokens == code].sum(0)
    layer.update(z, layer.tokens(z), SEED)
    np.testing.assert_allclose(layer.counts.numpy(), counts, rtol=1e-5)
    np.testing.assert_allclose(layer.codebook.numpy(), sums / counts[:, None], rtol=1e-4, atol=1e-6)


def test_a_code_that_none_chooses_begins_again():
    layer, z = built(momentum=0.5, revival=0.2), vectors()
    layer.update(z, layer.tokens(z), SEED)
    layer.codebook.assign(np.concatenate([layer.codebook.numpy()[:5], np.full((1, 4), 100.0, "float32")]))
    far = []
    for step in range(6):
        layer.update(z, layer.tokens(z), tf.constant([0, step]))
        far.append(layer.codebook.numpy()[5].max() > 50)
    # Its average still holds the vectors from which it began, so the code comes back at once or is drawn anew.
    assert not far[-1]
    assert len(np.unique(layer.tokens(z))) >= 4


def test_the_seed_alone_decides_what_is_drawn():
    z, codebooks = vectors(), []
    for seed in (0, 0, 1):
        layer = built()
        layer.update(z, layer.tokens(z), tf.constant([seed, 5]))
        codebooks.append(layer.codebook.numpy())
    assert np.array_equal(codebooks[0], codebooks[1]) and not np.array_equal(codebooks[0], codebooks[2])


def test_two_replicas_move_the_codes_as_one(two_cpus):
    z = vectors()
    single = built(revival=0.0)
    single.update(z, single.tokens(z), SEED)
    with two_cpus.scope():
        layer = built(revival=0.0)
        layer.counts.assign(single.counts.numpy())
        layer.sums.assign(single.sums.numpy())
        layer.codebook.assign(single.codebook.numpy())
    single.update(z, single.tokens(z), SEED)
    halves = two_cpus.experimental_distribute_values_from_function(
        lambda context: tf.constant(z[context.replica_id_in_sync_group * 12 :][:12])
    )
    two_cpus.run(lambda half: layer.update(half, layer.tokens(half), SEED), (halves,))
    np.testing.assert_allclose(layer.codebook.numpy(), single.codebook.numpy(), rtol=1e-5)


def test_it_survives_its_config():
    layer = built(momentum=0.8)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.num_codes, again.code_dim, again.momentum) == (6, 4, 0.8)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(checks.UserError, match="vectors of length 4"):
        VectorQuantizer(num_codes=6, code_dim=4).build((None, 5))
    with pytest.raises(checks.UserError, match="below 1"):
        VectorQuantizer(momentum=1.0)

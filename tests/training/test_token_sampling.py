import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training import token_sampling


def test_tokens_are_drawn_as_often_as_their_probabilities_say():
    shares = np.float32([0.1, 0.6, 0.05, 0.25])
    uniforms = (np.arange(2000, dtype="float32") + 0.5) / 2000
    logits = np.tile(np.log(shares), (2000, 1))
    tokens = token_sampling.choose_tokens(tf.constant(logits), tf.constant(uniforms)).numpy()
    np.testing.assert_allclose(np.bincount(tokens, minlength=4) / 2000, shares, atol=1e-3)


def test_a_number_next_to_one_still_means_a_token():
    logits = tf.random.stateless_normal((64, 1024), (0, 1))
    tokens = token_sampling.choose_tokens(logits, tf.fill((64,), np.nextafter(np.float32(1), np.float32(0))))
    assert int(tf.reduce_max(tokens)) < 1024


def test_top_k_and_temperature_leave_the_likely_ones():
    logits = tf.constant([[0.0, 3.0, 1.0, 2.0]] * 50)
    uniforms = tf.linspace(0.001, 0.999, 50)
    assert set(token_sampling.choose_tokens(logits, uniforms, top_k=2).numpy()) == {1, 3}
    cold = token_sampling.choose_tokens(logits, uniforms, temperature=0.05).numpy()
    assert set(cold) == {1}


def test_guidance_of_one_changes_nothing_and_more_exaggerates():
    logits, free = tf.constant([[1.0, 2.0]]), tf.constant([[0.0, 3.0]])
    np.testing.assert_allclose(token_sampling.guided(logits, free, 1.0), logits)
    np.testing.assert_allclose(token_sampling.guided(logits, free, 2.0), [[2.0, 1.0]])


def test_latents_become_uniform_numbers():
    np.testing.assert_allclose(token_sampling.uniforms_of(np.float32([-1, 0, 1])), [0, 0.5, 1])
    drawn = token_sampling.choose_tokens(tf.constant([[0.0, 0.0, -50.0]] * 2), tf.constant([0.0, 1.0]))
    assert drawn.numpy().tolist() == [0, 1]  # at the ends too the token is one that has a chance


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_a_grid_is_what_drawing_without_caches_gives(guidance):
    network = TokenTransformer((2, 3), num_codes=8, num_classes=2, width=12, depth=2, heads=2)
    for weight in network.trainable_variables:
        weight.assign(weight + tf.random.stateless_normal(weight.shape, (1, len(weight.path)), stddev=0.3))
    labels, uniforms = np.int32([0, 1, 2]), np.random.default_rng(0).random((3, 6), np.float32)
    known, keep = np.full((3, 6), 5, "int32"), np.zeros((3, 6), bool)
    keep[:, 2] = True
    drawn = token_sampling.draw_tokens(
        network, tf.constant(uniforms), tf.constant(labels), tf.constant(known), tf.constant(keep), guidance=guidance
    )
    expected = np.zeros((3, 6), "int32")
    for position in range(6):
        logits = network({"tokens": expected, "labels": labels})[:, position]
        free = network({"tokens": expected, "labels": np.int32([2, 2, 2])})[:, position]
        logits = token_sampling.guided(logits, free, guidance)
        expected[:, position] = token_sampling.choose_tokens(logits, tf.constant(uniforms[:, position]))
        expected[keep[:, position], position] = 5
    np.testing.assert_array_equal(drawn, expected)


def test_nothing_is_kept_where_nothing_is_known():
    network = TokenTransformer((2, 2), num_codes=8, num_classes=0, width=12, depth=1, heads=2)
    uniforms, labels = tf.random.stateless_uniform((3, 4), (0, 1)), tf.zeros(3, tf.int32)
    keep = tf.zeros((3, 4), bool)
    free = token_sampling.draw_tokens(network, uniforms, labels)
    np.testing.assert_array_equal(free, token_sampling.draw_tokens(network, uniforms, labels, free, keep))

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.networks.tokens.transformer import CausalBlock, TokenTransformer

RNG = np.random.default_rng(0)
TOKENS = RNG.integers(0, 16, (5, 12)).astype("int32")
LABELS = np.int32([0, 1, 2, 3, 0])


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return TokenTransformer((3, 4), num_codes=16, num_classes=3, width=12, depth=2, heads=2)


@pytest.fixture(scope="module")
def logits(network):
    return network({"tokens": TOKENS, "labels": LABELS}).numpy()


def test_steps_with_caches_give_what_the_whole_grid_gives(network, logits):
    caches, steps = network.empty_caches(5), []
    for position in range(12):
        before = tf.constant(TOKENS[:, max(position - 1, 0)])
        values, caches = network.step(before, tf.constant(LABELS), tf.constant(position), caches)
        steps.append(values.numpy())
    np.testing.assert_allclose(np.stack(steps, 1), logits, atol=1e-5)


def test_dropout_sets_a_share_to_zero_by_the_seed_of_the_step():
    block, x = CausalBlock(heads=2, dropout=0.25, name="block_1"), tf.ones((4, 12, 64))
    with layers_draw_by(tf.constant([3, 4])):
        first, again, other = (block._drop(x, branch, True).numpy() for branch in ("dense", "dense", "attention"))
    np.testing.assert_allclose(np.unique(first), [0, 4 / 3], rtol=1e-6)
    assert np.mean(first == 0) == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(again, first)
    assert 0.3 < np.mean(other != first) < 0.45 and block._drop(x, "dense", False) is x


def test_training_without_dropout_computes_what_use_computes():
    keras.utils.set_random_seed(0)
    network = TokenTransformer((3, 4), num_codes=16, num_classes=3, width=12, depth=2, heads=2, dropout=0.0)
    found = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            logits = network({"tokens": TOKENS, "labels": LABELS}, training=training)
            total = tf.reduce_sum(tf.square(logits))
        found.append([logits, *map(tf.convert_to_tensor, tape.gradient(total, network.trainable_variables))])
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-5)


def test_no_place_sees_itself_or_what_comes_later(network, logits):
    changed = TOKENS.copy()
    changed[:, 7:] = (changed[:, 7:] + 1) % 16
    again = network({"tokens": changed, "labels": LABELS}).numpy()
    np.testing.assert_array_equal(again[:, :8], logits[:, :8])
    assert np.abs(again[:, 8:] - logits[:, 8:]).max() > 1e-4


def test_the_class_acts_from_the_first_place_on(network, logits):
    other = network({"tokens": TOKENS, "labels": (LABELS + 1) % 4}).numpy()
    assert np.abs(other[:, 0] - logits[:, 0]).max() > 1e-4


def test_attention_is_that_of_keras(network):
    block = network.blocks[0]
    x = RNG.standard_normal((2, 12, 12)).astype("float32")
    query, key, value = (np.transpose(part, (0, 2, 1, 3)) for part in block._projections(tf.constant(x)))
    mask = np.tril(np.ones((12, 12), bool))
    expected = keras.ops.dot_product_attention(query, key, value, mask=mask[None, None], flash_attention=False)
    actual = block._attend(*(tf.constant(np.transpose(part, (0, 2, 1, 3))) for part in (query, key, value)), mask)
    np.testing.assert_allclose(actual, block.joined(np.reshape(expected, (2, 12, 12))), atol=1e-5)


def test_it_survives_a_file(network, logits, tmp_path):
    network.save(tmp_path / "prior.keras")
    again = keras.models.load_model(tmp_path / "prior.keras")
    np.testing.assert_array_equal(again({"tokens": TOKENS, "labels": LABELS}), logits)
    assert again.grid == (3, 4) and len(again.blocks) == 2


def test_layers_are_named_for_freezing_rules(network):
    names = {weight.path.split("/")[0] for weight in network.weights}
    assert names == {"embedding", "block_1", "block_2", "norm", "to_logits"}


def test_heads_must_share_the_width():
    with pytest.raises(checks.UserError, match="a multiple of heads=5"):
        TokenTransformer((2, 2), width=12, heads=5)

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.token_prior import TokenPrior

# Class 0 has even tokens, class 1 odd ones, each grid one token throughout: 3 bits, and none after the first position.
LABELS = np.arange(64) % 2
TOKENS = np.broadcast_to(((np.arange(64) // 2 % 4) * 2 + LABELS)[:, None, None], (64, 2, 3)).astype("int32")


def make_prior(**arguments):
    keras.utils.set_random_seed(0)
    network = TokenTransformer((2, 3), num_codes=8, num_classes=2, width=16, depth=1, heads=2, dropout=0.0)
    return TokenPrior(network, **{"token_noise": 0.0, **arguments})


@pytest.fixture(scope="module")
def trained():
    prior = make_prior()
    prior.compile(optimizer=keras.optimizers.Adam(0.02))
    prior.fit(TOKENS, LABELS, epochs=15, batch_size=16, verbose=0)
    return prior


def test_the_likelihood_is_that_of_numpy():
    prior = make_prior()
    logits = prior({"tokens": TOKENS[:5].reshape(5, 6), "labels": LABELS[:5]}).numpy()
    log_shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -np.take_along_axis(log_shares, TOKENS[:5].reshape(5, 6, 1), 2).sum((1, 2))
    np.testing.assert_allclose(prior.nats(TOKENS[:5], LABELS[:5]), expected, rtol=1e-4)


def test_it_learns_down_to_the_entropy(trained):
    figures = trained.evaluate(TOKENS, LABELS, return_dict=True)
    # Given the class, one of four tokens stands at the first position, and the others follow from it.
    assert figures["nats"] == pytest.approx(np.log(4), abs=0.25)
    assert figures["bits_per_token"] == pytest.approx(figures["nats"] / 6 / np.log(2))


def test_a_code_that_is_read_several_times_has_the_gradient_of_all_of_them_squared():
    prior = make_prior(token_noise=0.0, label_dropout=0.0)
    prior.compile(keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.75))
    tokens, labels = np.zeros((4, 2, 3), np.int32), np.zeros(4, np.int32)
    codes = prior.network.get_layer("embedding").codes
    inputs = {"tokens": tokens.reshape(4, -1), "labels": labels}
    with tf.GradientTape() as tape:
        logits = prior.network(inputs, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(inputs["tokens"], logits))
    rows = tape.gradient(loss, codes.value)
    prior.fit(tokens, labels, batch_size=4, verbose=0)
    place = [variable.path for variable in prior.network.trainable_variables].index(codes.path)
    moments = np.asarray(prior.optimizer._velocities[place])
    expected, wrong = 0.25 * tf.convert_to_tensor(rows).numpy() ** 2, 0.25 * (rows.values.numpy() ** 2).sum(0)
    np.testing.assert_allclose(moments, expected, rtol=1e-3, atol=1e-12)
    assert not np.allclose(moments[0], wrong, rtol=0.1)


def test_draws_are_of_the_class_that_was_asked_for(trained):
    for label in (0, 1):
        grids = trained.draw(64, seed=0, label=label)
        assert np.mean(grids % 2 == label) > 0.8
    assert len(np.unique(trained.draw(40, seed=1))) > 4  # no class: any of the tokens


def test_a_draw_depends_on_the_seed_and_its_number_alone(trained):
    grids = trained.draw(40, seed=3, label=1)
    np.testing.assert_array_equal(trained.draw(3, seed=3, label=1, start=35), grids[35:38])
    assert not np.array_equal(trained.draw(40, seed=4, label=1), grids)


def test_what_is_kept_stays_and_the_rest_follows(trained):
    known = np.full((6, 2, 3), 3, "int32")
    keep = np.zeros((2, 3), bool)
    keep[0] = True
    grids = trained.draw(6, seed=0, label=1, known=known, keep=keep)
    assert (grids[:, 0] == 3).all()
    assert np.mean(grids[:, 1] == 3) > 0.9


def test_tokens_to_keep_may_have_further_levels_and_must_fit():
    prior = make_prior()
    tokens = np.arange(24, dtype=np.int32).reshape(1, 8, 3) % 8  # as of an encoder with four levels
    keep = np.array([[True, False, True], [False, False, True]])
    (grid,) = prior.draw(1, known=tokens, keep=keep)
    np.testing.assert_array_equal(grid[keep], tokens[0, :2][keep])
    for arguments, message in (
        ({"known": tokens[:, :2], "keep": np.zeros((5, 5), bool)}, r"`keep` must be bool \[2, 3\]"),
        ({"known": tokens[:, :2], "keep": np.zeros((2, 3))}, "`keep` must be bool"),
        ({"known": tokens[:, :2]}, "`keep` must be"),
        ({"keep": keep}, "`known` must be"),
        ({"known": np.zeros((3, 2, 3), int), "keep": keep}, r"`known` must be integers \[1, 2, 3\]"),
        ({"known": np.full((1, 2, 3), 8), "keep": keep}, "`known` must be numbers from 0 to 7"),
    ):
        with pytest.raises(checks.UserError, match=message):
            prior.draw(1, **arguments)


def test_noise_is_a_function_of_the_step_and_of_the_shares():
    prior = make_prior(token_noise=0.5, label_dropout=0.5)
    prior.compile()
    tokens, labels = np.tile(TOKENS.reshape(64, 6), (8, 1)), np.tile(LABELS, 8).astype("int32")
    read, shown = (np.array(part) for part in prior._disturbed(tokens, labels, np.int64(4)))
    again = prior._disturbed(tokens, labels, np.int64(4))
    np.testing.assert_array_equal(read, again[0])
    assert np.mean(read != tokens) == pytest.approx(0.5 * 7 / 8, abs=0.05)  # one in eight is replaced by itself
    assert np.mean(shown == 2) == pytest.approx(0.5, abs=0.1)
    assert not np.array_equal(prior._disturbed(tokens, labels, np.int64(5))[0], read)


def test_a_saved_prior_goes_on_where_it_was(trained, tmp_path):
    trained.save(tmp_path / "prior.keras")
    again = keras.models.load_model(tmp_path / "prior.keras")
    np.testing.assert_array_equal(again.draw(3, seed=0), trained.draw(3, seed=0))
    assert again.kimg == trained.kimg == pytest.approx(0.96)
    for prior in (again, trained):
        prior.fit(TOKENS, LABELS, epochs=1, batch_size=16, verbose=0, shuffle=False)
    for a, b in zip(again.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_prior_draws_by_its_own_values_unless_it_is_told_others(trained, tmp_path):
    values = {"temperature": 0.5, "top_k": 3, "guidance": 2.0}
    prior = TokenPrior(trained.network, **values)
    prior.save(tmp_path / "prior.keras")
    expected = trained.draw(40, seed=2, label=1, **values)
    for own in (prior, keras.models.load_model(tmp_path / "prior.keras")):
        assert own.sampling == values
        np.testing.assert_array_equal(own.draw(40, seed=2, label=1), expected)
        plain = own.draw(40, seed=2, label=1, temperature=1.0, top_k=0, guidance=1.0)
        np.testing.assert_array_equal(plain, trained.draw(40, seed=2, label=1))
    assert not np.array_equal(plain, expected)


def test_a_file_without_values_to_draw_by_has_the_plain_ones(trained):
    config = {name: value for name, value in trained.get_config().items() if name not in trained.sampling}
    assert TokenPrior.from_config(config).sampling == {"temperature": 1.0, "top_k": 0, "guidance": 1.0}


def test_dropout_goes_on_where_it_was(tmp_path):
    prior = TokenPrior(TokenTransformer((2, 3), num_codes=8, width=16, depth=1, heads=2, dropout=0.4))
    prior.compile()
    prior.fit(TOKENS, batch_size=16, verbose=0)
    prior.save(tmp_path / "prior.keras")
    again = keras.models.load_model(tmp_path / "prior.keras")
    for one in (again, prior):
        one.fit(TOKENS, batch_size=16, verbose=0, shuffle=False)
    for a, b in zip(again.get_weights(), prior.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_blocks_stay():
    prior = make_prior()
    prior.compile(optimizer=keras.optimizers.Adam(0.02))
    prior.network.get_layer("block_1").trainable = False
    before = prior.network.get_layer("block_1").get_weights()
    prior.fit(TOKENS, LABELS, batch_size=16, verbose=0)
    for a, b in zip(before, prior.network.get_layer("block_1").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_values_are_refused():
    prior = make_prior()
    with pytest.raises(checks.UserError, match="num"):
        prior.draw(0)
    with pytest.raises(checks.UserError, match="temperature"):
        prior.draw(1, temperature=0)
    with pytest.raises(checks.UserError, match="token_noise"):
        make_prior(token_noise=2)
    with pytest.raises(checks.UserError, match="guidance"):
        make_prior(guidance=-1)
    prior.compile()
    with pytest.raises(checks.UserError, match="vq.encode"):
        prior.fit(np.zeros((4, 8, 8, 3), np.uint8), batch_size=4, verbose=0)

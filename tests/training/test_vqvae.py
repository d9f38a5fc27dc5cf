import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 16, "min_channels": 8}


def make_vq(**arguments):
    keras.utils.set_random_seed(0)
    networks = build_token_encoder(32, **OPTIONS), VectorQuantizer(64), build_token_decoder(32, **OPTIONS)
    return VQVAE(*networks, **arguments)


def make_prior(num_codes=64, grid=(4, 4)):
    return TokenPrior(TokenTransformer(grid, num_codes, num_classes=2, width=12, depth=1, heads=2))


@pytest.fixture(scope="module")
def images():
    """uint8 `[48, 32, 32, 3]`: a square of another colour and place each."""
    rng = np.random.default_rng(0)
    images = np.full((48, 32, 32, 3), 255, np.uint8)
    for image in images:
        row, column = rng.integers(0, 16, 2)
        image[row : row + 16, column : column + 16] = rng.integers(0, 200, 3)
    return images


@pytest.fixture(scope="module")
def trained(images):
    vq = make_vq()
    vq.compile(optimizer=keras.optimizers.Adam(3e-3))
    vq.history = vq.fit(images, epochs=12, batch_size=16, verbose=0).history
    vq.set_prior(make_prior(), ["dark", "light"])
    return vq


def test_it_learns_to_reconstruct(trained, images):
    assert trained.history["reconstruction_loss"][-1] < 0.7 * trained.history["reconstruction_loss"][0]
    assert trained.history["perplexity"][-1] > 5
    error = np.abs(trained.reconstruct(images).astype(int) - images)
    mean = np.abs(images - images.mean((0, 1, 2)))
    assert error.mean() < 0.8 * mean.mean()


def test_tokens_are_those_of_the_nearest_codes(trained, images):
    tokens = trained.encode(images[:5])
    assert tokens.shape == (5, 4, 4) and tokens.dtype == np.int32
    vectors = trained.encoder(images[:5] / np.float32(127.5) - 1).numpy()
    distances = ((vectors[..., None, :] - trained.quantizer.codebook.numpy()) ** 2).sum(-1)
    assert np.mean(tokens == distances.argmin(-1)) > 0.98  # but for ties in the last digit
    np.testing.assert_array_equal(trained.decode(tokens), trained.reconstruct(images[:5]))


def test_image_i_depends_on_the_seed_and_i_alone(trained):
    many = trained.generate(35, seed=2)
    np.testing.assert_array_equal(trained.generate(2, seed=2, start=33), many[33:])
    assert many.shape == (35, 32, 32, 3) and many.dtype == np.uint8
    assert not np.array_equal(trained.generate(35, seed=3), many)
    values = {"temperature": 0.5, "top_k": 3, "guidance": 2.0}
    images = trained.generate(2, label="dark", **values)
    assert images.shape == (2, 32, 32, 3)
    trained.prior.temperature, trained.prior.guidance = 1.0, 2.0
    np.testing.assert_array_equal(trained.generate(2, label="dark", truncation=0.5, top_k=3), images)
    trained.prior.guidance = 1.0


def test_the_prior_learns_from_images_as_from_their_tokens(trained, images):
    labels = np.arange(48) % 2
    losses = []
    for x in (images, trained.encode(images)):
        keras.utils.set_random_seed(0)
        trained.set_prior(make_prior())
        trained.prior.compile()
        losses.append(trained.prior.fit(x, labels, batch_size=16, shuffle=False, verbose=0).history["nats"][-1])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_frozen_codes_stay_and_the_decoder_learns(images):
    vq = make_vq()
    vq.compile()
    vq.fit(images, batch_size=16, verbose=0)
    vq.encoder.trainable = vq.quantizer.trainable = False
    before, tokens = [np.array(w) for w in vq.decoder.get_weights()], vq.encode(images)
    vq.fit(images, batch_size=16, verbose=0)
    np.testing.assert_array_equal(vq.encode(images), tokens)
    assert any(not np.array_equal(a, b) for a, b in zip(before, vq.decoder.get_weights(), strict=True))


def test_a_saved_model_goes_on_where_it_was(trained, images, tmp_path):
    trained.save(tmp_path / "vq.keras")
    again = keras.models.load_model(tmp_path / "vq.keras")
    np.testing.assert_array_equal(again.generate(3, seed=1, label="light"), trained.generate(3, seed=1, label="light"))
    assert again.spec == trained.spec and again.kimg == trained.kimg
    for vq in (again, trained):
        vq.fit(images, batch_size=16, verbose=0, shuffle=False)
    for a, b in zip(again.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_does_not_fit_is_refused():
    vq = make_vq()
    with pytest.raises(checks.UserError, match="no prior"):
        vq.generate(1)
    with pytest.raises(checks.UserError, match="4 x 4 tokens of 64 codes"):
        vq.set_prior(make_prior(num_codes=32))
    with pytest.raises(checks.UserError, match=r"integers \[n, 4, 4\]"):
        vq.decode(np.zeros((2, 3, 4), int))
    with pytest.raises(checks.UserError, match="numbers from 0 to 63"):
        vq.decode(np.full((1, 4, 4), 64))
    with pytest.raises(checks.UserError, match="not compiled"):
        vq.fit(np.zeros((4, 32, 32, 3), np.uint8))
    with pytest.raises(checks.UserError, match="reconstruction"):
        make_vq(reconstruction=None)


def test_a_prior_that_was_set_measures_images_as_their_tokens(trained, images):
    figures = trained.prior.evaluate(images[:70], return_dict=True)
    assert figures["nats"] == pytest.approx(trained.prior.nats(trained.encode(images[:70])).mean(), rel=1e-6)
    with pytest.raises(checks.UserError, match="vq.encode"):
        make_prior().evaluate(images[:2])


def test_classes_are_drawn_as_often_as_their_shares_say(tmp_path):
    vq = make_vq(prior=make_prior(), class_names=["a", "b"])
    vq.class_shares = [0.0, 1.0]
    assert vq.spec.class_shares == [0.0, 1.0]
    np.testing.assert_array_equal(vq.generate(4, seed=1), vq.generate(4, seed=1, label=1))
    vq.save(tmp_path / "vq.keras")
    assert keras.models.load_model(tmp_path / "vq.keras").class_shares == [0.0, 1.0]
    vq.set_prior(make_prior(), ["a", "b"])
    assert vq.class_shares == []

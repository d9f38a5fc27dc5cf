import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.networks.framing import MOST_BEHIND, Framing, framing_layer, with_framing, without_framing
from keras_transfer_gen.networks.resampling import zoom_images


def images(count=3, side=16):
    return np.random.default_rng(0).integers(60, 200, (count, side, side, 3), np.uint8)


def generator():
    latents = keras.Input((5,), name="latents")
    x = keras.layers.Reshape((8, 8, 3))(keras.layers.Dense(192, activation="tanh")(latents))
    return keras.Model(latents, x, name="generator")


def blocks(skip=False):
    """A generator of 16 px whose last block doubles the side; with `skip` that block sees the latents as well."""
    latents = keras.Input((5,), name="latents")
    x = keras.layers.Reshape((8, 8, 4))(keras.layers.Dense(256)(latents))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="inner")(x)
    x = keras.layers.UpSampling2D(name="doubled")(x)
    if skip:
        x = keras.layers.Add()([x, keras.layers.Reshape((1, 1, 4))(keras.layers.Dense(4)(latents))])
    return keras.Model(latents, keras.layers.Conv2D(3, 1, activation="tanh", name="last")(x), name="generator")


def grown():
    """`blocks`, whose image of half the side, enlarged, is added to what its last block draws."""
    plain = blocks()
    inner, last = plain.get_layer("inner").output, plain.get_layer("doubled").output
    small = keras.layers.UpSampling2D()(keras.layers.Conv2D(3, 1, name="small")(inner))
    details = keras.layers.Conv2D(3, 3, padding="same")(last)
    return keras.Model(plain.input, keras.layers.Activation("tanh")(keras.layers.Add()([small, details])))


def draws(model, count=2):
    return model(np.random.default_rng(2).normal(size=(count, 5)).astype(np.float32)).numpy()


@pytest.mark.parametrize("zoom", [0.8, 1.0, 1.3])
def test_layer_does_what_is_done_to_pixels(zoom):
    framed = pixels.to_uint8(Framing(zoom)(pixels.to_model_range(images()))).numpy()
    assert np.abs(framed.astype(int) - zoom_images(images(), zoom)).max() <= 1


def test_images_stay_in_range_and_unknown_batches_are_taken():
    board = np.sign(np.indices((12, 12)).sum(axis=0)[np.newaxis, ..., np.newaxis] % 4 - 1.5).astype(np.float32)
    layer = Framing(1.3)
    traced = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec((None, 12, 12, 1))])
    framed = traced(board).numpy()
    assert framed.shape == (1, 12, 12, 1) and np.abs(framed).max() <= 1.0
    np.testing.assert_allclose(traced(np.repeat(board, 3, axis=0))[2], framed[0], atol=1e-6)


def test_gradient_is_the_transposed_matrix():
    inputs = tf.constant(np.random.default_rng(1).uniform(-0.3, 0.3, (1, 6, 6, 1)).astype(np.float32))
    layer = Framing(1.2)
    theoretical, numerical = tf.test.compute_gradient(layer, [inputs])
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-2)


def test_zooms_multiply_and_can_be_taken_away(tmp_path):
    plain = generator()
    assert framing_layer(plain) is None and without_framing(plain) == (plain, 1.0)
    twice = with_framing(with_framing(plain, 1.1), 1.2)
    assert framing_layer(twice).zoom == pytest.approx(1.32) and len(twice.layers) == len(plain.layers) + 1
    assert twice.name == "generator"
    latents = np.random.default_rng(2).normal(size=(2, 5)).astype(np.float32)
    bare, zoom = without_framing(twice)
    assert zoom == pytest.approx(1.32)
    np.testing.assert_array_equal(bare(latents), plain(latents))
    twice.save(tmp_path / "g.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(latents), twice(latents))


def test_large_zooms_enlarge_the_features_of_half_the_side(tmp_path):
    plain = blocks()
    framed = with_framing(plain, 2.0)
    names = [layer.name for layer in framed.layers]
    assert names.index("framing") == names.index("inner") + 1 and framing_layer(framed).features
    features = keras.Model(plain.input, plain.get_layer("inner").output)
    enlarged = Framing(2.0, features=True)(draws(features)).numpy()
    assert np.abs(enlarged).max() > 0
    rest = keras.Model(plain.get_layer("inner").output, plain.output)
    np.testing.assert_allclose(draws(framed), rest(enlarged), atol=1e-6)
    framed.save(tmp_path / "g.keras")
    np.testing.assert_array_equal(draws(keras.models.load_model(tmp_path / "g.keras")), draws(framed))
    assert framed.get_layer("last") is plain.get_layer("last")


def test_ground_lies_around_smaller_images(tmp_path):
    ground = (1.0, -0.5, 0.25)
    plain = generator()
    framed = with_framing(plain, 0.5, ground)
    np.testing.assert_allclose(draws(framed)[:, 0], np.broadcast_to(np.float32(ground), (2, 8, 3)), atol=0.05)
    images = pixels.to_uint8(draws(plain)).numpy()
    expected = zoom_images(images, 0.5, (np.float32(ground) + 1) * 127.5)
    assert np.abs(pixels.to_uint8(draws(framed)).numpy().astype(int) - expected).max() <= 2
    framed.save(tmp_path / "g.keras")
    loaded = keras.models.load_model(tmp_path / "g.keras")
    np.testing.assert_array_equal(draws(loaded), draws(framed))
    assert framing_layer(with_framing(loaded, 1.5)).ground == ground  # still smaller
    assert framing_layer(with_framing(loaded, 2.2)).ground is None


def test_features_that_several_blocks_draw_from_are_enlarged_for_all():
    plain = grown()
    framed = with_framing(plain, 2.0)
    assert framing_layer(framed).input is plain.get_layer("inner").output
    inner, enlarged = keras.Model(plain.input, plain.get_layer("inner").output), Framing(2.0, features=True)
    rest = keras.Model(plain.get_layer("inner").output, plain.output)
    np.testing.assert_allclose(draws(framed), rest(enlarged(draws(inner))), atol=1e-6)


def test_features_keep_their_range():
    features = np.linspace(-5, 5, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    assert np.abs(Framing(2.0, features=True)(features)).max() > 1.5


def test_zooms_multiply_across_the_place_where_they_change_it():
    plain = blocks()
    inside = with_framing(with_framing(plain, 1.2), 1.5)
    assert framing_layer(inside).zoom == pytest.approx(1.8) and framing_layer(inside).features
    np.testing.assert_array_equal(draws(inside), draws(with_framing(plain, 1.2 * 1.5)))
    behind = with_framing(inside, 0.5)
    assert framing_layer(behind).zoom == pytest.approx(0.9) and not framing_layer(behind).features
    assert behind.layers[-1] is framing_layer(behind)
    bare, zoom = without_framing(inside)
    assert zoom == pytest.approx(1.8) and framing_layer(bare) is None
    np.testing.assert_array_equal(draws(bare), draws(plain))
    assert with_framing(inside, 1 / inside.get_layer("framing").zoom).layers[-1].name == "last"


@pytest.mark.parametrize("model", [lambda: blocks(skip=True), generator])
def test_images_are_enlarged_where_no_features_alone_lead_to_them(model):
    plain = model()
    framed = with_framing(plain, 2.0)
    assert framed.layers[-1] is framing_layer(framed) and not framing_layer(framed).features
    np.testing.assert_allclose(draws(framed), Framing(2.0)(draws(plain)), atol=1e-6)
    assert with_framing(plain, MOST_BEHIND).layers[-1].zoom == MOST_BEHIND


def test_zoom_must_be_above_zero():
    with pytest.raises(checks.UserError, match="zoom"):
        Framing(0.0)

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
from keras_transfer_gen.networks.heads import feature_heads
from keras_transfer_gen.networks.heads.feature_heads import (
    FeatureHead,
    LipschitzConv2D,
    TrainedFeatures,
    build_feature_heads,
    can_have_feature_heads,
    feature_weight_of,
    has_feature_heads,
    heads_learn,
    spectral_bound,
    with_feature_weight,
)
from keras_transfer_gen.protocols import without_lipschitz_bounded


@pytest.fixture
def plain():
    return build_dcgan_discriminator(32, max_channels=32, min_channels=8)


@pytest.fixture
def sample_images():
    return np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)


@pytest.mark.parametrize("shape", [(3, 3, 5, 7), (4, 4, 24, 64), (3, 3, 64, 1), (1, 1, 2, 9)])
def test_bound_is_the_schatten_norm_and_never_below_the_largest_singular_value(shape):
    kernel = np.random.default_rng(2).normal(size=shape).astype(np.float32) * 3
    values = np.linalg.svd(kernel.reshape(-1, shape[-1]).astype(np.float64), compute_uv=False)
    found = float(spectral_bound(tf.constant(kernel)))
    np.testing.assert_allclose(found, np.sum(values**16) ** (1 / 16), rtol=1e-4)
    assert values.max() * (1 - 1e-5) <= found <= values.max() * shape[-1] ** (1 / 16) * (1 + 1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-6, 1e6])
def test_bound_is_finite_with_its_gradient_at_any_size(size):
    kernel = tf.constant(np.random.default_rng(3).normal(size=(3, 3, 4, 64)).astype(np.float32) * np.float32(size))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        bound = spectral_bound(kernel)
    assert np.isfinite(bound) and bound > 0
    assert np.isfinite(tape.gradient(bound, kernel)).all()


def test_bounded_convolution_divides_its_kernel_and_no_bias(sample_images):
    layer = LipschitzConv2D(5, 3)
    layer.build(sample_images.shape)
    layer.bias.assign(np.ones(5))
    found = layer(sample_images)
    kernel = layer.kernel / spectral_bound(layer.kernel)
    np.testing.assert_allclose(found, tf.nn.conv2d(sample_images, kernel, 1, "SAME") + 1.0, atol=1e-5)
    layer.kernel.assign(7 * layer.kernel)
    np.testing.assert_allclose(layer(sample_images), found, atol=1e-5)


def test_heads_stand_beside_the_discriminators_own(plain, sample_images):
    before = plain(sample_images)
    aided = build_feature_heads(plain, width=8)
    first, *heads = aided(sample_images)
    np.testing.assert_array_equal(first, before)
    assert [tuple(head.shape) for head in heads] == [(3, 36)] * 4
    assert {head.dtype for head in heads} == {tf.float32}
    assert aided.name == "discriminator" and aided.get_layer("block_32") is plain.get_layer("block_32")


@pytest.mark.parametrize(("side", "channels", "places"), [(28, 1, 36), (64, 3, 36), (128, 3, 64)])
def test_heads_are_built_for_all_sizes_and_for_grey(side, channels, places):
    aided = build_feature_heads(build_dcgan_discriminator(side, channels, max_channels=32, min_channels=8), width=4)
    images = np.random.default_rng(4).uniform(-1, 1, (2, side, side, channels)).astype(np.float32)
    assert [head.shape for head in aided(images)[1:]] == [(2, places)] * 4
    assert [head.shape for head in aided.outputs[1:]] == [(None, places)] * 4


def test_grey_is_shown_as_rgb(sample_images):
    layer, grey = TrainedFeatures(32), sample_images[..., :1]
    for found, expected in zip(layer(grey), layer(np.repeat(grey, 3, axis=-1)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_trained_features_have_no_weights_and_none_of_them_is_saved(plain, tmp_path, sample_images):
    aided = build_feature_heads(plain, width=4)
    assert aided.get_layer("trained_features").weights == []
    aided.save(tmp_path / "d.keras")
    loaded = keras.models.load_model(tmp_path / "d.keras")
    for found, expected in zip(loaded(sample_images), aided(sample_images), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_weight_scales_the_gradient_to_the_images_alone(sample_images):
    found = {}
    for weight in (1.0, 0.25):
        layer, images = TrainedFeatures(32, weight), tf.constant(sample_images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            maps = layer(images)
            total = tf.add_n([tf.reduce_sum(map_**2) for map_ in maps])
        found[weight] = maps[-1], tape.gradient(total, images)
    np.testing.assert_allclose(found[0.25][0], found[1.0][0], atol=1e-4)
    np.testing.assert_allclose(found[0.25][1], 0.25 * found[1.0][1], rtol=1e-2, atol=1e-3)


def test_heads_compute_in_float32_under_a_mixed_policy(sample_images):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        aided = build_feature_heads(build_dcgan_discriminator(32, max_channels=32, min_channels=8), width=4)
        assert {head.dtype for head in aided(sample_images)} == {tf.float32}
        head = next(layer for layer in aided.layers if isinstance(layer, FeatureHead))
        assert {part.compute_dtype for part in head._flatten_layers()} == {"float32"}
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_heads_are_found_and_taken_away(plain, sample_images):
    aided = build_feature_heads(plain, width=4)
    assert has_feature_heads(aided) and not has_feature_heads(plain)
    assert can_have_feature_heads(plain) and not can_have_feature_heads(aided)
    np.testing.assert_array_equal(without_lipschitz_bounded(aided)(sample_images), plain(sample_images))


def test_strided_convolution_has_the_shape_that_it_declares():
    layer = LipschitzConv2D(5, 4, 2)
    assert layer(np.zeros((2, 9, 6, 3), np.float32)).shape == layer.compute_output_shape((2, 9, 6, 3)) == (2, 5, 3, 5)


def test_weight_is_changed_and_the_heads_are_shared(plain, sample_images):
    aided = build_feature_heads(plain, weight=0.5, width=4)
    weaker = with_feature_weight(aided, 0.1)
    assert (feature_weight_of(plain), feature_weight_of(aided), feature_weight_of(weaker)) == (0.0, 0.5, 0.1)
    assert with_feature_weight(aided, 0.5) is aided
    assert weaker.get_layer("feature_head_1") is aided.get_layer("feature_head_1")
    for found, expected in zip(weaker(sample_images), aided(sample_images), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert heads_learn(weaker)
    for number in range(4):
        aided.get_layer(f"feature_head_{number}").trainable = False
    assert not heads_learn(weaker)


def test_a_layer_of_the_same_name_is_in_the_way():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    network = keras.Model(inputs, keras.layers.Dense(1, name="feature_head_0")(x))
    with pytest.raises(UserError, match=r"None of its layers may be named feature_head_\*"):
        build_feature_heads(network)


@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 32, 4), (None, None, 3), (7,)])
def test_discriminators_that_can_have_no_heads_are_refused(shape):
    inputs = keras.Input(shape)
    flat = keras.layers.GlobalAveragePooling2D()(inputs) if len(shape) == 3 else inputs
    network = keras.Model(inputs, keras.layers.Dense(1)(flat), name="odd")
    assert not can_have_feature_heads(network)
    with pytest.raises(UserError, match="`discriminator` must be a functional model of square.*a Functional of inputs"):
        build_feature_heads(network)


def test_second_set_of_heads_and_bad_numbers_are_refused(plain):
    with pytest.raises(UserError, match="that has no feature heads"):
        build_feature_heads(build_feature_heads(plain))
    with pytest.raises(UserError, match="`weight` must be"):
        build_feature_heads(plain, weight=0)
    with pytest.raises(UserError, match="`width` must be"):
        build_feature_heads(plain, width=0)


def test_discriminator_that_takes_labels_keeps_them(monkeypatch):
    monkeypatch.setattr(feature_heads, "LEAST_SIDE", 32)
    inputs = {
        "images": keras.Input((32, 32, 3), name="images"),
        "labels": keras.Input((), dtype="int32", name="labels"),
    }
    embedded = keras.layers.Embedding(3, 3)(inputs["labels"])
    logits = keras.layers.Dot(-1, name="logits")([keras.layers.GlobalAveragePooling2D()(inputs["images"]), embedded])
    aided = build_feature_heads(keras.Model(inputs, logits, name="discriminator"), width=4)
    values = {"images": tf.ones((2, 32, 32, 3)), "labels": tf.constant([0, 2])}
    own, *heads = with_feature_weight(aided, 0.5)(values)
    assert len(heads) == 4 and not np.allclose(own[0], own[1])
    np.testing.assert_allclose(heads[0][0], heads[0][1], atol=1e-4)


def test_a_subclassed_discriminator_is_refused():
    class Odd(keras.Model):
        pass

    assert not can_have_feature_heads(Odd())


def test_layer_of_a_file_of_version_0_1_loads():
    layer = TrainedFeatures.from_config({"name": "trained_features", "side": 32, "influence": 0.3})
    assert (layer.side, layer.weight) == (32, 0.3)


def test_weights_of_the_heads_are_stored_where_files_of_version_0_1_have_them(plain, tmp_path):
    build_feature_heads(plain).save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5") as file:
        assert "bounded_conv2d" in file["layers/feature_head/convs"]

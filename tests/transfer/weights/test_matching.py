import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan, build_dcgan_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.provenance import note_source, source_of
from keras_transfer_gen.transfer.weights.matching import load_matching_weights

RNG = np.random.default_rng(0)
LATENTS = RNG.standard_normal((3, 8)).astype("float32")


def small_generator(seed, channels=3):
    keras.utils.set_random_seed(seed)
    model = build_dcgan_generator(32, channels, max_channels=16, latent_dim=8)
    for variable in model.variables:  # moving statistics and biases too, so that a swap would show
        variable.assign(variable + RNG.standard_normal(variable.shape) * 0.02)
    return model


def small_model(head=2):
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(head, name="logits")(x))


def values(model):
    return {p: v.numpy() for leaf in leaves(model) for p, v in zip(leaf.variable_paths(), leaf.variables, strict=True)}


def assert_unchanged(model, before):
    for path, array in values(model).items():
        np.testing.assert_array_equal(array, before[path], err_msg=path)


def npz(model, folder):
    np.savez(folder / "w.npz", **values(model))
    return folder / "w.npz"


def keras_file(model, folder):
    model.save(folder / "w.keras")
    return folder / "w.keras"


def weights_file(model, folder):
    model.save_weights(folder / "w.weights.h5")
    return str(folder / "w.weights.h5")


def checkpoint(model, folder):
    return tf.train.Checkpoint(net=model).save(folder / "ckpt")


def saved_model(model, folder):
    model.export(folder / "served", verbose=False)
    return folder / "served"


@pytest.mark.parametrize(
    "write",
    [lambda model, _: model, lambda model, _: values(model), npz, keras_file, weights_file, checkpoint, saved_model],
    ids=["model", "dict", "npz", "keras", "weights.h5", "checkpoint", "saved_model"],
)
def test_every_source_gives_the_same_model(write, tmp_path):
    source, model = small_generator(0), small_generator(1)
    assert not np.allclose(model(LATENTS), source(LATENTS))
    report = load_matching_weights(model, write(source, tmp_path))
    assert report.loaded == list(values(model)) and len(report.rows) == len(report.loaded)
    assert_unchanged(model, values(source))
    np.testing.assert_array_equal(model(LATENTS), source(LATENTS))


def test_gan_is_set_from_its_file_without_average_optimizers_and_flags(source_file):
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=16, min_channels=8))
    gan.compile()
    freeze(gan, {"generator/block_8/.*": False})
    flags = [row.trainable for row in trainable_report(gan).rows]
    others = [v.numpy() for v in (*gan.ema_generator.variables, *gan.g_optimizer.variables, gan.step)]
    report = load_matching_weights(gan, source_file)
    assert not (report.missing or report.unexpected or report.mismatched)
    assert_unchanged(gan, values(keras.models.load_model(source_file)))
    assert [row.trainable for row in trainable_report(gan).rows] == flags
    after = [v.numpy() for v in (*gan.ema_generator.variables, *gan.g_optimizer.variables, gan.step)]
    assert all(np.array_equal(a, b) for a, b in zip(others, after, strict=True))


def test_one_network_of_a_gan_file_goes_by_renaming_and_skipping(source_file):
    model = build_dcgan_generator(32, latent_dim=16, max_channels=16, min_channels=8)
    with pytest.raises(UserError, match=r"Try rename=\[\('generator/\(\.\*\)', '\\\\1'\)\]"):
        load_matching_weights(model, source_file)
    report = load_matching_weights(model, source_file, [("generator/(.*)", r"\1")], ["discriminator/.*"])
    assert report.loaded == list(values(model))
    assert report.unexpected and all(name.startswith("discriminator/") for name in report.unexpected)
    assert_unchanged(model, values(keras.models.load_model(source_file).generator))


def test_first_rename_that_matches_decides():
    model, source = small_model(), small_model()
    weights = {f"net/{path}": array for path, array in values(source).items()} | {"net/ema": np.ones(2)}
    rename = [("net/ema", "unused"), ("net/(.*)", r"\1"), ("net/logits/bias", "hidden/bias")]
    report = load_matching_weights(model, weights, rename, ["unused"])
    assert report.unexpected == ["unused"] and report.to_dict()["renamed"]["net/logits/bias"] == "logits/bias"
    assert_unchanged(model, values(source))


def test_anything_without_a_partner_is_an_error_and_changes_nothing():
    model = small_model()
    before, weights = values(model), values(small_model(head=5))
    weights["hidden/kernels"] = weights.pop("hidden/kernel")
    message = (
        r"weights='1 loaded, 0 adapted, 1 missing, 1 unexpected, 2 mismatched'\. "
        r".*hidden/kernel \(nearest: hidden/kernels\)"
        r".*logits/kernel is 4 x 2, weights 4 x 5; logits/bias is 2, weights 5.*rename=.*skip="
    )
    with pytest.raises(UserError, match=message):
        load_matching_weights(model, weights)
    assert_unchanged(model, before)
    with pytest.raises(UserError, match="0 missing, 0 unexpected, 1 mismatched"):
        load_matching_weights(model, weights, [("hidden/kernels", "hidden/kernel")], ["logits/bias"])
    assert_unchanged(model, before)


def test_what_skip_names_stays_and_is_reported():
    model, source = small_model(), small_model(head=5)
    before = values(model)
    report = load_matching_weights(model, source, skip=["logits/.*"])
    assert report.loaded == ["hidden/kernel", "hidden/bias"]
    assert report.mismatched == [("logits/kernel", (4, 2), (4, 5)), ("logits/bias", (2,), (5,))]
    assert_unchanged(model, before | {path: values(source)[path] for path in report.loaded})


def test_skip_does_not_keep_what_fits_from_being_loaded():
    model, source = small_model(), small_model()
    assert load_matching_weights(model, source, skip=[".*"]).loaded == list(values(model))
    assert_unchanged(model, values(source))


def test_patterns_that_fit_nothing_are_refused():
    model = small_model()
    with pytest.raises(UserError, match=r"`rename` must be .*rename='hiden'\. Nearest names: hidden"):
        load_matching_weights(model, model, [("hiden", "hidden")])
    with pytest.raises(UserError, match=r"`skip` must be .*skip='logits'\. Nearest names: logits/"):
        load_matching_weights(model, model, skip=["logits"])


def test_two_arrays_for_one_variable_are_refused_unless_they_are_equal():
    model, weights = small_model(), values(small_model())
    with pytest.raises(UserError, match=r"one array for each variable.*'hidden/bias'.*Both 'hidden/bias' and 'old'"):
        load_matching_weights(model, weights | {"old": np.ones(4)}, [("old", "hidden/bias")])
    same = weights | {"old": weights["hidden/bias"]}
    assert len(load_matching_weights(model, same, [("old", "hidden/bias")]).loaded) == 4


def test_spectral_normalisation_comes_back_from_a_weights_file(tmp_path):
    def build():
        inputs = keras.Input((4, 4, 3))
        conv = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3, name="inside"), name="conv")
        return keras.Model(inputs, conv(inputs))

    source, model = build(), build()
    source(RNG.standard_normal((2, 4, 4, 3)), training=True)
    report = load_matching_weights(model, weights_file(source, tmp_path))
    assert sorted(report.loaded) == ["conv/bias", "conv/kernel", "conv/vector_u"]
    assert_unchanged(model, values(source))


def test_values_are_cast_where_the_kind_allows():
    dense = keras.layers.Dense(2, name="logits", dtype="bfloat16")
    counter = keras.layers.Dense(1, name="counter")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [dense(inputs), counter(inputs)])
    weights = {"logits/kernel": np.full((3, 2), 1.5, "float64"), "logits/bias": np.array([1, 2]),
               "counter/kernel": np.ones((3, 1), "float16"), "counter/bias": np.array([True])}  # fmt: skip
    load_matching_weights(model, weights)
    assert keras.backend.standardize_dtype(dense.kernel.dtype) == "bfloat16"
    np.testing.assert_array_equal(np.asarray(dense.kernel.numpy(), "float32"), np.full((3, 2), 1.5))
    np.testing.assert_array_equal(counter.bias.numpy(), [1.0])


def test_numbers_that_would_lose_their_meaning_are_refused():
    class Counting(keras.layers.Layer):
        def build(self, _):
            self.count = self.add_weight(shape=(2,), dtype="int32", initializer="zeros", name="count")

    layer = Counting(name="counting")
    layer.build(None)
    with pytest.raises(UserError, match=r"numbers that fit counting/count, int32\. Received: weights='float32'"):
        load_matching_weights(layer, {"counting/count": np.ones(2, "float32")})
    load_matching_weights(layer, {"counting/count": np.array([3, 4])})
    np.testing.assert_array_equal(layer.count.numpy(), [3, 4])


def test_mirrored_variables_are_set_on_every_replica(two_cpus):
    source = small_model()
    with two_cpus.scope():
        model = small_model()
    load_matching_weights(model, source)
    for variable, expected in zip(model.variables, source.variables, strict=True):
        for copy in two_cpus.experimental_local_results(variable.value):
            np.testing.assert_array_equal(copy.numpy(), expected.numpy())


def image_to_image(channels, transposed=False):
    """Reads and makes images; what lies between them is alike whatever the channels."""
    x = inputs = keras.Input((6, 6, channels))
    x = keras.layers.Conv2D(3, 3, activation="relu", bias_initializer="ones", name="first")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="each")(x)
    last = keras.layers.Conv2DTranspose if transposed else keras.layers.Conv2D
    x = last(channels, 3, bias_initializer=keras.initializers.RandomNormal(seed=3), name="last")(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("transposed", [False, True])
def test_rgb_weights_in_a_grey_model_read_grey_as_before_and_make_the_mean(transposed):
    colour, grey = image_to_image(3, transposed), image_to_image(1, transposed)
    report = load_matching_weights(grey, colour, adapt_channels=True)
    assert report.adapted == ["first/kernel", "last/kernel", "last/bias"]
    assert report.loaded == ["first/bias", "each/kernel", "each/bias"]
    sample_images = RNG.uniform(-1, 1, (4, 6, 6, 1)).astype("float32")
    expected = np.mean(colour(np.repeat(sample_images, 3, -1)), axis=-1, keepdims=True)
    np.testing.assert_allclose(grey(sample_images), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("transposed", [False, True])
def test_grey_weights_in_an_rgb_model_make_the_same_image_in_rgb(transposed):
    grey, colour = image_to_image(1, transposed), image_to_image(3, transposed)
    assert len(load_matching_weights(colour, grey, adapt_channels=True).adapted) == 3
    sample_images = RNG.uniform(-1, 1, (4, 6, 6, 1)).astype("float32")
    expected = np.repeat(grey(sample_images), 3, -1)
    np.testing.assert_allclose(colour(np.repeat(sample_images, 3, -1)), expected, rtol=1e-5, atol=1e-6)


def test_gan_changes_from_rgb_to_grey_and_back():
    source = small_generator(0)
    grey = small_generator(1, channels=1)
    report = load_matching_weights(grey, source, adapt_channels=True)
    assert report.adapted == ["to_image/kernel", "to_image/bias"]
    for model in (source, grey):
        model.get_layer("to_image").activation = keras.activations.linear
    np.testing.assert_allclose(grey(LATENTS), np.mean(source(LATENTS), -1, keepdims=True), rtol=1e-4, atol=1e-5)
    grey.get_layer("to_image").activation = keras.activations.tanh
    assert np.std(grey(LATENTS)) > 0.01
    back = small_generator(2)
    load_matching_weights(back, grey, adapt_channels=True)
    np.testing.assert_allclose(back(LATENTS), np.repeat(grey(LATENTS), 3, -1), rtol=1e-5, atol=1e-6)


def test_channels_are_not_changed_unasked_but_offered():
    grey = small_generator(1, channels=1)
    before = values(grey)
    with pytest.raises(UserError, match=r"to_image/kernel is 3 x 3 x 32 x 1, .*adapt_channels=True changes"):
        load_matching_weights(grey, small_generator(0))
    assert_unchanged(grey, before)


def test_names_of_a_graph_tell_transposed_convolutions():
    class Graph(keras.layers.Layer):
        def build(self, _):
            shapes = {"to_rgb_transpose": (3, 3, 1, 4), "from_rgb": (3, 3, 1, 4)}
            self.all = [self.add_weight(shape=shape, name=name) for name, shape in shapes.items()]

    layer = Graph(name="graph")
    layer.build(None)
    weights = {f"graph/{name}": np.ones((3, 3, 3, 4)) for name in ("to_rgb_transpose", "from_rgb")}
    load_matching_weights(layer, weights, adapt_channels=True)
    assert [float(v.numpy().mean()) for v in layer.all] == [1.0, 3.0]  # the mean of what makes, the sum of what reads


def test_where_weights_came_from_is_noted(tmp_path):
    source, model = small_model(head=5), small_model()
    path = npz(source, tmp_path)
    load_matching_weights(model, path, skip=["logits/.*"])
    assert [source_of(v) for v in model.variables] == ["w.npz", "w.npz", "new", "new"]
    load_matching_weights(model, values(small_model()))
    assert {source_of(v) for v in model.variables} == {"memory"}
    note_source(source, "a preset")
    load_matching_weights(model, source, skip=["logits/.*"])
    assert [source_of(v) for v in model.variables] == ["a preset", "a preset", "memory", "memory"]


def test_model_that_can_not_be_named_apart_or_is_empty_is_refused():
    class Twins(keras.layers.Layer):
        def __init__(self):
            super().__init__(name="twins")
            self.parts = [keras.layers.Dense(1, name="same"), keras.layers.Dense(1, name="same")]

        def build(self, input_shape):
            for dense in self.parts:
                dense.build(input_shape)

    twins = Twins()
    twins.build((None, 2))
    with pytest.raises(UserError, match=r"variables have different paths\. Received: model='same/kernel'"):
        load_matching_weights(twins, {})
    with pytest.raises(UserError, match=r"`model` must be a model with weights.*call it on a batch"):
        load_matching_weights(keras.Sequential([keras.layers.Dense(2)]), {})
    with pytest.raises(UserFileError, match="an existing file or folder"):
        load_matching_weights(small_model(), "absent.npz")

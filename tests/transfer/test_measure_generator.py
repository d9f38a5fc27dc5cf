import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.measure_generator import interfaces, measure_generator, named_leaves, pixel_range
from tests.saved_model_fixtures import SIZE, folder_of, latents, made

Z = tf.TensorSpec((None, SIZE), tf.float32, name="z")


def draw(count, size):
    return np.random.default_rng(0).standard_normal((count, size)).astype(np.float32)


def measure(name):
    folder, painters = made("painters")
    return measure_generator(tf.saved_model.load(f"{folder}/{name}"), name, draw), painters[name]


@pytest.fixture
def module(tmp_path):
    """Function: saves a function as the call of a SavedModel, and returns what is loaded of it."""

    def save_and_load(function, *specs):
        root = tf.Module()
        root.__call__ = tf.function(function, input_signature=specs)
        tf.saved_model.save(root, str(tmp_path / "made"))
        return tf.saved_model.load(str(tmp_path / "made"))

    return save_and_load


@pytest.mark.parametrize(("name", "size", "channels", "classes", "bounds"), [
    ("plain", 8, 3, 0, (-1.0, 1.0)), ("unit", 8, 1, 7, (0.0, 1.0)), ("bytes", 8, 3, 0, (0.0, 255.0)),
    ("one_hot", 8, 3, 7, (0.0, 255.0)), ("lists", 4, 3, 5, (-1.0, 1.0)),
])  # fmt: skip
def test_spec_is_measured(name, size, channels, classes, bounds):
    spec = measure(name)[0].spec
    assert (spec.image_size, spec.channels, spec.num_classes, spec.pixel_range) == (size, channels, classes, bounds)
    assert (spec.latent_dim, spec.source) == (SIZE, name)


@pytest.mark.parametrize(("name", "roles"), [
    ("plain", {"z": "latents"}), ("unit", {"z": "latents", "label": "class ids"}), ("bytes", {"noise": "latents"}),
    ("one_hot", {"z": "latents", "y": "one-hot classes", "truncation": "truncation"}),
    ("lists", {"args_0/0": "latents", "args_0/1": "class ids"}),
])  # fmt: skip
def test_each_input_has_its_role(name, roles):
    assert measure(name)[0].roles == roles


def test_pictures_are_those_of_the_maker_in_the_model_range():
    z, labels = latents(5), np.array([0, 6, 3, 3, 1])
    found, maker = measure("plain")
    np.testing.assert_allclose(found(z), maker(z), atol=1e-6)
    found, maker = measure("unit")
    np.testing.assert_allclose(found(z, labels), maker(z, labels)["image"] * 2 - 1, atol=1e-6)
    found, maker = measure("one_hot")
    expected = maker.make(z, np.eye(7, dtype=np.float32)[labels], 0.5)["default"] / 127.5 - 1
    np.testing.assert_allclose(found(z, labels, truncation=0.5), expected, atol=1e-5)
    found, maker = measure("lists")
    np.testing.assert_allclose(found(z, labels % 5), maker([z, labels % 5]), atol=1e-5)


def test_fixed_batch_is_filled_and_cut():
    found, maker = measure("bytes")
    z = latents(6)
    expected = np.concatenate([maker.serve(z[:4]), maker.serve(np.pad(z[4:], ((0, 2), (0, 0))))[:2]])
    assert found.batch == 4 and found.raw(z).shape == (6, 8, 8, 3)
    np.testing.assert_array_equal(found.raw(z), expected)


@pytest.mark.parametrize(("low", "high", "bounds"), [
    (-1, 1, (-1.0, 1.0)), (-0.5, 0.3, (-1.0, 1.0)), (-1.4, 1.6, (-1.0, 1.0)), (0, 1, (0.0, 1.0)),
    (-0.1, 1.1, (0.0, 1.0)), (0, 255, (0.0, 255.0)), (-9, 270, (0.0, 255.0)), (-128, 127, None), (-9, 1, None),
    (float("nan"), 1, None), (0, float("inf"), None),
])  # fmt: skip
def test_pixel_range_is_decided_by_the_extremes(low, high, bounds):
    assert pixel_range(low, high) == bounds


def test_reasons_tell_where_each_fact_comes_from():
    reasons = measure("unit")[0].reasons
    assert "input 'z'" in reasons["latent_dim"] and "output 'image'" in reasons["image_size"]
    assert reasons["pixel_range"].startswith("16 samples lie in [0") and "6 is the last" in reasons["num_classes"]
    assert reasons["repeatable"].startswith("the same latents gave the same")
    assert "input 'truncation'" in measure("one_hot")[0].reasons["truncation"]


def test_generator_with_a_draw_of_its_own_is_not_called_repeatable(module):
    def noisy(z):
        return tf.tanh(tf.random.normal((tf.shape(z)[0], 4, 4, 3)) + tf.reduce_mean(z))

    assert measure_generator(module(noisy, Z), "noisy", draw).reasons["repeatable"].startswith("no: ")


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_classes_of_a_silent_one_hot_are_counted(module, count):
    def picture(z, label):
        number = tf.cast(tf.argmax(tf.one_hot(label, count), 1), tf.float32)
        known = tf.reduce_max(tf.one_hot(label, count), 1)
        return (
            tf.tanh(tf.reshape(z[:, :3], (-1, 1, 1, 3))) * 0.9 + tf.reshape(known * (number + 1), (-1, 1, 1, 1)) * 1e-4
        )

    found = measure_generator(module(picture, Z, tf.TensorSpec((None,), tf.int64)), "a", draw)
    assert found.spec.num_classes == count


def test_samples_outside_of_every_range_are_refused(module):
    with pytest.raises(checks.UserError, match=r"\[-1, 1\], \[0, 1\] or \[0, 255\].*16 samples lie in \[-"):
        measure_generator(module(lambda z: tf.reshape(z[:, :3], (-1, 1, 1, 3)) * 1e4, Z), "wild", draw)


@pytest.mark.parametrize(("kind", "text"), [
    ("tf1", r"It offers serving_default\(z: float32 \(None, 6\)\) -> \(image: float32 \(None, 4\)\)\."),
    ("module", r"__call__\(x: float32 \(None, 6\)\) -> \(float32 \(None, 4\)\); weight_loss\(\) -> "),
])  # fmt: skip
def test_what_is_no_generator_is_refused_with_its_inputs_and_outputs(kind, text):
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel with latents.*" + text):
        measure_generator(tf.saved_model.load(str(folder_of(kind))), "some/folder", draw)


@pytest.mark.parametrize("function", [
    lambda z: tf.reshape(z, (-1, 1, 2, 3)), lambda z: tf.reshape(z, (-1, 1, 1, 6)), lambda z: tf.reshape(z, (-1, 6)),
])  # fmt: skip
def test_outputs_that_are_no_square_pictures_are_refused(module, function):
    with pytest.raises(checks.UserError, match="square pictures"):
        measure_generator(module(function, Z), "flat", draw)


def test_graph_that_fails_is_named(module):
    def fails(z):
        return tf.debugging.check_numerics(tf.reshape(z, (-1, 1, 2, 3))[:, :, :1] / 0.0, "all is lost")

    with pytest.raises(checks.UserError, match="'__call__' failed: .*all is lost"):
        measure_generator(module(fails, Z), "broken", draw)


def test_module_of_tensorflow_1_with_unknown_sizes_is_measured(tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        z, y = v1.placeholder(tf.float32, (None, SIZE), name="z"), v1.placeholder(tf.float32, (None, 5), name="y")
        truncation = v1.placeholder_with_default(1.0, (), name="truncation")
        w = v1.get_variable("generator/w", (SIZE + 5, 12), use_resource=False)
        images = tf.tanh(tf.matmul(tf.concat([z, y], 1), w) * truncation * 3.0)
        images = tf.reshape(images, tf.concat([tf.shape(images)[:1], [2, 2, 3]], 0))
        images = v1.placeholder_with_default(images, (None, None, None, 3))
        session.run(v1.global_variables_initializer())
        inputs = {"z": z, "y": y, "truncation": truncation}
        v1.saved_model.simple_save(session, f"{tmp_path}/gan", inputs, {"default": images})
        expected = session.run(images, {z: latents(3), y: np.eye(5)[[4, 0, 2]], truncation: 0.5})
    found = measure_generator(tf.saved_model.load(f"{tmp_path}/gan"), "gan", draw)
    spec = found.spec
    assert (spec.image_size, spec.channels, spec.num_classes, spec.pixel_range) == (2, 3, 5, (-1.0, 1.0))
    np.testing.assert_allclose(found(latents(3), np.array([4, 0, 2]), 0.5), expected, atol=1e-5)


def test_interfaces_list_functions_and_signatures():
    found = interfaces(tf.saved_model.load(str(folder_of("module"))))
    assert found[0] == {
        "name": "__call__", "kind": "function", "mode": "training=False", "inputs": {"x": "float32 (None, 6)"},
        "outputs": {"": "float32 (None, 4)"},
    }  # fmt: skip
    assert {(one["name"], one["kind"], one["mode"]) for one in found[1:]} == {
        ("__call__", "function", "training=True"), ("weight_loss", "function", ""),
        ("serving_default", "signature", ""),
    }  # fmt: skip


def test_leaves_are_named_by_their_way():
    assert named_leaves({"a": [1, {"b": 2}], "c": 3}) == [("a/0", 1), ("a/1/b", 2), ("c", 3)]
    assert named_leaves(7) == [("", 7)]

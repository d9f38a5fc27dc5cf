import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.measure import measure_generator
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import SIZE, folder_of, latents, saved
from tests.transfer.saved_model.measuring import Z, draw, measured


@pytest.mark.parametrize(("name", "size", "channels", "classes", "bounds"), [
    ("plain", 8, 3, 0, (-1.0, 1.0)), ("unit", 8, 1, 7, (0.0, 1.0)), ("bytes", 8, 3, 0, (0.0, 255.0)),
    ("one_hot", 8, 3, 7, (0.0, 255.0)), ("lists", 4, 3, 5, (-1.0, 1.0)),
])  # fmt: skip
def test_spec_is_measured(name, size, channels, classes, bounds):
    spec = measured(name)[0].spec
    assert (spec.image_size, spec.channels, spec.num_classes, spec.pixel_range) == (size, channels, classes, bounds)
    assert (spec.latent_dim, spec.source) == (SIZE, name)


@pytest.mark.parametrize(("name", "roles"), [
    ("plain", {"z": "latents"}), ("unit", {"z": "latents", "label": "class ids"}), ("bytes", {"noise": "latents"}),
    ("one_hot", {"z": "latents", "y": "one-hot classes", "truncation": "truncation"}),
    ("lists", {"args_0/0": "latents", "args_0/1": "class ids"}),
])  # fmt: skip
def test_each_input_has_its_role(name, roles):
    assert measured(name)[0].roles == roles


def test_reasons_tell_where_each_fact_comes_from():
    reasons = measured("unit")[0].reasons
    assert reasons["latent_dim"] == "input 'z', float32 (None, 6)" and "output 'image'" in reasons["image_size"]
    assert reasons["pixel_range"].startswith("16 samples lie in [0") and "6 is the last" in reasons["num_classes"]
    assert reasons["repeatable"].startswith("the same latents gave the same")
    assert "input 'truncation'" in measured("one_hot")[0].reasons["truncation"]


def test_generator_with_a_draw_of_its_own_is_not_called_repeatable(module):
    def noisy(z):
        return tf.tanh(tf.random.normal((tf.shape(z)[0], 4, 4, 3)) + tf.reduce_mean(z))

    assert measure_generator(module(noisy, Z), "noisy", draw).reasons["repeatable"].startswith("no: ")


def test_low_contrast_around_zero_is_taken_for_the_model_range(module):
    found = measure_generator(module(lambda z: tf.reshape(z[:, :3], (-1, 1, 1, 3)) * 0.02, Z), "faint", draw)
    assert found.spec.pixel_range == (-1.0, 1.0) and "of their weight below zero" in found.reasons["pixel_range"]


def test_samples_outside_of_every_range_are_refused(module):
    with pytest.raises(checks.UserError, match=r"\[-1, 1\], \[0, 1\] or \[0, 255\].*16 samples lie in \[-"):
        measure_generator(module(lambda z: tf.reshape(z[:, :3], (-1, 1, 1, 3)) * 1e4, Z), "wild", draw)


@pytest.mark.parametrize(("kind", "text"), [
    ("tf1", r"It offers serving_default\(z: float32 \(None, 6\)\) -> \(image: float32 \(None, 4\)\)\."),
    ("module", r"__call__\(x: float32 \(None, 6\)\) -> \(float32 \(None, 4\)\); weight_loss\(\) -> "),
])  # fmt: skip
def test_what_is_no_generator_is_refused_with_its_inputs_and_outputs(kind, text):
    with pytest.raises(checks.UserError, match="`source` must be a generator with latents.*" + text):
        measure_generator(tf.saved_model.load(str(folder_of(kind))), "some/folder", draw)


@pytest.mark.parametrize(("function", "why"), [
    (lambda z: tf.reshape(z, (-1, 1, 2, 3)), "makes images of 2 x 1 pixels, and only square ones can be used"),
    (lambda z: tf.reshape(tf.tile(z, [1, 30]), (-1, 6, 6, 5)), r"has the shape \(1, 6, 6, 5\): no axis of it holds"),
    (lambda z: tf.reshape(z, (-1, 6)), r"It offers __call__\(z: float32 \(None, 6\)\)"),
])  # fmt: skip
def test_outputs_that_are_no_square_images_are_refused_with_the_reason(module, function, why):
    with pytest.raises(checks.UserError, match=f"square images.*{why}"):
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


def rendered(z, layout):
    """Images of 2 x 2 in [-1, 1] of 6 latents, in a layout; the last of four channels is alpha."""
    images = tf.tanh(tf.reshape(tf.tile(z * 3.0, [1, 3])[:, :16], (-1, 2, 2, 4)))
    made = {"NHWC": images[..., :3], "RGBA": images, "grey and alpha": images[..., 2:]}
    return made[layout] if layout in made else tf.transpose(images[..., :3], (0, 3, 1, 2))


@pytest.mark.parametrize(("layout", "channels"), [("NHWC", 3), ("NCHW", 3), ("RGBA", 3), ("grey and alpha", 1)])
def test_every_layout_becomes_opaque_nhwc(module, layout, channels):
    found = measure_generator(module(lambda z: rendered(z, layout), Z), layout, draw)
    z = latents(5)
    images = np.asarray(rendered(z, "RGBA" if channels == 3 else "grey and alpha"))
    opaque = (images[..., -1:] + 1) / 2 if "A" in layout[-1:] or "alpha" in layout else 1.0
    expected = images[..., :channels] * opaque + 1 - opaque
    assert (found.spec.channels, found.spec.pixel_range, found(z).shape) == (channels, (-1.0, 1.0), (5, 2, 2, channels))
    np.testing.assert_allclose(found(z), expected, atol=1e-6)
    graph = tf.function(lambda z: found.images(found.endpoint.call(found.inputs(z, tf.zeros(5, tf.int32)))))
    np.testing.assert_allclose(graph(z), expected, atol=1e-6)


def test_latents_of_four_axes_and_float_labels_are_filled(module):
    def image(z, label):
        return tf.tanh(tf.reshape(z, (-1, 1, 1, 3)) + label[:, None, None] / 100.0)

    loaded = module(image, tf.TensorSpec((None, 3, 1, 1)), tf.TensorSpec((None, 1), name="label"))
    found = measure_generator(loaded, "four", draw, SpecOverrides(labels=10))
    z, labels = latents(4)[:, :3], np.array([0, 9, 5, 1])
    assert (found.spec.latent_dim, found.spec.num_classes) == (3, 10)
    np.testing.assert_allclose(found(z, labels)[:, 0, 0], np.tanh(z + labels[:, None] / 100), atol=1e-6)
    found = measure_generator(loaded, "four", draw)
    assert found.spec.num_classes == 1 and "takes any number" in found.reasons["num_classes"]


def test_given_facts_take_the_place_of_measured_ones(module):
    def image(z, label):
        return tf.sigmoid(tf.reshape(z[:, :3], (-1, 1, 1, 3))) * 0.2 + 0.5 + tf.reshape(0 * label, (-1, 1, 1, 1))

    specs = (tf.TensorSpec((None, None), name="z"), tf.TensorSpec((None,)))
    given = SpecOverrides(latent_dim=5, latent_distribution="uniform", labels=4, pixel_range="-1,1")
    seen = []

    def normals(count, size):
        seen.append(draw(count, size) * 100)
        return seen[-1]

    found = measure_generator(module(image, *specs), "given", normals, given)
    spec = found.spec
    assert (spec.latent_dim, spec.distribution, spec.num_classes, spec.pixel_range) == (5, "uniform", 4, (-1.0, 1.0))
    assert seen[-1].shape == (16, 5)
    assert found.reasons["pixel_range"].startswith("given with pixel_range= (--pixel-range); 16 samples lie in [0.5")
    assert all(found.reasons[name].startswith("given with") for name in ("latent_dim", "distribution", "num_classes"))
    assert found.reasons["distribution"] == "given with latent_distribution= (--latent-distribution)"
    # Draws of 100 standard deviations end at the edges of the uniform distribution: sigmoid(-1) and sigmoid(1).
    low, high = (float(x) for x in found.reasons["pixel_range"].split("[")[1].rstrip("]").split(","))
    np.testing.assert_allclose([low, high], [0.5538, 0.6462], atol=1e-4)
    with pytest.raises(checks.UserError, match="`latent_dim` must be given.*--latent-dim"):
        measure_generator(module(image, *specs), "open", draw, SpecOverrides(labels=4))


@pytest.mark.parametrize(("name", "given", "text"), [
    ("plain", {"latent_dim": 7}, "`latent_dim` must be 6, the length"),
    ("unit", {"labels": "one-hot"}, "`labels` must be"),
    ("unit", {"labels": 2**31}, "`labels` must be a number of classes that the input 'label' takes"),
    ("one_hot", {"labels": 8}, "`labels` must be 'one-hot' or 7"), ("plain", {"labels": 2}, "`labels` must be 'none'"),
    ("plain", {"pixel_range": "0,1"}, r"`pixel_range` must be that of the images: 16 samples lie in \[-"),
    ("bytes", {"pixel_range": "-1,1"}, "`pixel_range` must be that of the images: they are uint8"),
    ("one_hot", {"pixel_range": "0,1"}, "`pixel_range` must be that of the images"),
])  # fmt: skip
def test_given_facts_that_cannot_be_are_refused(name, given, text):
    folder, _ = saved("renderers")
    with pytest.raises(checks.UserError, match=text):
        measure_generator(tf.saved_model.load(f"{folder}/{name}"), name, draw, SpecOverrides(**given))


def test_labels_choose_among_functions(tmp_path):
    def image(z, label=0):
        shift = tf.cast(label, tf.float32) * tf.zeros((tf.shape(z)[0],))
        return tf.tanh(tf.reshape(z, (-1, 1, 2, 3)))[:, :, :1] + tf.reshape(shift, (-1, 1, 1, 1))

    root = tf.Module()
    root.__call__ = tf.function(lambda z: image(z), input_signature=[Z])
    root.classed = tf.function(image, input_signature=[Z, tf.TensorSpec((None,), tf.int32, name="label")])
    tf.saved_model.save(root, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    chosen = [measure_generator(loaded, "two", draw, SpecOverrides(labels=given)) for given in (None, "none", 3)]
    assert [found.endpoint.name for found in chosen] == ["__call__", "__call__", "classed"]
    assert [found.spec.num_classes for found in chosen] == [0, 0, 3]

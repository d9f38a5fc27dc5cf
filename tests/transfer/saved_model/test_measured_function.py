import numpy as np

from tests.saved_model_fixtures import latents
from tests.transfer.saved_model.measuring import measured


def test_images_are_those_of_the_renderer_in_the_model_range():
    z, labels = latents(5), np.array([0, 6, 3, 3, 1])
    function, renderer = measured("plain")
    np.testing.assert_allclose(function(z), renderer(z), atol=1e-6)
    function, renderer = measured("unit")
    np.testing.assert_allclose(function(z, labels), renderer(z, labels)["image"] * 2 - 1, atol=1e-6)
    function, renderer = measured("one_hot")
    expected = renderer.make(z, np.eye(7, dtype=np.float32)[labels], 0.5)["default"] / 127.5 - 1
    np.testing.assert_allclose(function(z, labels, truncation=0.5), expected, atol=1e-5)
    function, renderer = measured("lists")
    np.testing.assert_allclose(function(z, labels % 5), renderer([z, labels % 5]), atol=1e-5)


def test_fixed_batch_is_filled_and_cut():
    function, renderer = measured("bytes")
    z = latents(6)
    expected = np.concatenate([renderer.serve(z[:4]), renderer.serve(np.pad(z[4:], ((0, 2), (0, 0))))[:2]])
    assert function.batch == 4 and function.raw(z).shape == (6, 8, 8, 3)
    np.testing.assert_array_equal(function.raw(z), expected)


def test_inputs_and_outputs_of_one_call_are_those_of_the_graph():
    function, renderer = measured("one_hot")
    z, labels = latents(3), np.array([6, 0, 2])
    inputs = function.inputs(z, labels, truncation=0.5)
    np.testing.assert_array_equal(inputs["y"], np.eye(7)[labels])
    outputs = function.outputs(z, labels, truncation=0.5)
    np.testing.assert_allclose(outputs, renderer.make(inputs["z"], inputs["y"], 0.5)["default"], rtol=1e-5)
    np.testing.assert_allclose(function.images(outputs), function(z, labels, 0.5), atol=1e-6)
    assert function.takes_labels and not measured("plain")[0].takes_labels
    assert (function.batch, function.output) == (None, "")

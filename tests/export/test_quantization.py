import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.quantization import (
    QUANTIZATIONS,
    batches,
    example_rows,
    expected_outputs,
    layer_of,
    set_quantization,
    without_notices,
)
from keras_transfer_gen.recipes.models.export_formats import QUANTIZE
from tests.export.small_models import STYLE_SPEC, small_style_generator


def test_command_line_offers_every_quantization():
    assert tuple(QUANTIZATIONS) == QUANTIZE


def test_batches_are_whole():
    rows = {"latents": np.arange(10).reshape(5, 2), "labels": np.arange(5)}
    parts = list(batches(rows, 2))
    assert [part["labels"].tolist() for part in parts] == [[0, 1], [2, 3]]
    np.testing.assert_array_equal(parts[1]["latents"], [[4, 5], [6, 7]])


@pytest.mark.parametrize(("kind", "name", "shapes"), [
    ("labels", "serve", {"latents": (32, 6), "labels": (32,)}),
    ("vae", "encode", {"images": (32, 28, 28, 3)}),
    ("vae", "decode", {"latents": (32, 5)}),
])  # fmt: skip
def test_rows_are_like_those_in_use_and_always_the_same(servables, kind, name, shapes):
    rows, again, others = (example_rows(servables[kind], name, 32, seed) for seed in (1, 1, 2))
    assert {key: value.shape for key, value in rows.items()} == shapes
    for key in rows:
        np.testing.assert_array_equal(rows[key], again[key])
        assert np.abs(rows[key] - others[key]).max() > 0
    outputs = expected_outputs(servables[kind], name, rows)
    assert all(len(value) == 32 for value in outputs.values())


def test_truncations_are_those_in_use():
    servable = generator_servable(small_style_generator(), STYLE_SPEC)
    rows = example_rows(servable, "serve", 32, 1)
    assert set(rows) == {"latents", "labels", "truncation"} and rows["truncation"].shape == (32,)
    assert 0.5 <= rows["truncation"].min() < rows["truncation"].max() <= 1
    styles = example_rows(servable, "synthesize", 32, 1)
    mapping = servable.functions["map"]
    expected = mapping.compute(*(rows[entry.name] for entry in mapping.inputs))["w"]
    np.testing.assert_allclose(styles["w"], expected, atol=1e-5)


def test_latents_of_a_decoder_are_what_the_encoder_gives(servables, models):
    rows = example_rows(servables["vae"], "decode", 16, 1)["latents"]
    images = example_rows(servables["vae"], "encode", 16, 1)["images"]
    np.testing.assert_allclose(rows, models["vae"].encoder(images, training=False)[0], atol=1e-4)


def test_converter_is_told_what_each_kind_needs():
    class Converter:
        target_spec = tf.lite.TargetSpec()
        optimizations = ()

    rows = {"latents": np.zeros((4, 2), np.float32)}
    for name in ("none", "int8"):
        converter = Converter()
        set_quantization(converter, QUANTIZATIONS[name], rows, 2)
        assert bool(converter.optimizations) == (name == "int8")
    assert converter.target_spec.supported_ops[0] == tf.lite.OpsSet.TFLITE_BUILTINS_INT8
    assert [part["latents"].shape for part in converter.representative_dataset()] == [(2, 2), (2, 2)]


def test_layers_are_named_without_the_operator():
    assert layer_of("net/a/Relu;net/a/norm/mul;net/a/conv/convolution1") == "net/a/conv"
    assert layer_of("StatefulPartitionedCall:0") == "output"


def test_notices_of_deletion_alone_are_left_out():
    with without_notices(), pytest.warns(UserWarning, match="something else"):
        import warnings

        warnings.warn("\n  Warning: tf.lite.Interpreter is deprecated and", UserWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)

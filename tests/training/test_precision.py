import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan import build_dcgan_generator
from keras_transfer_gen.training import precision

Z = np.random.default_rng(0).normal(size=(4, 16)).astype(np.float32)


def make():
    keras.utils.set_random_seed(0)
    return build_dcgan_generator(32, latent_dim=16, width=16)


def test_bfloat16_changes_the_arithmetic_and_not_the_weights():
    generator = make()
    exact, before = generator(Z).numpy(), generator.get_weights()
    precision.set_precision(generator, "bfloat16")
    rough = generator(Z).numpy()
    assert rough.dtype == np.float32 and generator.get_layer("block_16").conv.compute_dtype == "bfloat16"
    assert 0 < np.abs(rough - exact).max() < 0.1
    assert generator.get_layer("to_image").compute_dtype == "float32"
    assert {variable.dtype for variable in generator.variables} == {"float32"}
    precision.set_precision(generator, "float32")
    np.testing.assert_array_equal(generator(Z), exact)
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))


def test_saved_precision_stores_float32_and_restores():
    generator = make()
    precision.set_precision(generator, "bfloat16")
    with precision.saved_precision([generator]):
        assert generator.get_layer("block_16").conv.dtype_policy.name == "float32"
    assert generator.get_layer("block_16").conv.dtype_policy.name == "mixed_bfloat16"


def test_choose_precision_measures_only_when_asked(monkeypatch):
    assert precision.choose_precision("float32", None, 8) == ("float32", {})
    times = {"float32": 2.0, "bfloat16": 1.0}
    monkeypatch.setattr(precision, "_seconds_a_step", lambda network, name, batch: times[name])
    assert precision.choose_precision("auto", None, 8) == ("bfloat16", times)


def test_choose_precision_times_a_copy():
    generator = make()
    before = generator.get_weights()
    chosen, seconds = precision.choose_precision("auto", generator, 4)
    assert chosen in seconds and min(seconds.values()) > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))


def test_precision_refuses_other_names():
    with pytest.raises(checks.UserError, match="`precision` must be one of 'float32', 'bfloat16'"):
        precision.set_precision(make(), "float16")
    with pytest.raises(checks.UserError, match="`precision` must be one of 'auto'"):
        precision.choose_precision("half", None, 8)

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan, build_dcgan_generator
from keras_transfer_gen.protocols import FixedDtype
from keras_transfer_gen.training import loss_scaling, precision
from keras_transfer_gen.training.gan import GAN

Z = np.random.default_rng(0).normal(size=(4, 16)).astype(np.float32)


def make():
    keras.utils.set_random_seed(0)
    return build_dcgan_generator(32, latent_dim=16, max_channels=16)


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


def test_precision_of_a_gan_is_that_of_both_networks_and_not_of_the_average():
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=8))
    precision.set_precision(gan, "bfloat16")
    for network in gan.roles.values():
        assert "bfloat16" in {layer.compute_dtype for layer in network.layers}
    assert {layer.compute_dtype for layer in gan.ema_generator.layers} == {"float32"}


def test_loaded_model_keeps_its_precision_under_another_global_policy(tmp_path):
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=8))
    precision.set_precision(gan, "bfloat16")
    gan.save(tmp_path / "gan.keras")
    expected = [layer.compute_dtype for layer in gan.discriminator._flatten_layers(include_self=False)]
    keras.config.set_dtype_policy("mixed_float16")
    try:
        twin = keras.models.load_model(tmp_path / "gan.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    layers = list(twin.discriminator._flatten_layers(include_self=False))
    assert [layer.compute_dtype for layer in layers][1:] == expected[
        1:
    ]  # the first is the input, which computes nothing
    assert not loss_scaling.computes_in_float16(twin.roles.values())
    np.testing.assert_array_equal(twin.generate(2), gan.generate(2))
    np.testing.assert_array_equal(twin.generate(2, average=False), gan.generate(2, average=False))


def test_averaged_generator_computes_in_float32_whatever_the_networks_do():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=8))
    finally:
        keras.config.set_dtype_policy("float32")
    assert gan.generator.get_layer("block_16").conv.compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in gan.ema_generator._flatten_layers()} == {"float32"}
    double = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="float64")])
    precision.compute_in_float32(double)
    assert double.layers[0].compute_dtype == "float64"


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
    assert precision.choose_precision("auto", make(), 8) == ("bfloat16", times)


def test_choose_precision_times_a_copy():
    generator = make()
    before = generator.get_weights()
    chosen, seconds = precision.choose_precision("auto", generator, 4)
    assert chosen in seconds and min(seconds.values()) > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))


def test_precision_refuses_other_names():
    with pytest.raises(checks.UserError, match="`precision` must be one of 'float32', 'bfloat16'"):
        precision.set_precision(make(), "half")
    with pytest.raises(checks.UserError, match="`precision` must be one of 'auto'"):
        precision.choose_precision("half", None, 8)


def make_gan():
    keras.utils.set_random_seed(0)
    return GAN(*build_dcgan(32, latent_dim=16, max_channels=16))


def test_float16_learns_what_float32_does_with_scaled_losses():
    changes = []
    for name in ("float32", "float16"):
        gan = make_gan()
        before = np.concatenate([part.ravel() for part in gan.generator.get_weights()])
        precision.set_precision(gan, name)
        gan.compile(penalty=None, g_optimizer=keras.optimizers.SGD(0.01), d_optimizer=keras.optimizers.SGD(0.01))
        scaled = isinstance(gan.g_optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == isinstance(gan.d_optimizer, keras.optimizers.LossScaleOptimizer) == (name == "float16")
        gan.fit(np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3), np.uint8), batch_size=8, verbose=0)
        changes.append(np.concatenate([part.ravel() for part in gan.generator.get_weights()]) - before)
        assert gan.generator.get_layer("block_16").conv.compute_dtype == name
    full, half = changes
    assert np.linalg.norm(full) > 0 and not np.array_equal(full, half)
    assert full @ half > 0.99 * np.linalg.norm(full) * np.linalg.norm(half)


def test_float16_without_scaled_losses_is_refused():
    gan = make_gan()
    gan.compile()
    with pytest.raises(checks.UserError, match="`precision` must be float32 or bfloat16 with this g_optimizer"):
        precision.set_precision(gan, "float16")
    assert gan.generator.get_layer("block_16").conv.compute_dtype == "float32"
    scaled = [loss_scaling.scaled_for(keras.optimizers.SGD(0.1), "float16") for _ in range(2)]
    gan.compile(g_optimizer=scaled[0], d_optimizer=scaled[1])
    precision.set_precision(gan, "float16")
    assert gan.generator.get_layer("block_16").conv.compute_dtype == "float16"


class Doubling(keras.layers.Layer):
    """A layer with types of its own, as a SavedModel is."""

    def call(self, inputs):
        return inputs * 2.0


def test_layer_with_types_of_its_own_keeps_them_and_nothing_is_measured():
    inputs = keras.Input((4,))
    FixedDtype.register(Doubling)
    x = Doubling(name="own")(inputs)
    network = keras.Model(inputs, keras.layers.Dense(2, name="last")(keras.layers.Dense(3, name="inner")(x)))
    precision.set_precision(network, "bfloat16")
    types = {layer.name: layer.compute_dtype for layer in network.layers[1:]}
    assert types == {"own": "float32", "inner": "bfloat16", "last": "float32"}
    assert precision.choose_precision("auto", network, 4) == ("float32", {})


def test_precision_of_a_generator_with_labels_is_measured():
    inputs = {"latents": keras.Input((4,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    x = inputs["latents"] + keras.layers.Embedding(3, 4)(inputs["labels"])
    network = keras.Model(inputs, keras.layers.Dense(2, name="last")(x))
    chosen, seconds = precision.choose_precision("auto", network, 4)
    assert chosen in seconds and set(seconds) == {"float32", "bfloat16"}

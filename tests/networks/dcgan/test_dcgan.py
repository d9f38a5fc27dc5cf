import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan import dcgan


@pytest.mark.parametrize(
    ("size", "sides"), [(28, [7, 14, 28]), (32, [4, 8, 16, 32]), (256, [4, 8, 16, 32, 64, 128, 256])]
)
def test_resolutions_double_up_to_the_image(size, sides):
    assert dcgan.resolutions(size) == sides


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 3), (128, 1), (256, 3)])
def test_networks_fit_each_other_at_every_size(size, channels):
    generator, discriminator = dcgan.build_dcgan(size, channels, latent_dim=8, max_channels=16, min_channels=4)
    z = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    images = generator(z)
    assert images.shape == (2, size, size, channels)
    assert float(keras.ops.max(keras.ops.abs(images))) <= 1.0
    assert discriminator(images).shape == (2, 1)


def test_paths_name_blocks_by_resolution():
    generator, discriminator = dcgan.build_dcgan(32, max_channels=16, min_channels=4)
    assert [layer.name for layer in generator.layers] == [
        "latents",
        "block_4",
        "block_8",
        "block_16",
        "block_32",
        "to_image",
    ]
    assert {"block_16/conv/kernel", "block_16/norm/gamma", "block_4/dense/kernel"} <= {
        v.path for v in generator.variables
    }
    assert [layer.name for layer in discriminator.layers if layer.weights] == [
        "block_32",
        "block_16",
        "block_8",
        "block_4",
        "logits",
    ]


def test_widths_halve_down_to_the_least():
    generator = dcgan.build_dcgan_generator(64, max_channels=64, min_channels=16)
    assert [generator.get_layer(f"block_{side}").filters for side in (4, 8, 16, 32, 64)] == [64, 32, 16, 16, 16]
    discriminator = dcgan.build_dcgan_discriminator(64, max_channels=64, min_channels=16)
    assert [discriminator.get_layer(f"block_{side}").filters for side in (64, 32, 16, 8)] == [16, 16, 32, 64]


def test_generator_upsamples_by_resize_and_convolution():
    kinds = {type(layer).__name__ for layer in dcgan.build_dcgan_generator(32, max_channels=8)._flatten_layers()}
    assert "Conv2D" in kinds and not any("Transpose" in kind for kind in kinds)


def test_up_block_equals_its_parts():
    rng = np.random.default_rng(1)
    features, latents = rng.normal(size=(2, 3, 3, 5)).astype(np.float32), rng.normal(size=(2, 6)).astype(np.float32)
    block = dcgan.UpBlock(4)
    found = block([features, latents], training=False)
    enlarged = features.repeat(2, axis=1).repeat(2, axis=2)
    style = latents @ block.modulation.kernel.numpy() + block.modulation.bias.numpy()
    scale, shift = style[:, None, None, :4], style[:, None, None, 4:]
    normed = block.norm(block.conv(enlarged), training=False).numpy()
    np.testing.assert_allclose(found, np.maximum(normed * (1 + scale) + shift, 0), atol=1e-5)


def test_discriminator_judges_each_image_alone_without_groups():
    discriminator = dcgan.build_dcgan_discriminator(32, max_channels=8)
    images = np.random.default_rng(2).normal(size=(4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(discriminator(images)[:2], discriminator(images[:2]), atol=1e-5)
    grouped = dcgan.build_dcgan_discriminator(32, max_channels=8, group_size=4)
    assert np.abs(np.asarray(grouped(images)[:2]) - np.asarray(grouped(images[[0, 1, 0, 1]])[:2])).max() > 0


def test_output_layers_stay_float32_under_a_mixed_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, discriminator = dcgan.build_dcgan(32, max_channels=8)
    finally:
        keras.config.set_dtype_policy("float32")
    assert generator.get_layer("to_image").compute_dtype == discriminator.get_layer("logits").compute_dtype == "float32"
    assert generator.get_layer("block_8").conv.compute_dtype == "bfloat16"


def test_network_survives_saving(tmp_path):
    generator = dcgan.build_dcgan_generator(28, channels=1, max_channels=8)
    generator.save(tmp_path / "g.keras")
    z = np.ones((2, 128), np.float32)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(z), generator(z))


@pytest.mark.parametrize("build", [dcgan.build_dcgan_generator, dcgan.build_dcgan_discriminator])
def test_builder_refuses_other_sizes(build):
    with pytest.raises(checks.UserError, match="`image_size` must be one of 28, 32, 64, 128, 256"):
        build(48)
    with pytest.raises(checks.UserError, match="`channels` must be one of 1, 3"):
        build(64, 2)


def test_refinement_begins_as_nothing_and_adds_a_convolution():
    inputs = np.random.default_rng(3).normal(size=(2, 5, 5, 4)).astype(np.float32)
    layer = dcgan.Refinement(4)
    np.testing.assert_array_equal(layer(inputs), inputs)
    layer.conv.kernel.assign(np.random.default_rng(4).normal(size=(3, 3, 4, 4)))
    added = layer.conv(inputs).numpy()
    np.testing.assert_allclose(layer(inputs), inputs + np.where(added > 0, added, 0.2 * added), atol=1e-6)


def test_refined_maps_are_those_of_8_to_32_pixels():
    generator, discriminator = dcgan.build_dcgan(64, max_channels=16, min_channels=4, refined=True)
    kernels = [variable.path for network in (generator, discriminator) for variable in network.variables]
    assert [path for path in kernels if path.endswith("refine/conv/kernel")] == [
        *(f"block_{side}/refine/conv/kernel" for side in (8, 16, 32)),  # the blocks of the generator, by what they give
        *(f"block_{side}/refine/conv/kernel" for side in (64, 32, 16)),  # of the discriminator, by what they take
    ]


def test_refined_blocks_learn_from_their_first_step():
    generator = dcgan.build_dcgan_generator(32, max_channels=8, refined=True)
    kernel = generator.get_layer("block_16").refine.conv.kernel
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(generator(np.ones((2, 128), np.float32)) ** 2)
    assert float(tf.reduce_max(tf.abs(tape.gradient(loss, kernel.value)))) > 0


def test_refined_network_survives_saving(tmp_path):
    generator = dcgan.build_dcgan_generator(28, channels=1, max_channels=8, refined=True)
    generator.get_layer("block_14").refine.conv.kernel.assign_add(np.full((3, 3, 32, 32), 0.1))
    generator.save(tmp_path / "g.keras")
    z = np.ones((2, 128), np.float32)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(z), generator(z))

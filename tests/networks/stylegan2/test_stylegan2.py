import keras
import numpy as np
import pytest

from keras_transfer_gen.networks.stylegan2 import stylegan2
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape

Z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
ONES = np.ones(3, np.float32)
SMALL = {"latent_dim": 6, "w_dim": 5, "mapping_layers": 2}


def generator(**arguments):
    return stylegan2.build_stylegan2_generator(
        GeneratorShape(**{"image_size": 8, "widths": (4, 4), **SMALL, **arguments})
    )


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("channels", [1, 4])
def test_networks_fit_each_other(architecture, channels):
    images = generator(architecture=architecture, channels=channels)({"latents": Z, "truncation": ONES})
    assert images.shape == (3, 8, 8, channels) and images.dtype == "float32"
    shape = DiscriminatorShape(8, channels, widths=(4, 4), architecture=architecture)
    assert stylegan2.build_stylegan2_discriminator(shape)(images).shape == (3, 1)


def test_smallest_networks_have_one_block():
    images = generator(image_size=4, widths=(4,))({"latents": Z, "truncation": ONES})
    discriminator = stylegan2.build_stylegan2_discriminator(DiscriminatorShape(4, widths=(4,)))
    assert discriminator(images).shape == (3, 1)
    assert [layer.name for layer in discriminator.layers] == ["images", "block_4", "logits"]


def test_labels_reach_both_networks():
    network = generator(num_classes=2)
    first, second = (
        network({"latents": Z, "labels": np.full(3, label, np.int32), "truncation": ONES}).numpy() for label in (0, 1)
    )
    assert np.abs(first - second).max() > 0
    shape = DiscriminatorShape(8, num_classes=2, widths=(4, 4), mapping_layers=1)
    discriminator = stylegan2.build_stylegan2_discriminator(shape)
    logits = [discriminator({"images": first, "labels": np.full(3, n, np.int32)}).numpy() for n in (0, 1)]
    assert np.abs(logits[0] - logits[1]).max() > 0


def test_paths_name_blocks_by_resolution():
    paths = [variable.path for variable in generator().variables]
    assert {"mapping/fc1/kernel", "styles/w_avg", "block_4/const", "block_8/conv0/affine/bias"} <= set(paths)


def test_network_is_saved_and_loaded_bit_for_bit(tmp_path):
    network = generator(architecture="resnet", noise="random", clamp=0.0)
    network.save(tmp_path / "g.keras")
    inputs = {"latents": Z, "truncation": 0.5 * ONES}
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(inputs), network(inputs))


def test_only_the_highest_resolutions_compute_in_low_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = generator(image_size=16, widths=(4, 4, 4), reduced_blocks=1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert [network.get_layer(f"block_{side}").numbers for side in (4, 8, 16)] == ["float32", "float32", "bfloat16"]
    assert network({"latents": Z, "truncation": ONES}).dtype == "float32"

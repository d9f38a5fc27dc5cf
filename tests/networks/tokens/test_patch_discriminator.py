import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator

FEW = {"max_channels": 16, "min_channels": 4}


def test_blocks_are_named_after_sides_and_logits_are_a_map():
    network = build_patch_discriminator(32, 1, **FEW)
    assert network.output_shape == (None, 4, 4, 1) and network.output.dtype == "float32"
    names = ["images", "from_image", "activation", "block_32", "block_16", "block_8", "logits"]
    assert [layer.name for layer in network.layers] == names
    assert build_patch_discriminator(32, halvings=1, **FEW).output_shape == (None, 16, 16, 1)


def test_a_logit_sees_24_pixels_of_its_own_image_alone():
    network = build_patch_discriminator(64, **FEW)
    images = tf.constant(np.random.default_rng(0).standard_normal((2, 64, 64, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(images)
        logit = network(images)[0, 4, 3, 0]
    seen = np.abs(tape.gradient(logit, images).numpy()).sum(-1)
    rows, columns = np.nonzero(seen[0])
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (24, 24)
    assert (rows.mean() - 4 * 8, columns.mean() - 3 * 8) == pytest.approx((3.5, 3.5), abs=0.2)
    assert not seen[1].any()


def multiplications(network):
    """Of all convolutions for one image: numbers of a kernel times places of its output."""
    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Conv2D)]
    sides = {layer: int(layer.name.rpartition("_")[2]) for layer in network.layers if layer.name.startswith("block_")}
    total = 0
    for layer in layers:
        owner = next((block for block in sides if layer in block._flatten_layers()), None)
        side = sides[owner] // (2 if network.name == "discriminator" else 1) if owner else None
        if side is None:
            side = {"from_image": 64, "to_image": 64}.get(layer.name, 8)
        total += math.prod(layer.kernel.shape) * side**2
    return total


def test_it_takes_about_half_of_the_decoders_multiplications():
    share = multiplications(build_patch_discriminator(64)) / multiplications(build_token_decoder(64))
    assert 0.3 < share < 0.6


def test_what_cannot_be_built_is_refused():
    with pytest.raises(checks.UserError, match="multiple of 8"):
        build_patch_discriminator(28)
    with pytest.raises(checks.UserError, match="halvings"):
        build_patch_discriminator(32, halvings=0)

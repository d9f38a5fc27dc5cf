import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.conditional import build_conditional_generator
from keras_transfer_gen.networks.dcgan.dcgan import StartBlock, UpBlock, build_dcgan_generator
from keras_transfer_gen.networks.dcgan.narrowing import clone_narrow, megabytes, narrow_to_size, transfer_channels

WIDTHS = {"max_channels": 32, "min_channels": 8}


def blocks(network):
    return [layer for layer in network.layers if isinstance(layer, (StartBlock, UpBlock))]


def silence(generator):
    """Has every second channel of every block give zero, and the others anything."""
    rng = np.random.default_rng(0)
    for variable in generator.variables:
        variable.assign(rng.uniform(0.3, 0.6, variable.shape) * rng.choice([-1, 1], variable.shape))
    for block in blocks(generator):
        block.norm.moving_variance.assign(rng.uniform(0.5, 1.5, block.norm.moving_variance.shape))
        dead = np.arange(block.filters) % 2 == 1
        for variable in (block.norm.gamma, block.norm.beta):
            variable.assign(np.where(dead, 0, variable))
        if isinstance(block, UpBlock) and block.modulated:
            for variable in (block.modulation.kernel, block.modulation.bias):
                variable.assign(np.where(np.tile(dead, 2), 0, variable))
        if isinstance(block, UpBlock) and block.refined:
            block.refine.conv.kernel.assign(np.where(dead, 0, block.refine.conv.kernel))
            block.refine.conv.bias.assign(np.where(dead, 0, block.refine.conv.bias))


@pytest.mark.parametrize("refined", [False, True])
def test_nothing_changes_where_the_channels_left_out_were_silent(refined):
    wide = build_dcgan_generator(32, latent_dim=6, refined=refined, **WIDTHS)
    silence(wide)
    narrow = clone_narrow(wide, 0.5)
    transfer_channels(wide, narrow)
    assert [block.filters for block in blocks(narrow)] == [block.filters // 2 for block in blocks(wide)]
    latents = tf.random.stateless_normal((5, 6), [1, 2])
    np.testing.assert_allclose(narrow(latents), wide(latents), atol=1e-4)
    assert np.asarray(wide(latents)).std() > 0.05


def test_layers_without_a_width_are_copied_and_nothing_is_shared():
    wide = build_conditional_generator(32, latent_dim=6, num_classes=3, class_dim=4, **WIDTHS)
    wide.trainable = False
    narrow = narrow_to_size(wide, 0.5 * megabytes(wide))
    assert all(layer.trainable for layer in narrow.layers)
    rows = [next(w for w in network.weights if w.path.endswith("classes/embeddings")) for network in (wide, narrow)]
    np.testing.assert_array_equal(*rows)
    rows[1].assign(rows[1] + 1)
    assert np.abs(rows[0] - rows[1]).min() > 0.5


def test_the_widest_student_of_a_size_is_found():
    wide = build_dcgan_generator(32, latent_dim=6, max_channels=64, min_channels=8)
    for size in (0.1, 0.05):
        assert 0.8 * size < megabytes(narrow_to_size(wide, size)) <= size
    assert megabytes(wide) == pytest.approx(wide.count_params() * 4e-6)


def test_what_cannot_be_narrowed_is_refused():
    wide = build_dcgan_generator(32, latent_dim=6, **WIDTHS)
    with pytest.raises(UserError, match=r"`size_mb` must be below the .* of the teacher.*--size-mb"):
        narrow_to_size(wide, megabytes(wide))
    with pytest.raises(UserError, match=r"`size_mb` must be at least .* for this teacher"):
        narrow_to_size(wide, 1e-4)
    other = keras.Sequential([keras.Input((6,)), keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3))])
    with pytest.raises(UserError, match="`source` must be a generator of DCGAN's blocks"):
        narrow_to_size(other, 1)

import numpy as np
import pytest

from keras_transfer_gen.networks.stylegan2.resampling import upsample
from keras_transfer_gen.networks.stylegan2.synthesis import SynthesisBlock

RNG = np.random.default_rng(0)
STYLES = RNG.normal(size=(2, 6, 5)).astype(np.float32)
X = RNG.normal(size=(2, 4, 4, 4)).astype(np.float32)
IMAGE = RNG.normal(size=(2, 4, 4, 3)).astype(np.float32)


def test_first_block_begins_with_its_constant():
    block = SynthesisBlock(4, 4, 3)
    features, image = block([STYLES])
    wanted = block.conv1([np.repeat(block.const.numpy()[None], 2, axis=0), STYLES[:, 0]])
    np.testing.assert_allclose(features, wanted, atol=1e-6)
    np.testing.assert_allclose(image, block.torgb([wanted, STYLES[:, 1]]), atol=1e-6)


def test_skip_adds_the_images_of_all_blocks():
    block = SynthesisBlock(2, 8, 3, last=True)
    image = block([X, IMAGE, STYLES])
    features = block.conv1([block.conv0([X, STYLES[:, 1]]), STYLES[:, 2]])
    np.testing.assert_allclose(image, upsample(IMAGE) + block.torgb([features, STYLES[:, 3]]), atol=1e-5)


def test_resnet_adds_the_features_that_came_in():
    block = SynthesisBlock(2, 8, 3, "resnet")
    features = block([X, STYLES]).numpy()
    inner = block.conv1([block.conv0([X, STYLES[:, 1]]), STYLES[:, 2]]).numpy()
    shortcut = upsample(X @ block.skip.kernel.numpy()[0, 0] / 2).numpy() * 0.5**0.5
    np.testing.assert_allclose(features, inner + shortcut, atol=1e-5)
    assert block.conv1.gain == 0.5**0.5 and not hasattr(block, "torgb")


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_block_is_made_again_from_its_configuration(architecture):
    block = SynthesisBlock(2, 8, 3, architecture, last=True, noise="none", clamp=2.0, in_float32=True)
    inputs = [X, IMAGE, STYLES] if architecture == "skip" else [X, STYLES]
    image = block(inputs)
    copy = SynthesisBlock.from_config(block.get_config())
    copy(inputs)
    copy.set_weights(block.get_weights())
    np.testing.assert_array_equal(copy(inputs), image)

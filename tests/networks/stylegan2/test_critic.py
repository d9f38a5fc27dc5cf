import numpy as np
import pytest

from keras_transfer_gen.networks.stylegan2.critic import CriticBlock, CriticEnd, LabelProjection
from keras_transfer_gen.networks.stylegan2.resampling import downsample

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 8, 8, 5)).astype(np.float32)
IMAGE = RNG.normal(size=(4, 8, 8, 3)).astype(np.float32)


def test_resnet_adds_the_halved_features():
    block = CriticBlock(5, 6)
    features = block(X).numpy()
    shortcut = downsample(X).numpy() @ block.skip.kernel.numpy()[0, 0] / 5**0.5 * 0.5**0.5
    np.testing.assert_allclose(features, block.conv1(block.conv0(X)).numpy() + shortcut, atol=1e-5)


def test_skip_lets_the_image_in_at_every_block():
    block = CriticBlock(5, 6, "skip")
    features, image = block([X, IMAGE])
    np.testing.assert_allclose(image, downsample(IMAGE), atol=1e-6)
    inside = X + block.fromrgb(IMAGE).numpy()
    np.testing.assert_allclose(features, block.conv1(block.conv0(inside)), atol=1e-5)


def test_first_block_takes_the_image_alone():
    block = CriticBlock(5, 6, "orig", first=True)
    assert block(IMAGE).shape == (4, 4, 4, 6) and hasattr(block, "fromrgb") and not hasattr(block, "skip")


def test_end_compares_images_of_a_group():
    end = CriticEnd(5, group_size=2)
    maps = X[:, :4, :4]
    numbers = end(maps).numpy()
    assert numbers.shape == (4, 1)
    pairs = maps.reshape(2, 2, 4, 4, 5)  # images 0 and 2, images 1 and 3
    deviation = np.sqrt(pairs.var(axis=0) + 1e-8).mean(axis=(1, 2, 3))
    column = np.tile(deviation, 2)[:, None, None, None] * np.ones((1, 4, 4, 1))
    x = end.conv(np.concatenate([maps, column], axis=-1).astype(np.float32))
    np.testing.assert_allclose(numbers, end.out(end.fc(np.reshape(x, (4, -1)))), atol=1e-5)
    whole = CriticEnd(5, group_size=0)
    whole(maps)
    whole.set_weights(end.get_weights())
    assert np.abs(whole(maps).numpy() - numbers).max() > 1e-5


@pytest.mark.parametrize(("architecture", "first"), [("skip", False), ("resnet", True)])
def test_end_is_made_again_from_its_configuration(architecture, first):
    end = CriticEnd(5, 3, architecture, first, clamp=1.0)
    inputs = IMAGE[:, :4, :4] if first else [X[:, :4, :4], IMAGE[:, :4, :4]]
    copy = CriticEnd.from_config(end.get_config())
    assert copy(inputs).shape == end(inputs).shape == (4, 3)
    copy.set_weights(end.get_weights())
    np.testing.assert_array_equal(copy(inputs), end(inputs))


def test_projection_is_a_scaled_product():
    a, b = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(LabelProjection()([a, b]), (a * b).sum(axis=1, keepdims=True) / 2, rtol=1e-5)

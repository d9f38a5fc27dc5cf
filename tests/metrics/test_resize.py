import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer_gen.metrics.resize import ResizeBilinear


def test_resize_that_grows_equals_the_antialiased_kernel():
    images = np.random.default_rng(1).integers(0, 256, (2, 20, 28, 3)).astype(np.float32)
    enlarged = ResizeBilinear(64)(images)
    assert enlarged.shape == (2, 64, 64, 3)
    np.testing.assert_allclose(enlarged, tf.image.resize(images, (64, 64), antialias=True), atol=1e-3)


@pytest.mark.parametrize("shape", [(80, 100), (20, 100), (20, 28)])
def test_resize_equals_pillow(shape):
    image = np.random.default_rng(2).integers(0, 256, (*shape, 3)).astype(np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR), np.float32)
    np.testing.assert_allclose(ResizeBilinear(32)(image[None].astype(np.float32))[0], expected, atol=1.01)
    aliased = tf.image.resize(image[None].astype(np.float32), (32, 32))[0]
    assert max(shape) <= 32 or np.abs(aliased - expected).max() > 20


def test_resize_of_unknown_size_is_antialiased_and_survives_its_config():
    layer = ResizeBilinear.from_config(ResizeBilinear(16).get_config())
    traced = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec((None, None, None, 3))])
    images = np.random.default_rng(3).integers(0, 256, (1, 40, 40, 3)).astype(np.float32)
    np.testing.assert_allclose(traced(images), layer(images), atol=1e-3)

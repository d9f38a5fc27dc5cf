"""Mixed precision and XLA on a GPU: run with `-m gpu` where there is one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import set_precision

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)

PRECISIONS = ("float32", "bfloat16", "float16")

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def on_a_gpu():
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU")


def trained(precision="float32", jit_compile=False, steps=3):
    """A GAN after a few steps of plain gradient descent, with its losses."""
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(32, max_channels=32, latent_dim=8))
    set_precision(gan, precision)  # before: float16 needs optimizers that scale losses
    gan.compile(
        penalty=None, g_optimizer=keras.optimizers.SGD(0.01), d_optimizer=keras.optimizers.SGD(0.01),
        jit_compile=jit_compile,
    )  # fmt: skip
    history = gan.fit(tf.data.Dataset.from_tensors(IMAGES).repeat(steps), verbose=0)
    return gan, history.history


def change(gan):
    """How far each weight went from where it began."""
    keras.utils.set_random_seed(0)
    start = GAN(*build_dcgan(32, max_channels=32, latent_dim=8)).trainable_variables
    return [a.numpy() - b.numpy() for a, b in zip(gan.trainable_variables, start, strict=True)]


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_mixed_precision_learns_what_float32_does(precision):
    names = ("float32", precision)
    full, mixed = (np.concatenate([part.ravel() for part in change(trained(name)[0])]) for name in names)
    assert np.linalg.norm(full) > 0
    assert full @ mixed / (np.linalg.norm(full) * np.linalg.norm(mixed)) > 0.95


@pytest.mark.parametrize("precision", PRECISIONS)
def test_xla_trains(precision):
    gan, losses = trained(precision, jit_compile=True)
    assert all(np.isfinite(values).all() for values in losses.values())
    assert sum(np.abs(part).max() > 0 for part in change(gan)) > len(gan.trainable_variables) // 2

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1)).astype(np.uint8)


def networks():
    """Dense layers without any norm."""
    image, z = keras.Input((8, 8, 1)), keras.Input((3,))
    x = keras.layers.Dense(5, activation="tanh")(keras.layers.Flatten()(image))
    encoder = keras.Model(image, [keras.layers.Dense(3)(x), keras.layers.Dense(3)(x)], name="encoder")
    x = keras.layers.Dense(64, activation="tanh")(keras.layers.Dense(5, activation="tanh")(z))
    return encoder, keras.Model(z, keras.layers.Reshape((8, 8, 1))(x), name="decoder")


def trained(micro_batch):
    keras.utils.set_random_seed(0)
    vae = VAE(*networks(), likelihood="bernoulli", kl_annealing_kimg=0.01)
    vae.compile(keras.optimizers.SGD(1e-3), regularizers=[L2SP(0.1)], micro_batch=micro_batch)
    history = vae.fit(tf.data.Dataset.from_tensors(IMAGES).repeat(), steps_per_epoch=3, verbose=0).history
    return vae, {name: values[0] for name, values in history.items()}


@pytest.mark.filterwarnings("ignore::keras_transfer_gen.training.collapse.CollapseWarning")
def test_update_is_that_of_the_whole_batch(tmp_path):
    (whole, losses), (parts, own_losses) = trained(None), trained(2)
    start = networks()[0].get_weights()
    for mine, theirs in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)
    for name, value in losses.items():
        assert own_losses[name] == pytest.approx(value, rel=1e-4), name
    assert int(parts.step.numpy()) == 3 and int(parts.images_seen.numpy()) == 18
    moved = [np.abs(a - b).max() for a, b in zip(whole.encoder.get_weights(), start, strict=True)]
    assert max(moved) > 1e-3
    parts.save(tmp_path / "vae.keras")
    assert keras.models.load_model(tmp_path / "vae.keras").micro_batch == 2

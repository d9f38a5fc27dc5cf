"""What a step of a VAE shows, of toy networks that take a dict each and have a layer with a name on the way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import protocols, tables
from keras_transfer_gen.architectures import Architecture
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import vae_step
from keras_transfer_gen.training.vae import VAE

SIDE = 8
IMAGES = np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE, 1), np.uint8)
SPEC = ModelSpec(image_size=SIDE, channels=1, latent_dim=3, arch="toy_vae", family="vae")


def build_toy(spec):
    images = keras.Input((SIDE, SIDE, 1), name="images")
    flat = keras.layers.Flatten()(images)
    encoder = keras.Model(
        {"images": images}, [keras.layers.Dense(3)(flat), keras.layers.Dense(3)(flat)], name="encoder"
    )
    z = keras.Input((3,), name="latents")
    x = keras.layers.Dense(5, name="middle")(z)
    x = keras.layers.Dense(SIDE * SIDE, activation="tanh")(x)
    decoder = keras.Model({"latents": z}, keras.layers.Reshape((SIDE, SIDE, 1))(x), name="decoder")
    return encoder, decoder


class NearSource(protocols.Regularizer):
    """Reconstructions near those of the source's decoder; keeps the step."""

    phases = ("vae",)
    needs_source = True
    step = None

    def losses(self, step):
        self.step = step
        before = step.source.decoder({"latents": step.latents})
        return {"vae": tf.reduce_mean((step.reconstructions - before) ** 2, (1, 2, 3))}


@pytest.fixture
def vae(monkeypatch):
    monkeypatch.setattr(tables.ARCHITECTURES, "_rows", dict(tables.ARCHITECTURES._rows))
    entry = Architecture(build_toy, "vae", image_sizes=(SIDE,), intermediates={"features": "middle"})
    tables.register_architecture("toy_vae", entry)
    keras.utils.set_random_seed(0)
    vae = VAE(*entry.build(SPEC), spec=SPEC)
    vae.compile(regularizers=[NearSource(interval=2)], run_eagerly=True)
    return vae


def test_step_shows_labels_intermediates_and_the_source(vae):
    labels = np.arange(6)
    vae_step.train_step(vae, (IMAGES, labels))
    step = vae.regularizers[0].step
    assert step.labels.numpy().tolist() == labels.tolist() and step.labels.dtype == tf.int32
    assert step.intermediates["features"].shape == (6, 5) and step.reconstructions.shape == (6, SIDE, SIDE, 1)
    assert set(vae.source.roles) == {"encoder", "decoder"} and step.source is vae.source


def test_networks_of_a_dict_train_and_are_measured(vae):
    before = vae.evaluate(IMAGES, return_dict=True)["reconstruction_loss"]
    vae.compile(keras.optimizers.Adam(0.02))
    vae.fit(tf.data.Dataset.from_tensor_slices(IMAGES).batch(6).repeat(30), verbose=0)
    assert vae.evaluate(IMAGES, return_dict=True)["reconstruction_loss"] < before
    assert vae.reconstruct(IMAGES).shape == IMAGES.shape == vae(IMAGES / np.float32(127.5) - 1).shape
    assert vae.generate(2).shape == (2, SIDE, SIDE, 1)
    assert set(vae_step.test_step(vae, IMAGES)) == set(vae.trackers)


def test_source_is_saved_with_the_model(vae, tmp_path):
    vae.fit(IMAGES, batch_size=6, epochs=2, verbose=0)
    keras.saving.get_custom_objects()["NearSource"] = NearSource
    vae.save(tmp_path / "vae.keras")
    twin = keras.models.load_model(tmp_path / "vae.keras", custom_objects={"NearSource": NearSource})
    kept = zip(vae.source.get_weights(), twin.source.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in kept)
    assert not np.array_equal(twin.source.decoder.get_weights()[0], twin.decoder.get_weights()[0])

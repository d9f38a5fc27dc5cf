import json
from pathlib import Path

import keras
import pytest

from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads
from keras_transfer_gen.training import step_memory
from keras_transfer_gen.training.step_memory import TrainingMemory, gan_memory, pass_bytes, vae_memory

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "engine" / "memory" / "results.json"
FLOAT = 4  # bytes


def test_pass_keeps_what_gradients_read():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, padding="same")(images)  # its gradient reads the images
    x = keras.layers.LeakyReLU()(x)  # what it got
    x = keras.layers.Flatten()(x)  # nothing of its own
    network = keras.Model(images, keras.layers.Dense(1)(x))  # what the leaky ReLU gave
    assert pass_bytes(network) == (8 * 8 * 3 + 2 * 8 * 8 * 5) * FLOAT


def test_memory_grows_with_the_images_and_says_how_many_fit():
    memory = TrainingMemory(weights=100, fixed=50, per_image=10)
    assert memory.step(4) == 90 and memory.most_images(90) == 4 and memory.most_images(89) == 3
    assert memory.most_images(55) == 0 and memory.most_images(0) == 0


@pytest.fixture(scope="module")
def networks():
    return build_dcgan(32, latent_dim=8, max_channels=32, min_channels=16)


def test_weights_of_a_gan_count_with_the_average_and_the_optimizers(networks):
    generator, discriminator = networks
    memory = gan_memory(*networks)
    assert memory.weights == FLOAT * (4 * generator.count_params() + 3 * discriminator.count_params())
    trained = sum(network.count_params() for network in networks) * FLOAT
    assert step_memory.RUNTIME < memory.fixed <= step_memory.RUNTIME + step_memory.GRADIENTS * trained
    assert gan_memory(*networks, half=True).per_image == pytest.approx(memory.per_image / 2, abs=1)


def test_path_lengths_take_memory_for_each_image_and_each_weight(networks):
    plain, penalised = gan_memory(*networks), gan_memory(*networks, path_lengths=True)
    assert penalised.per_image - plain.per_image == pytest.approx(
        step_memory.WORKSPACE * step_memory.PATH_LENGTHS * step_memory.pass_bytes(networks[0]), abs=2
    )
    assert plain.fixed < penalised.fixed and penalised.weights == plain.weights


def test_feature_heads_take_memory_for_each_image(networks):
    generator, discriminator = networks
    with_heads, without = gan_memory(generator, build_feature_heads(discriminator, width=4)), gan_memory(*networks)
    assert with_heads.per_image > without.per_image + 2_000_000
    assert with_heads.fixed >= without.fixed + step_memory.TRAINED_NETWORK


def test_frozen_weights_have_no_gradients(networks):
    generator = build_dcgan(32, latent_dim=8, max_channels=32, min_channels=16)[0]
    generator.trainable = False
    assert gan_memory(generator, networks[1]).fixed < gan_memory(*networks).fixed


NETWORKS = {  # cases of benchmarks/engine/memory.py that are quickly built
    "gan_64_b128": lambda: gan_memory(*build_dcgan(64)),
    "heads_64_b128": lambda: _with_heads(*build_dcgan(64)),
    "vae_64_b128": lambda: vae_memory(*build_conv_vae(64)),
    "gan_128_b32": lambda: gan_memory(*build_dcgan(128)),
}


def _with_heads(generator, discriminator):
    return gan_memory(generator, build_feature_heads(discriminator))


def test_estimates_are_within_the_stated_factor_of_what_was_measured():
    rows = {row["case"]: row for row in json.loads(RESULTS.read_text("utf-8"))["cases"]}
    assert len(rows) >= 2 and rows.keys() & NETWORKS.keys()
    for name in rows.keys() & NETWORKS.keys():
        estimated, measured = NETWORKS[name]().step(rows[name]["batch"]) / 1e9, rows[name]["measured_gb"]
        assert measured / step_memory.WITHIN < estimated < measured * step_memory.WITHIN, name
    assert max(row["factor"] for row in rows.values()) <= step_memory.WITHIN

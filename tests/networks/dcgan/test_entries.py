import keras
import numpy as np
import pytest

from keras_transfer_gen import tables
from keras_transfer_gen.networks.dcgan.dcgan import Refinement, build_dcgan
from keras_transfer_gen.networks.dcgan.entries import DCGAN, REFINED_DCGAN
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=1, latent_dim=5, arch="dcgan")
SMALL = {"max_channels": 8, "min_channels": 4}


def test_entry_builds_what_the_builder_does():
    keras.utils.set_random_seed(0)
    entry_networks = tables.architecture_of(SPEC).build(SPEC, SMALL)
    keras.utils.set_random_seed(0)
    networks = build_dcgan(32, 1, 5, 8, 4)
    for one, other in zip(entry_networks, networks, strict=True):
        assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]
        assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_options_reach_the_networks():
    _, discriminator = DCGAN.build(SPEC, {**SMALL, "group_size": 4})
    assert discriminator.get_layer("deviation").group_size == 4
    generator, _ = REFINED_DCGAN.build(SPEC, SMALL)
    assert any(isinstance(layer, Refinement) for layer in generator._flatten_layers())


@pytest.mark.parametrize("entry", [DCGAN, REFINED_DCGAN])
def test_discriminator_is_fresh_or_begins_with_a_trained_one(entry):
    fresh = entry.fresh_discriminator(SPEC)
    assert fresh.input_shape == (None, 32, 32, 1) and fresh.get_layer("block_4").filters == 256
    trained = build_dcgan(32, 3, 5, 8, 4)[1]
    begun = entry.fresh_discriminator(SPEC, trained)
    assert np.array_equal(begun.get_layer("logits").get_weights()[0], trained.get_layer("logits").get_weights()[0])

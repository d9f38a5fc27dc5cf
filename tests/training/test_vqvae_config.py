"""What a file keeps of a VQ-VAE beside its weights."""

import keras
import pytest

from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.training import vqvae_config
from keras_transfer_gen.training.vqvae import VQVAE

FEW = {"max_channels": 4, "min_channels": 4}
PARTS = {"penalty": "r1:interval=2", "objective": "hinge", "adversarial_weight": 0.4, "adversarial_start_kimg": 3}


@pytest.fixture
def vq():
    grid = {**FEW, "residual_blocks": 0}
    networks = build_token_encoder(32, **grid), VectorQuantizer(16), build_token_decoder(32, **grid)
    vq = VQVAE(*networks, commitment=0.5, discriminator=build_patch_discriminator(32, halvings=2, **FEW))
    optimizers = {"optimizer": keras.optimizers.SGD(0.1), "d_optimizer": keras.optimizers.SGD(0.2)}
    vq.compile(**optimizers, d_augment="diffaugment", seed=5, **PARTS)
    vq.source, vq.licence = "drawn by hand", "CC0-1.0"
    return vq


def test_what_it_was_compiled_with_is_kept(vq):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(vq))
    assert again.penalties[0].interval == 2 and type(again.objective).__name__ == "Hinge"
    assert (again.adversarial_weight, again.adversarial_start_kimg, again.adversary_acts) == (0.4, 3, False)
    assert type(again.d_augment).__name__ == "DiffAugment" and again.seed == 5
    assert float(again.d_optimizer.learning_rate) == pytest.approx(0.2)
    assert again.list_optimizers() == [again.d_optimizer, again.optimizer]


def test_its_parts_and_words_are_kept(vq):
    vq.encoder.trainable = False
    vq.set_drawn_tokens([[[0, 1, 2, 3]] * 4] * 2)
    again = VQVAE.from_config(vqvae_config.write_config(vq))
    assert (again.source, again.licence, again.commitment) == ("drawn by hand", "CC0-1.0", 0.5)
    assert not again.encoder.trainable and again.decoder.trainable
    assert again.drawn_tokens.tokens.shape == (2, 4, 4) and list(again.roles) == list(vq.roles)


def test_files_of_earlier_versions_have_less(vq):
    config, compiled = vqvae_config.write_config(vq), vqvae_config.write_compile_config(vq)
    for name in ("source", "licence", "class_shares"):
        del config[name]
    del compiled["d_augment"]
    again = VQVAE.from_config(config)
    assert (again.source, again.licence, again.class_shares, again.drawn_tokens) == ("", "", [], None)
    again.compile_from_config(compiled)
    assert again.d_augment is None and again.adversarial_weight == 0.4

import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}


def test_a_saved_model_is_loaded_compiled_and_other_models_are_refused(tmp_path):
    networks = build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS)
    vq = VQVAE(*networks, prior=TokenPrior(TokenTransformer((4, 4), 16, width=12, depth=1, heads=2)))
    vq.save(tmp_path / "vq.keras")
    loaded = load_vq(tmp_path / "vq.keras")
    assert loaded.compiled and loaded.prior.compiled and resolve_model(tmp_path / "vq.keras").family == "vq"
    with pytest.raises(checks.UserError, match="load_vq"):
        load_gan(tmp_path / "vq.keras")
    inputs = keras.Input((2,))
    keras.Model(inputs, inputs).save(tmp_path / "other.keras")
    with pytest.raises(checks.UserError, match="holds a Functional"):
        load_vq(tmp_path / "other.keras")

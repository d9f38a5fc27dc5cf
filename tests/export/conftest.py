"""Exports of small models, written once a session; nothing may change them."""

import keras
import pytest

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.vae import vae_servable
from tests.export.small_models import LABELS_SPEC, SPEC, generator_with_labels, small_generator, small_vae


@pytest.fixture(scope="session")
def models():
    """{kind: `keras.Model` or `VAE`}."""
    keras.utils.set_random_seed(0)
    return {"generator": small_generator(), "labels": generator_with_labels(), "vae": small_vae()}


@pytest.fixture(scope="session")
def servables(models):
    """{kind: `Servable`}."""
    return {
        "generator": generator_servable(models["generator"], SPEC),
        "labels": generator_servable(models["labels"], LABELS_SPEC),
        "vae": vae_servable(models["vae"]),
    }


@pytest.fixture(scope="session")
def saved_models(servables, tmp_path_factory):
    """{kind: folder of its SavedModel, with a card}."""
    root = tmp_path_factory.mktemp("served")
    return {
        kind: write_saved_model(servable, root / kind / "1", card="# Cats\n") for kind, servable in servables.items()
    }


@pytest.fixture(scope="session")
def tflite_files(servables, tmp_path_factory):
    """{(kind, part): TFLite file of batches of two}."""
    root = tmp_path_factory.mktemp("phone")
    return {
        (kind, part): write_tflite(servable, root / f"{kind}_{part}.tflite", batch_size=2, part=part)
        for kind, servable in servables.items()
        for part in servable.parts
    }

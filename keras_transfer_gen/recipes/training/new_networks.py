"""The networks of a pretraining, built by the architecture that its settings name."""

import keras

from keras_transfer_gen import tables
from keras_transfer_gen.recipes.training.lineage import trained_on
from keras_transfer_gen.specs import ModelSpec


def new_spec(settings):
    """`ModelSpec` of a pretraining's settings."""
    return ModelSpec(
        image_size=settings.image_size, channels=settings.channels, latent_dim=settings.latent_dim, arch=settings.arch,
        source=trained_on(settings), licence=settings.licence, family=settings.family,
    )  # fmt: skip


def build_networks(settings):
    """Networks with weights drawn from the seed: a tuple in the order in which the model takes them."""
    keras.utils.set_random_seed(settings.seed)
    spec = new_spec(settings)
    architecture = tables.architecture_of(spec)
    return architecture.build(spec, architecture.options_in(settings))

"""The networks of a pretraining, built by the architecture that its settings name."""

import keras

from keras_transfer_gen.recipes.training.lineage import trained_on
from keras_transfer_gen.specs import ModelSpec


def new_spec(settings):
    """`ModelSpec` of a pretraining's settings."""
    arch, _, _ = settings.architecture()
    return ModelSpec(
        image_size=settings.image_size, channels=settings.channels, latent_dim=settings.latent_dim, arch=arch,
        source=trained_on(settings), licence=settings.licence, family=settings.family,
    )  # fmt: skip


def build_networks(settings):
    """Networks with weights drawn from the seed: a tuple in the order in which the model takes them."""
    keras.utils.set_random_seed(settings.seed)
    _, architecture, options = settings.architecture()
    return architecture.build(new_spec(settings), options)

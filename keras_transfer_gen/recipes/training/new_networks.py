"""The networks of a pretraining, built by the architecture that its settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import class_shares
from keras_transfer_gen.network_inputs import LABELS, input_names
from keras_transfer_gen.recipes.training.lineage import trained_on
from keras_transfer_gen.specs import ModelSpec

if TYPE_CHECKING:
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.settings.gan import PretrainSettings
    from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings


def new_spec(settings: PretrainSettings | PretrainVaeSettings, image_set: ImageSet | None = None) -> ModelSpec:
    """`ModelSpec` of a pretraining's settings.

    Args:
        settings: a pretraining's settings.
        image_set: `ImageSet` to train on; its classes are those of the model where the settings say that it has labels.
            They are drawn as often as the training shows them.
    """
    arch, _, _ = settings.architecture()
    classes = {}
    if settings.data_labels is not None and image_set is not None:
        shares = class_shares(image_set, settings.balance).tolist()
        classes = {"class_names": image_set.class_names, "class_shares": shares}
    return ModelSpec(
        image_size=settings.image_size, channels=settings.channels, latent_dim=settings.latent_dim, arch=arch,
        source=trained_on(settings), licence=settings.licence, family=settings.family, **classes,
    )  # fmt: skip


def build_networks(
    settings: PretrainSettings | PretrainVaeSettings, spec: ModelSpec | None = None
) -> tuple[keras.Model, ...]:
    """Networks with weights drawn from the seed: a tuple in the order in which the model takes them.

    Args:
        settings: a pretraining's settings.
        spec: `ModelSpec`; by default that of the settings, without classes.

    Raises:
        UserError: where the spec has classes and the architecture's networks take none.
    """
    keras.utils.set_random_seed(settings.seed)
    name, architecture, options = settings.architecture()
    spec = new_spec(settings) if spec is None else spec
    networks = architecture.build(spec, options)
    if spec.num_classes and LABELS not in (input_names(networks[0]) or ()):
        step = f"The generator of {name} takes no labels. Choose another --arch, or leave labels= (--labels) out."
        raise checks.user_error("arch", "an architecture with classes beside --labels", settings.arch, step)
    return networks

"""A discriminator for a generator that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen import checks, tables
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.transfer.fetching.presets import list_presets, preset_path

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


PRESET = "noto_gan_64"  # its trained discriminator is what a new one begins with
ARCHITECTURE = "dcgan"


def new_discriminator(spec: ModelSpec, source: str) -> keras.Model:
    """A discriminator for the images of a generator that has none, as the generator's architecture builds one.

    For a third-party generator it begins with what the preset's has learnt: one with random weights spends tens of kimg
    on learning what images are, and makes the generator worse meanwhile.

    Args:
        spec: `ModelSpec` of the generator.
        source: what the user calls the generator, for errors.

    Returns:
        `keras.Model`, float32 images `[batch, S, S, C]` -> logits.

    Raises:
        UserError: where the preset is not installed and the images are of a size that no network is built for.
    """
    usual, trained = tables.load(tables.ARCHITECTURES[ARCHITECTURE]), None
    architecture = tables.architecture_of(spec)
    if architecture is None or architecture.build_discriminator is None:
        architecture = usual
    fits = architecture.build_discriminator is usual.build_discriminator
    if fits and any(preset.name == PRESET for preset in list_presets()):
        trained = without_lipschitz_bounded(load_keras(preset_path(PRESET)).discriminator)
    try:
        return architecture.fresh_discriminator(spec, trained)
    except checks.UserError as error:
        sizes = ", ".join(map(str, checks.IMAGE_SIZES))
        step = (
            f"Its images are {spec.image_size} x {spec.image_size} x {spec.channels}, for which there is no "
            "discriminator; `ktg generate` and `ktg evaluate` work."
        )
        expected = f"a generator of images of {sizes} pixels and 1 or 3 channels"
        raise checks.user_error("source", expected, source, step) from error

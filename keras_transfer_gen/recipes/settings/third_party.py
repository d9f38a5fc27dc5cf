"""What can be said of a third-party model where it can't be measured: options of every command that takes a model."""

from typing import ClassVar

from keras_transfer_gen import specs
from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.fields import setting, settings_class
from keras_transfer_gen.transfer.saved_model.spec_overrides import PIXEL_RANGES


@settings_class
class ThirdPartySettings:
    """Facts about a third-party generator; what is left out is measured."""

    family: ClassVar[str] = "gan"

    latent_dim: int | None = setting(
        None, help="Length of a latent vector, where it is not to be measured.", panel=fields.THIRD_PARTY, order=10,
        by_default="measured",
    )  # fmt: skip
    latent_distribution: str | None = setting(
        None, help="Distribution of the latents. No SavedModel tells it.", panel=fields.THIRD_PARTY, order=11,
        by_default="normal", choices=lambda: specs.DISTRIBUTIONS, old_names=("distribution",),
    )  # fmt: skip
    labels: str | int | None = setting(
        None, help="none, one-hot or integer: the form of the classes; or their number.", panel=fields.THIRD_PARTY,
        order=12, by_default="measured",
    )  # fmt: skip
    pixel_range: tuple | str | None = setting(
        None, help="Lowest and highest value of an image.", panel=fields.THIRD_PARTY, order=13, by_default="measured",
        choices=lambda: PIXEL_RANGES,
    )  # fmt: skip

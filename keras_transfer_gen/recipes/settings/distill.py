"""What can be set where a small generator learns to give the images of a large one."""

from typing import Any, ClassVar

from keras_transfer_gen.recipes.settings import field_checks as check
from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.fields import redefined, setting, settings_class
from keras_transfer_gen.recipes.settings.gan import GanSettings
from keras_transfer_gen.recipes.settings.shared import RunSettings

# The settings that are options of `ktg distill`; the others keep their defaults.
OPTIONS = (
    "size_mb", "out", "kimg", "overwrite", "images", "pixel_weight", "feature_weight", "minutes", "batch_size", "seed",
    "learning_rate", "g_lr_ratio", "ema_halflife_kimg", "evaluate_every_kimg", "precision", "devices", "deterministic",
    "grace",
)  # fmt: skip


@settings_class
class DistillSettings(GanSettings):
    """Settings of `distill`.

    Example:
        >>> DistillSettings(source="runs/cats", size_mb=1, out="runs/small").kimg
        20.0
    """

    family: ClassVar[str] = "student"
    command: ClassVar[str] = "distill"

    source: str = setting(
        help="The teacher: a preset, RUN folder or .keras file of a GAN.", panel=fields.FIRST, order=1, check=check.path
    )
    size_mb: float = setting(
        help="Size of the student's weights in float32, in MB.", panel=fields.FIRST, order=2,
        check=check.number("1", above=True),
    )  # fmt: skip
    data: str = redefined(RunSettings, "data", "images of the teacher")
    images: int = setting(
        2000, help="Images of the teacher that stand for real ones.", panel=fields.OPTIMISATION,
        check=check.integer("2000", least=2),
    )  # fmt: skip
    pixel_weight: float = setting(
        10.0, help="Weight of the distance of pixels from the teacher's.", panel=fields.OPTIMISATION,
        check=check.number("10"),
    )  # fmt: skip
    feature_weight: float = setting(
        1.0, help="Weight of the distance of features from the teacher's; 0 leaves it out.", panel=fields.OPTIMISATION,
        check=check.number("1"),
    )  # fmt: skip
    learning_rate: float = redefined(GanSettings, "learning_rate", 0.0005)

    def build_regularizers(self) -> list[Any]:
        """The regularizers for `compile`: the likeness to the teacher, and those that `regularizers` names."""
        from keras_transfer_gen.transfer.regularizers.imitation import Imitation

        return [Imitation(self.pixel_weight, self.feature_weight), *super().build_regularizers()]

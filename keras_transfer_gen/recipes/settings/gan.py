"""What can be set for the training of a GAN, with the defaults that were measured (docs/defaults.md)."""

import math
from typing import Any, ClassVar

from keras_transfer_gen import checks, tables
from keras_transfer_gen.data.label_forms import LABEL_FORMS, check_form
from keras_transfer_gen.entry_text import parse_entry
from keras_transfer_gen.recipes.settings import defaults, fields
from keras_transfer_gen.recipes.settings import field_checks as check
from keras_transfer_gen.recipes.settings.configurations import ARCH, AUTO, CONFIGURATIONS
from keras_transfer_gen.recipes.settings.fields import redefined, setting, settings_class
from keras_transfer_gen.recipes.settings.methods import GAN_METHODS, OLD_METHODS, GanMethod
from keras_transfer_gen.recipes.settings.shared import NetworkSettings, RunSettings, SourceSettings
from keras_transfer_gen.recipes.settings.third_party import ThirdPartySettings
from keras_transfer_gen.transfer.freezing.blocks import freeze_d
from keras_transfer_gen.transfer.freezing.rules import parse_rule
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides, describes_source

SELECTIONS = ("best", "last")


def augments() -> list[str]:
    """What `augment` takes."""
    return [*tables.AUGMENTS, "none"]


def penalties() -> list[str]:
    """What `penalty` takes."""
    return [*tables.PENALTIES, "none"]


def _check_labels(name: str, value: Any, flag: str) -> Any:
    return check_form(value)


@settings_class
class GanSettings(RunSettings):
    """Settings that every training of a GAN has."""

    family: ClassVar[str] = "gan"

    augment: str = setting(
        "diffaugment", help="How images are changed before the discriminator sees them; arguments after a colon.",
        panel=fields.OPTIMISATION,
        choices=augments, check=check.entry(tables.AUGMENTS, none=True),
    )  # fmt: skip
    objective: str = setting(
        "non_saturating", help="The loss of both networks.", panel=fields.OPTIMISATION,
        choices=lambda: tables.OBJECTIVES, check=check.entry(tables.OBJECTIVES),
    )  # fmt: skip
    penalty: str = setting(
        "r1", help="Penalty on the discriminator; arguments after a colon.", panel=fields.OPTIMISATION,
        choices=penalties,
        check=check.entry(tables.PENALTIES, none=True),
    )  # fmt: skip
    r1_gamma: float = setting(
        defaults.R1_GAMMA, help="Weight of the R1 penalty.", panel=fields.OPTIMISATION, check=check.number("0.05")
    )
    r1_interval: int = setting(
        defaults.R1_INTERVAL, help="Steps from one R1 penalty to the next.", panel=fields.OPTIMISATION,
        check=check.integer("16"), old_names=("r1_every",),
    )  # fmt: skip
    path_length_weight: float = setting(
        0.0, help="Weight of the path-length penalty, for generators with styles; 0: none.",
        panel=fields.OPTIMISATION, check=check.number("2", note="; 0 leaves it out"),
    )  # fmt: skip
    learning_rate: float = setting(
        defaults.FINETUNE_LEARNING_RATE, help="Of Adam; the generator's is `g_lr_ratio` times it.",
        panel=fields.OPTIMISATION, check=check.number("0.0002", above=True),
    )  # fmt: skip
    g_lr_ratio: float | None = setting(
        None, help="The generator's learning rate over the discriminator's.", panel=fields.OPTIMISATION,
        by_default="1", check=check.number("4", above=True), old_names=("rate_ratio",),
    )  # fmt: skip
    ema_halflife_kimg: float = setting(
        defaults.EMA_HALFLIFE_KIMG, help="Longest half-life of the averaged generator, in kimg; 0: no average.",
        panel=fields.OPTIMISATION, check=check.number("10", note="; 0 turns averaging off"),
    )  # fmt: skip
    ema_rampup: float | None = setting(
        None, help="The half-life of the averaged generator is at most this share of the images shown.",
        panel=fields.OPTIMISATION, by_default=f"{defaults.EMA_RAMPUP:g}", check=check.number("0.1", above=True),
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("r1_gamma", "r1_interval"):
            value = getattr(self, name)
            if self.penalty.startswith("r1:") and value != getattr(type(self), name):
                hint = f"Give --penalty r1, or leave {fields.flag_of(name)} out."
                raise checks.user_error(name, f"left out beside the penalty {self.penalty!r}", value, hint)

    @property
    def generator_rate(self) -> float:
        """The learning rate of the generator; `learning_rate` is the discriminator's."""
        return self.learning_rate * (self.g_lr_ratio or 1.0)

    @property
    def averaged_share(self) -> float:
        """Half-life of the averaged generator at most, as a share of the images shown."""
        return self.ema_rampup or defaults.EMA_RAMPUP


@settings_class
class FineTuneSettings(SourceSettings, ThirdPartySettings, GanSettings):
    """Settings of `finetune` for a GAN.

    Example:
        >>> settings = FineTuneSettings(data="photos/", source="noto_gan_64", out="runs/cats", method="bsa")
        >>> settings.kimg, settings.g_lr_ratio is None
        (20.0, True)
    """

    evaluate_every_kimg: float | None = redefined(
        RunSettings, "evaluate_every_kimg",
        by_default="a fifth of `kimg`; where the best weights are kept at least 2, or half of `kimg` if that is less",
    )  # fmt: skip
    g_lr_ratio: float | None = redefined(
        GanSettings, "g_lr_ratio",
        by_default=f"{defaults.NEAR_RATIO:g}, for far images {defaults.FAR_RATIO:g}, for blended codes "
        f"{defaults.BLENDED_RATIO:g}, if far {defaults.FAR_BLENDED_RATIO:g}; bsa {defaults.BSA_RATIO:g}, "
        f"minegan {defaults.MINEGAN_RATIO:g}",
    )  # fmt: skip
    ema_rampup: float | None = redefined(
        GanSettings, "ema_rampup",
        by_default=f"{defaults.EMA_RAMPUP:g}, for blended codes without labels {defaults.BLENDED_EMA_RAMPUP:g} unless "
        "the images are far",
    )  # fmt: skip
    method: str = setting(
        "full", help="What of the source is trained.", panel=fields.FIRST, order=40, choices=lambda: GAN_METHODS,
        check=check.choice(lambda: GAN_METHODS), old_values=OLD_METHODS,
    )  # fmt: skip
    image_size: int | None = setting(
        None,
        help="Side of the images to generate, in pixels: the source's, or twice or four times it. Blocks are added to "
        "both networks, which begin as an enlargement of what the source knows.",
        panel=fields.TRAINS, by_default="the source's", check=check.integer("128"),
    )  # fmt: skip
    image_adapter: bool = setting(
        False, help="With the method minegan: also a small network behind the generator, for colours and edges.",
        panel=fields.TRAINS, old_names=("output_network",),
    )  # fmt: skip
    freeze: tuple = setting(
        (),
        help='A freezing rule such as "generator/block_4/.*=false"; give several in order.',
        panel=fields.TRAINS,
        check=check.texts,
    )
    freeze_d: int = setting(
        0, help="Blocks of the discriminator to freeze, from the image's side.", panel=fields.TRAINS,
        check=check.integer("2", least=0),
    )  # fmt: skip
    feature_weight: float | None = setting(
        None, help="Weight of the discriminator's heads on a network that was trained on photographs; 0: no heads.",
        panel=fields.OPTIMISATION, by_default=f"{defaults.NEAR_FEATURE_WEIGHT:g}, for far images "
        f"{defaults.FAR_FEATURE_WEIGHT:g}",
        check=check.number("0.05", note="; 0 leaves the feature heads out"), old_names=("feature_influence",),
    )  # fmt: skip
    latent_selection_kimg: float = setting(
        defaults.LATENT_SELECTION_KIMG,
        help="Kimg at the start in which the discriminator learns alone; then it selects the latents to go on from. At "
        "most a fifth of `kimg`; 0: all latents.",
        panel=fields.OPTIMISATION, check=check.number("0.5", note="; 0 draws from all latents of the source"),
        old_names=("mine_kimg",),
    )  # fmt: skip
    warmup_kimg: float | None = setting(
        None,
        help="Kimg at the start in which a new discriminator learns alone, where the source has none. At most a fifth "
        "of `kimg`.",
        panel=fields.OPTIMISATION, by_default=f"a fifth of `kimg`, at most {defaults.WARMUP_MOST:g}",
        check=check.number("2", note="; 0 trains the generator from the first step"),
    )  # fmt: skip
    select: str = setting(
        "best",
        help="The weights to keep: the best ones on the way, or the source's, by the training images; or the last.",
        panel=fields.SCORING, choices=lambda: SELECTIONS, check=check.choice(lambda: SELECTIONS),
    )  # fmt: skip
    labels: str | int | None = setting(
        None,
        help=f"Labels of the images: {LABEL_FORMS}. Of a third-party source with classes: none, one-hot or integer, "
        "the form of its classes, or their number.",
        panel=fields.DATA, by_default="no labels of the images; those of a third-party source are measured",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_adapter and not self.adaptation.mapper:
            hint = "Leave --image-adapter out, or give --method minegan."
            raise checks.user_error("image_adapter", f"left out with the method {self.method!r}", True, hint)
        overrides = self.overrides()  # checks them
        names = ("latent_dim", "pixel_range", *(["labels"] if overrides.labels is not None else []))
        for name in names:  # as config.json holds them
            object.__setattr__(self, name, getattr(overrides, name))
        check_form(self.data_labels)
        self.rules()

    @property
    def data_labels(self) -> Any:
        return None if describes_source(self.labels) else self.labels

    @property
    def adaptation(self) -> GanMethod:
        """The row of `GAN_METHODS` of the method."""
        return GAN_METHODS[self.method]

    @property
    def generator_rate(self) -> float:
        return self.learning_rate * (self.g_lr_ratio or self.adaptation.g_lr_ratio)

    def overrides(self) -> SpecOverrides:
        """`SpecOverrides`: what the user says of a third-party generator."""
        return SpecOverrides(
            latent_dim=self.latent_dim, latent_distribution=self.latent_distribution,
            labels=self.labels if describes_source(self.labels) else None, pixel_range=self.pixel_range,  # type: ignore[arg-type]
        )  # fmt: skip

    def rules(self) -> list[Any]:
        """The freezing rules, for `freeze`: those of `freeze` in order, of `freeze_d`, of the method."""
        rules = [parse_rule(text) for text in self.freeze]
        blocks = [freeze_d(self.freeze_d)] if self.freeze_d else []
        return [*rules, *blocks, *self.adaptation.rules]

    def warmup(self) -> float:
        """Kimg in which a fresh discriminator learns alone: whole batches, at most a fifth of `kimg`."""
        wanted = defaults.WARMUP_MOST if self.warmup_kimg is None else self.warmup_kimg
        batches = math.floor(min(wanted, defaults.WARMUP_SHARE * self.kimg) * 1000 / self.batch_size + 1e-9)
        return batches * self.batch_size / 1000


@settings_class
class PretrainSettings(NetworkSettings, GanSettings):
    """Settings of `pretrain` for a GAN.

    Example:
        >>> PretrainSettings(data="photos/", out="runs/source", image_size=64).arch
        'dcgan'
    """

    learning_rate: float = redefined(GanSettings, "learning_rate", defaults.PRETRAIN_LEARNING_RATE)
    arch: str = redefined(
        NetworkSettings, "arch", "dcgan", choices=lambda: tables.architectures("gan")
    )  # fmt: skip
    latent_dim: int | None = redefined(NetworkSettings, "latent_dim", by_default="the architecture's, 128 of dcgan")
    config: str | None = setting(
        None, help="Configuration of stylegan2: what it says replaces every setting that has its default.",
        panel=fields.NETWORK, order=1, by_default="auto for stylegan2",
        choices=lambda: CONFIGURATIONS, check=check.choice(lambda: CONFIGURATIONS),
    )  # fmt: skip
    labels: str | None = setting(
        None, help=f"Train one generator for several classes. The labels of the images: {LABEL_FORMS}.",
        panel=fields.DATA, by_default="none, all images are of one kind", check=_check_labels,
    )  # fmt: skip

    @property
    def data_labels(self) -> Any:
        return self.labels

    def __post_init__(self) -> None:
        name, _ = parse_entry(self.arch, "arch")
        if self.config is not None and name != ARCH:
            self.architecture()  # refuses a name that there is not
            hint = f"Leave --config out, or give --arch {ARCH}."
            raise checks.user_error("config", f"left out for the architecture {name!r}", self.config, hint)
        if name == ARCH:
            checks.check_choice("config", AUTO if self.config is None else self.config, CONFIGURATIONS, "Set --config.")
            self._configure()
        super().__post_init__()

    def _configure(self) -> None:
        """Gives each setting that has its default the configuration's value."""
        object.__setattr__(self, "config", self.config or AUTO)
        initial = {name: described.default for name, described in fields.settings_of(type(self)).items()}
        own_batch = None if self.batch_size == initial["batch_size"] else self.batch_size
        for name, value in CONFIGURATIONS[self.config].settings(self.image_size, own_batch).items():
            if getattr(self, name) == initial[name] and (name != "r1_gamma" or self.penalty == "r1"):
                object.__setattr__(self, name, value)

    def architecture(self) -> tuple[str, Any, dict[str, Any]]:
        name, entry, options = super().architecture()
        if self.config is None:
            return name, entry, options
        _, own = parse_entry(self.arch, "arch")
        return name, entry, {**options, **CONFIGURATIONS[self.config].options(self.image_size, self.batch_size), **own}

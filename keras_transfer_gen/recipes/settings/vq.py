"""What can be set for the training of a VQ-VAE and its prior (docs/defaults.md)."""

from typing import Any, ClassVar

from keras_transfer_gen import checks, tables
from keras_transfer_gen.data.label_forms import LABEL_FORMS, check_form
from keras_transfer_gen.recipes.settings import defaults, fields
from keras_transfer_gen.recipes.settings import field_checks as check
from keras_transfer_gen.recipes.settings.fields import redefined, setting, settings_class
from keras_transfer_gen.recipes.settings.methods import VQ_METHODS, VqMethod
from keras_transfer_gen.recipes.settings.shared import NetworkSettings, RunSettings, SourceSettings

HOLDOUT = "a tenth of `data`, at least 4 images, which are not trained on"
UNUSED = ("regularizers", "micro_batch")  # settings of every run that other families alone read
DOWNSAMPLING = (4, 8, 16)  # those of networks/tokens/autoencoder.py, which loads Keras


def _check_labels(name: str, value: Any, flag: str) -> Any:
    return check_form(value)


@settings_class
class VqSettings(RunSettings):
    """Settings that every training of a VQ-VAE has."""

    family: ClassVar[str] = "vq"

    reference: str | None = redefined(RunSettings, "reference", by_default=HOLDOUT)
    learning_rate: float = setting(
        defaults.VQ_LEARNING_RATE, help="Of the prior, by AdamW.", panel=fields.OPTIMISATION,
        check=check.number("0.001", above=True),
    )  # fmt: skip
    autoencoder_learning_rate: float = setting(
        defaults.VQ_AUTOENCODER_LEARNING_RATE, help="Of encoder and decoder, by Adam.", panel=fields.TOKENS,
        check=check.number("0.001", above=True),
    )  # fmt: skip
    autoencoder_share: float = setting(
        defaults.VQ_SHARE, help="Share of `kimg` in which the autoencoder learns, before the prior does.",
        panel=fields.TOKENS, check=check.number("0.4", most=1.0),
    )  # fmt: skip
    adversarial_weight: float = setting(
        0.0, help="How strongly a patch discriminator makes the decoder's images sharp: 0.1 is usual, 0 trains "
        "without. In `ktg pretrain` it begins with the second half of the autoencoder's kimg.",
        panel=fields.TOKENS, check=check.number("0.1"),
    )  # fmt: skip
    drawn_share: float = setting(
        defaults.VQ_DRAWN_SHARE, help="Share of `kimg`, at the end, in which the decoder learns to draw: a "
        "discriminator judges images of grids that the prior drew, beside reconstructions. 0 leaves it out.",
        panel=fields.TOKENS, check=check.number("0.4", most=1.0),
    )  # fmt: skip
    feature_weight: float = setting(
        0.0, help="Weight of what a network that was trained on photographs sees differently in an image and in its "
        "reconstruction, for the autoencoder: 0.1 makes surfaces sharper and a step slower, 0 leaves it out.",
        panel=fields.TOKENS, check=check.number("0.1"),
    )  # fmt: skip
    augment: str = setting(
        "shift_flip", help="How images are changed before they are encoded; none for text and other images that must "
        "not be mirrored.",
        panel=fields.OPTIMISATION, choices=lambda: [*tables.AUGMENTS, "none"],
        check=check.entry(tables.AUGMENTS, none=True),
    )  # fmt: skip
    temperature: float | None = setting(
        None, help="What the trained prior draws by: below 1 safer and less varied, such as 0.9.", panel=fields.TOKENS,
        by_default="that of the source, higher for few images", check=check.number("0.9", above=True),
    )  # fmt: skip
    guidance: float | None = setting(
        None, help="How strongly a class acts on what is drawn: 1 as learnt, 1.5 exaggerates it and takes twice the "
        "time.",
        panel=fields.TOKENS, by_default="that of the source", check=check.number("1.5"),
    )  # fmt: skip
    labels: str | None = setting(
        None, help=f"Draw by classes. The labels of the images: {LABEL_FORMS}.", panel=fields.DATA,
        by_default="none, all images are of one kind", check=_check_labels,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.autoencoder_share + self.drawn_share > 1.0:
            step = "Lower it, or --autoencoder-share."
            expected = f"at most {1.0 - self.autoencoder_share:g}, what autoencoder_share leaves over"
            raise checks.user_error("drawn_share", expected, self.drawn_share, step)
        for name in UNUSED:
            if getattr(self, name):
                hint = f"A VQ-VAE has no use for it. Leave {fields.flag_of(name)} out."
                raise checks.user_error(name, "left out for a VQ-VAE", getattr(self, name), hint)

    @property
    def data_labels(self) -> Any:
        return self.labels


@settings_class
class FineTuneVqSettings(SourceSettings, VqSettings):
    """Settings of `finetune` for a VQ-VAE.

    Example:
        >>> FineTuneVqSettings(data="photos/", source="runs/tokens", out="runs/mine").method
        'full'
    """

    kimg: float = redefined(RunSettings, "kimg", defaults.VQ_FINETUNE_KIMG, check=check.number("12", above=True))
    evaluate_every_kimg: float | None = redefined(
        RunSettings, "evaluate_every_kimg", by_default="a tenth of `kimg`", check=check.number("0.5", above=True)
    )
    learning_rate: float = redefined(VqSettings, "learning_rate", defaults.VQ_FINETUNE_LEARNING_RATE)
    autoencoder_learning_rate: float = redefined(
        VqSettings, "autoencoder_learning_rate", defaults.VQ_DECODER_LEARNING_RATE
    )
    autoencoder_share: float = redefined(VqSettings, "autoencoder_share", defaults.VQ_FINETUNE_SHARE)
    drawn_share: float = redefined(VqSettings, "drawn_share", defaults.VQ_FINETUNE_DRAWN_SHARE)
    method: str = setting(
        "full", help="What of the source is trained.", panel=fields.FIRST, order=40, choices=lambda: VQ_METHODS,
        check=check.choice(lambda: VQ_METHODS),
    )  # fmt: skip

    @property
    def adaptation(self) -> VqMethod:
        """The row of `VQ_METHODS` of the method."""
        return VQ_METHODS[self.method]


@settings_class
class PretrainVqSettings(VqSettings):
    """Settings of `pretrain` for a VQ-VAE.

    Example:
        >>> PretrainVqSettings(data="photos/", out="runs/tokens").downsampling
        8
    """

    command: ClassVar[str] = "pretrain"

    kimg: float = redefined(RunSettings, "kimg", defaults.VQ_PRETRAIN_KIMG, check=check.number("200", above=True))
    image_size: int = redefined(NetworkSettings, "image_size")
    channels: int = redefined(NetworkSettings, "channels")
    max_channels: int = redefined(NetworkSettings, "max_channels", 192)
    min_channels: int = redefined(NetworkSettings, "min_channels")
    licence: str = redefined(NetworkSettings, "licence")
    temperature: float | None = redefined(VqSettings, "temperature", 1.0)
    guidance: float | None = redefined(VqSettings, "guidance", 1.0)
    downsampling: int = setting(
        8, help="Pixels along each side of a token.", panel=fields.TOKENS, choices=lambda: DOWNSAMPLING,
        check=check.choice(lambda: DOWNSAMPLING),
    )  # fmt: skip
    codes: int = setting(
        1024, help="Size of the codebook (of each level).", panel=fields.TOKENS, check=check.integer("1024", least=2)
    )
    levels: int = setting(
        1, help="Tokens of a place, each for what the ones before it leave over: more detail.",
        panel=fields.TOKENS, check=check.integer("2"),
    )  # fmt: skip
    prior_levels: int = setting(
        1, help="How many of these the prior draws; the decoder makes up the rest.", panel=fields.TOKENS,
        check=check.integer("1"),
    )  # fmt: skip
    prior_width: int = setting(
        192, help="Width of the transformer, a multiple of 6.", panel=fields.TOKENS, check=check.integer("192")
    )
    prior_depth: int = setting(
        5, help="Blocks of the transformer.", panel=fields.TOKENS, check=check.integer("5")
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prior_levels > self.levels:
            step = "Lower it, or raise --levels."
            raise checks.user_error("prior_levels", f"at most levels, {self.levels}", self.prior_levels, step)

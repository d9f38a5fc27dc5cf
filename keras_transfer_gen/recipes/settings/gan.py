"""What can be set for a training run, with the defaults that were measured (docs/defaults.md)."""

import dataclasses
import math
import os

from keras_transfer_gen import checks, tables
from keras_transfer_gen.recipes.settings.methods import METHODS
from keras_transfer_gen.transfer.freezing.blocks import freeze_d
from keras_transfer_gen.transfer.freezing.rules import parse_rule
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides

R1_GAMMA = 2.0
FINETUNE_LEARNING_RATE = 2e-4
WARMUP_SHARE, WARMUP_MOST = 0.2, 1.0  # of a run's kimg; kimg
PRETRAIN_LEARNING_RATE = 4e-4
PRECISION_CHOICES = ("auto", "float32", "bfloat16")
FIT_CHOICES = ("crop", "pad")
SELECT_CHOICES = ("best", "last")
PATHS = ("data", "out", "reference", "source")


def check_shared(settings):
    """Makes text of the paths in the settings of any training, and checks what is in the same range in all of them.

    Raises:
        UserError: for a value that can't be used.
    """
    for name in PATHS:
        value = getattr(settings, name, None)
        if value is not None:
            object.__setattr__(settings, name, os.fspath(value))
    if settings.minutes is not None:
        checks.check_number("minutes", settings.minutes, above=True, next_step="Such as --minutes 5.")
    checks.check_integer("seed", settings.seed, least=0, next_step="Such as --seed 0.")
    checks.check_number("balance", settings.balance, most=1.0, next_step="Such as --balance 0.5.")
    checks.check_choice("resize_mode", settings.resize_mode, FIT_CHOICES, "Set it with --resize-mode.")
    checks.check_choice("precision", settings.precision, PRECISION_CHOICES, "Set it with --precision.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings that `finetune` and `pretrain` share.

    Args:
        data: folder, zip, npz, npy or "tfds:NAME[split]" of the images to learn.
        out: the RUN folder.
        kimg: thousands of real images to show.
        minutes: bound on the training time, or None.
        batch_size: images in a step, over all devices.
        seed: of everything random.
        augment: "diffaugment" or "none".
        objective: a key of `tables.OBJECTIVES`.
        penalty: "r1" or "none".
        r1_gamma: weight of R1.
        r1_interval: steps between penalties.
        learning_rate: of both Adam optimizers, but for `g_lr_ratio`.
        g_lr_ratio: the generator's learning rate as a multiple of the discriminator's; None is 1 for `pretrain`, for
            `finetune` the method's, and for "full" one that suits the distance of the images (`rates.resolve_g_lr_ratio`).
        ema_halflife_kimg: longest half-life of the averaged generator, in kimg.
        evaluate_every_kimg: kimg from one score on the way to the next; None takes a fifth of `kimg`, of a
            fine-tune that selects the best a tenth.
        reference: images to score against; None scores against the training images.
        balance: from 0 to 1, how far full sub-folders are held back; 1 draws one image of each at a time.
        resize_mode: "crop" or "pad" for images that aren't square.
        background: colour under transparent images and beside padded ones.
        precision: "auto", "float32" or "bfloat16".
        devices: "auto" or a comma-separated list such as "gpu:0,gpu:1".
        deterministic: ask TensorFlow for the same bits in every run.
        fresh: start again where an earlier run is in `out`.
    """

    data: str
    out: str
    kimg: float = 20.0
    minutes: float | None = None
    batch_size: int = 32
    seed: int = 0
    augment: str = "diffaugment"
    objective: str = "non_saturating"
    penalty: str = "r1"
    r1_gamma: float = R1_GAMMA
    r1_interval: int = 16
    learning_rate: float = FINETUNE_LEARNING_RATE
    g_lr_ratio: float | None = None
    ema_halflife_kimg: float = 10.0
    evaluate_every_kimg: float | None = None
    reference: str | None = None
    balance: float = 0.0
    resize_mode: str = "crop"
    background: str = "white"
    precision: str = "auto"
    devices: str = "auto"
    deterministic: bool = False
    fresh: bool = False

    @property
    def generator_rate(self):
        """The learning rate of the generator; `learning_rate` is the discriminator's."""
        return self.learning_rate * (self.g_lr_ratio or 1.0)

    def __post_init__(self):
        check_shared(self)
        checks.check_number("kimg", self.kimg, above=True, next_step="Such as --kimg 20.")
        checks.check_integer("batch_size", self.batch_size, next_step="Such as --batch-size 32.")
        if self.evaluate_every_kimg is not None:
            hint = "Such as --evaluate-every 5."
            checks.check_number("evaluate_every_kimg", self.evaluate_every_kimg, above=True, next_step=hint)
        checks.check_choice("augment", self.augment, [*tables.AUGMENTS, "none"], "Set it with --augment.")
        checks.check_choice("objective", self.objective, tables.OBJECTIVES, "Set it with --objective.")
        checks.check_choice("penalty", self.penalty, [*tables.PENALTIES, "none"], "Set it with --penalty.")
        checks.check_number("r1_gamma", self.r1_gamma, next_step="Such as --r1-gamma 0.05.")
        checks.check_integer("r1_interval", self.r1_interval, next_step="Such as --r1-interval 16.")
        hint = "Such as --learning-rate 0.0002."
        checks.check_number("learning_rate", self.learning_rate, above=True, next_step=hint)
        if self.g_lr_ratio is not None:
            checks.check_number("g_lr_ratio", self.g_lr_ratio, above=True, next_step="Such as --g-lr-ratio 4.")
        hint = "Such as --ema-halflife-kimg 10; 0 turns averaging off."
        checks.check_number("ema_halflife_kimg", self.ema_halflife_kimg, next_step=hint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FineTuneSettings(TrainSettings):
    """Settings of `finetune`.

    Args:
        source: preset name, RUN folder, `.keras` file or SavedModel (folder, .tar.gz, address or handle) to start from.
        method: a key of `methods.METHODS`: "full", "bsa" or "minegan".
        image_adapter: with "minegan": also a small network behind the generator, for colours and edges.
        freeze: rules such as "generator/block_4/.*=false", in order.
        freeze_d: blocks of the discriminator to freeze, from the image's side.
        feature_weight: how much it counts for the generator what the discriminator's heads say of what a network
            trained on photographs sees (see `feature_heads.add_feature_heads`); 0 leaves them out, None takes what
            suits the distance of the images (`feature_heads.resolve_feature_weight`).
        latent_selection_kimg: kimg at the start in which the discriminator learns alone and then chooses the latents to go on from,
            at most a fifth of `kimg`; 0 goes on from all of them.
        warmup_kimg: kimg at the start in which a fresh discriminator learns alone, where the source has none; at most a
            fifth of `kimg`. None takes that fifth, `WARMUP_MOST` at most. The time of `latent_selection_kimg` begins with it.
        compare_scratch: also train from scratch for the same kimg.
        select: "best" for the weights with the lowest KID to the training images on the way, or "last".
        latent_dim: of a generator of others, given instead of measured; see `transfer.spec_overrides`.
        distribution: the same for the distribution of its latents.
        labels: the same for the form or number of its classes.
        pixel_range: the same for the range of its images.
        trust: whether you vouch for a source from the web: a SavedModel is a program. Nothing is fetched without it.
    """

    source: str
    method: str = "full"
    image_adapter: bool = False
    freeze: tuple = ()
    freeze_d: int = 0
    feature_weight: float | None = None
    latent_selection_kimg: float = 0.5
    warmup_kimg: float | None = None
    compare_scratch: bool = False
    select: str = "best"
    latent_dim: int | None = None
    distribution: str | None = None
    labels: str | int | None = None
    pixel_range: tuple | str | None = None
    trust: bool = False

    def __post_init__(self):
        super().__post_init__()
        checks.check_integer("freeze_d", self.freeze_d, least=0, next_step="Such as --freeze-d 2.")
        if self.feature_weight is not None:
            hint = "Such as --feature-weight 0.05; 0 leaves the feature heads out."
            checks.check_number("feature_weight", self.feature_weight, next_step=hint)
        hint = "Such as --latent-selection-kimg 0.5; 0 draws from all latents of the source."
        checks.check_number("latent_selection_kimg", self.latent_selection_kimg, next_step=hint)
        if self.warmup_kimg is not None:
            hint = "Such as --warmup-kimg 2; 0 lets a fresh discriminator teach from the first step."
            checks.check_number("warmup_kimg", self.warmup_kimg, next_step=hint)
        checks.check_choice("select", self.select, SELECT_CHOICES, "Set it with --select.")
        checks.check_choice("method", self.method, METHODS, "Set it with --method.")
        if self.image_adapter and not METHODS[self.method].mapper:
            hint = "Leave --image-adapter out, or give --method minegan."
            raise checks.user_error("image_adapter", f"left out with the method {self.method!r}", True, hint)
        given = self.overrides().to_dict()
        for name in ("latent_dim", "labels", "pixel_range"):  # as config.json holds them
            value = given.get(name)
            object.__setattr__(self, name, tuple(value) if isinstance(value, list) else value)
        self.rules()

    @property
    def generator_rate(self):
        return self.learning_rate * (self.g_lr_ratio or METHODS[self.method].rate)

    def overrides(self):
        """`SpecOverrides`: what is given of a generator of others."""
        return SpecOverrides(self.latent_dim, self.distribution, self.labels, self.pixel_range)

    def rules(self):
        """The freezing rules, for `freeze`: those of `freeze` in order, of `freeze_d`, of the method."""
        rules = [parse_rule(text) for text in self.freeze]
        first = [freeze_d(self.freeze_d)] if self.freeze_d else []
        return [*rules, *first, *METHODS[self.method].rules]

    def warmup(self):
        """Kimg in which a fresh discriminator learns alone: whole batches, at most a fifth of `kimg`."""
        wanted = WARMUP_MOST if self.warmup_kimg is None else self.warmup_kimg
        batches = math.floor(min(wanted, WARMUP_SHARE * self.kimg) * 1000 / self.batch_size + 1e-9)
        return batches * self.batch_size / 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainSettings(TrainSettings):
    """Settings of `pretrain`.

    Args:
        arch: a name of `tables.architectures("gan")`.
        image_size: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        max_channels: channels of the smallest feature map.
        min_channels: channels of a feature map at least.
        licence: terms of the images, for the model card.
    """

    learning_rate: float = PRETRAIN_LEARNING_RATE
    arch: str = "dcgan"
    image_size: int = 64
    channels: int = 3
    latent_dim: int = 128
    max_channels: int = 256
    min_channels: int = 32
    licence: str = ""

    def __post_init__(self):
        super().__post_init__()
        checks.check_choice("arch", self.arch, tables.architectures("gan"), "Set it with --arch.")
        checks.check_image_shape(self.image_size, self.channels)
        for name in ("latent_dim", "max_channels", "min_channels"):
            checks.check_integer(name, getattr(self, name))

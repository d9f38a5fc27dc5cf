"""What can be set for a training run, with the defaults that were measured (docs/defaults.md)."""

import dataclasses
import os

from keras_transfer_gen import checks, tables
from keras_transfer_gen.transfer.freeze_rules import freeze_d, parse_rule

R1_GAMMA = 2.0
FINETUNE_LEARNING_RATE = 2e-4
SCRATCH_LEARNING_RATE = 4e-4
PRECISION_CHOICES = ("auto", "float32", "bfloat16")
FIT_CHOICES = ("crop", "pad")
PATHS = ("data", "out", "reference", "source")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings that `finetune` and `pretrain` share.

    Args:
        data: folder, zip, npz, npy or "tfds:NAME[split]" of the pictures to learn.
        out: the RUN folder.
        kimg: thousands of real images to show.
        minutes: bound on the training time, or None.
        batch_size: images in a step, over all devices.
        seed: of everything random.
        augment: "diffaugment" or "none".
        objective: a key of `tables.OBJECTIVES`.
        penalty: "r1" or "none".
        r1_gamma: weight of R1.
        r1_every: steps between penalties.
        learning_rate: of both Adam optimizers.
        ema_halflife_kimg: longest half-life of the averaged generator, in kimg.
        evaluate_every_kimg: kimg from one score on the way to the next; None takes a fifth of `kimg`.
        reference: pictures to score against; None scores against the training pictures.
        balance: from 0 to 1, how far full sub-folders are held back; 1 draws one picture of each at a time.
        image_fit: "crop" or "pad" for pictures that aren't square.
        background: colour under transparent pictures and beside padded ones.
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
    r1_every: int = 16
    learning_rate: float = FINETUNE_LEARNING_RATE
    ema_halflife_kimg: float = 10.0
    evaluate_every_kimg: float | None = None
    reference: str | None = None
    balance: float = 0.0
    image_fit: str = "crop"
    background: str = "white"
    precision: str = "auto"
    devices: str = "auto"
    deterministic: bool = False
    fresh: bool = False

    def __post_init__(self):
        for name in PATHS:
            value = getattr(self, name, None)
            if value is not None:
                object.__setattr__(self, name, os.fspath(value))
        checks.check_number("kimg", self.kimg, above=True, next_step="Such as --kimg 20.")
        if self.minutes is not None:
            checks.check_number("minutes", self.minutes, above=True, next_step="Such as --minutes 5.")
        checks.check_integer("batch_size", self.batch_size, next_step="Such as --batch-size 32.")
        checks.check_integer("seed", self.seed, least=0, next_step="Such as --seed 0.")
        if self.evaluate_every_kimg is not None:
            hint = "Such as --evaluate-every 5."
            checks.check_number("evaluate_every_kimg", self.evaluate_every_kimg, above=True, next_step=hint)
        checks.check_choice("augment", self.augment, [*tables.AUGMENTS, "none"], "Set it with --augment.")
        checks.check_choice("objective", self.objective, tables.OBJECTIVES, "Set it with --objective.")
        checks.check_choice("penalty", self.penalty, [*tables.PENALTIES, "none"], "Set it with --penalty.")
        checks.check_number("r1_gamma", self.r1_gamma, next_step="Such as --r1-gamma 0.05.")
        checks.check_integer("r1_every", self.r1_every, next_step="Such as --r1-every 16.")
        hint = "Such as --learning-rate 0.0002."
        checks.check_number("learning_rate", self.learning_rate, above=True, next_step=hint)
        hint = "Such as --ema-halflife-kimg 10; 0 turns averaging off."
        checks.check_number("ema_halflife_kimg", self.ema_halflife_kimg, next_step=hint)
        checks.check_number("balance", self.balance, most=1.0, next_step="Such as --balance 0.5.")
        checks.check_choice("image_fit", self.image_fit, FIT_CHOICES, "Set it with --image-fit.")
        checks.check_choice("precision", self.precision, PRECISION_CHOICES, "Set it with --precision.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FineTuneSettings(TrainSettings):
    """Settings of `finetune`.

    Args:
        source: preset name, RUN folder or `.keras` file to start from.
        freeze: rules such as "generator/block_4/.*=false", in order.
        freeze_d: blocks of the discriminator to freeze, from the picture's side.
        mine_kimg: kimg at the start in which the discriminator learns alone and then chooses the latents to go on from,
            at most a fifth of `kimg`; 0 goes on from all of them.
        compare_scratch: also train from scratch for the same kimg.
    """

    source: str
    freeze: tuple = ()
    freeze_d: int = 0
    mine_kimg: float = 0.5
    compare_scratch: bool = False

    def __post_init__(self):
        super().__post_init__()
        checks.check_integer("freeze_d", self.freeze_d, least=0, next_step="Such as --freeze-d 2.")
        hint = "Such as --mine-kimg 0.5; 0 draws from all latents of the source."
        checks.check_number("mine_kimg", self.mine_kimg, next_step=hint)
        self.rules()

    def rules(self):
        """The freezing rules, for `freeze`: those of `freeze` in order, then those of `freeze_d`."""
        rules = [parse_rule(text) for text in self.freeze]
        return [*rules, freeze_d(self.freeze_d)] if self.freeze_d else rules


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainSettings(TrainSettings):
    """Settings of `pretrain`.

    Args:
        arch: a key of `tables.ARCHITECTURES`.
        image_size: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        width: channels of the smallest feature map.
        least_width: channels of a feature map at least.
        licence: terms of the pictures, for the model card.
    """

    learning_rate: float = SCRATCH_LEARNING_RATE
    arch: str = "dcgan"
    image_size: int = 64
    channels: int = 3
    latent_dim: int = 128
    width: int = 256
    least_width: int = 32
    licence: str = ""

    def __post_init__(self):
        super().__post_init__()
        checks.check_choice("arch", self.arch, tables.ARCHITECTURES, "Set it with --arch.")
        checks.check_image_shape(self.image_size, self.channels)
        for name in ("latent_dim", "width", "least_width"):
            checks.check_integer(name, getattr(self, name))

"""What can be set for the training of a VAE, with the defaults that were measured (docs/defaults.md)."""

from typing import ClassVar

from keras_transfer_gen import checks, tables
from keras_transfer_gen.recipes.settings import defaults, fields
from keras_transfer_gen.recipes.settings import field_checks as check
from keras_transfer_gen.recipes.settings.fields import redefined, setting, settings_class
from keras_transfer_gen.recipes.settings.methods import OLD_METHODS, VAE_METHODS, VaeMethod
from keras_transfer_gen.recipes.settings.shared import NetworkSettings, RunSettings, SourceSettings

PRIORS = ("shrunk", "full", "mixture", "standard")  # those of recipes/latent_tools/fit_prior.py, which loads NumPy
HOLDOUT = "a tenth of `data`, at least 4 images, which are not trained on"


@settings_class
class VaeSettings(RunSettings):
    """Settings that every training of a VAE has."""

    family: ClassVar[str] = "vae"

    reference: str | None = redefined(RunSettings, "reference", by_default=HOLDOUT)
    learning_rate: float = setting(
        defaults.VAE_LEARNING_RATE, help="Of Adam.", panel=fields.OPTIMISATION, check=check.number("0.001", above=True)
    )
    prior: str = setting(
        "shrunk",
        help="Distribution that images are drawn from after training, fitted to the latents of the training images; "
        "standard: N(0, I), not fitted.",
        panel=fields.VAES, choices=lambda: PRIORS, check=check.choice(lambda: PRIORS),
    )  # fmt: skip


@settings_class
class FineTuneVaeSettings(SourceSettings, VaeSettings):
    """Settings of `finetune` for a VAE.

    Example:
        >>> FineTuneVaeSettings(data="photos/", source="noto_vae_64", out="runs/mine").method
        'decoder'
    """

    kimg: float = redefined(RunSettings, "kimg", defaults.VAE_FINETUNE_KIMG, check=check.number("2", above=True))
    batch_size: int = redefined(RunSettings, "batch_size", defaults.VAE_FINETUNE_BATCH_SIZE)
    evaluate_every_kimg: float | None = redefined(
        RunSettings, "evaluate_every_kimg", by_default="a tenth of `kimg`", check=check.number("0.5", above=True)
    )
    learning_rate: float | None = redefined(
        VaeSettings, "learning_rate", None,
        by_default=", ".join(f"{row.learning_rate:g} ({name})" for name, row in VAE_METHODS.items() if row.trains),
    )  # fmt: skip
    method: str = setting(
        "decoder", help="What of the source is trained.", panel=fields.FIRST, order=40, choices=lambda: VAE_METHODS,
        check=check.choice(lambda: VAE_METHODS), old_values=OLD_METHODS,
    )  # fmt: skip
    channels: int | None = setting(
        None, help="1 (grey) or 3 (RGB), where the images have other channels than the source.", panel=fields.VAES,
        by_default="the source's", check=check.choice(lambda: checks.CHANNELS),
    )  # fmt: skip
    posterior_kl_weight: float = setting(
        defaults.POSTERIOR_KL_WEIGHT, help="Method anchored: weight of the KL divergence from the source's posterior.",
        panel=fields.VAES, check=check.number("1"), old_names=("anchor",),
    )  # fmt: skip
    l2sp_weight: float = setting(
        defaults.L2SP_WEIGHT, help="Method anchored: weight of the squared distance from the source's weights.",
        panel=fields.VAES, check=check.number("0.01"), old_names=("l2sp",),
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", self.adaptation.learning_rate)
        for name in ("posterior_kl_weight", "l2sp_weight"):
            value = getattr(self, name)
            if not self.adaptation.anchored and value != getattr(type(self), name):
                hint = f"Leave {fields.flag_of(name)} out, or give --method anchored."
                raise checks.user_error(name, f"left out with the method {self.method!r}", value, hint)
        if self.method == "prior" and self.prior == "standard":
            hint = "The method changes nothing else. Give --prior shrunk, or another --method."
            raise checks.user_error("prior", "a distribution to fit, with the method 'prior'", self.prior, hint)

    @property
    def adaptation(self) -> VaeMethod:
        """The row of `VAE_METHODS` of the method."""
        return VAE_METHODS[self.method]


@settings_class
class PretrainVaeSettings(NetworkSettings, VaeSettings):
    """Settings of `pretrain` for a VAE.

    Example:
        >>> PretrainVaeSettings(data="photos/", out="runs/vae").likelihood
        'gaussian_optimal_sigma'
    """

    kimg: float = redefined(RunSettings, "kimg", defaults.VAE_PRETRAIN_KIMG, check=check.number("60", above=True))
    batch_size: int = redefined(
        RunSettings, "batch_size", defaults.VAE_PRETRAIN_BATCH_SIZE, check=check.integer("64")
    )  # fmt: skip
    arch: str = redefined(
        NetworkSettings, "arch", "conv_vae", choices=lambda: tables.architectures("vae")
    )  # fmt: skip
    latent_dim: int | None = redefined(NetworkSettings, "latent_dim", by_default="the architecture's, 64 of conv_vae")
    likelihood: str = setting(
        "gaussian_optimal_sigma", help="Distribution of an image around what the decoder draws.", panel=fields.VAES,
        choices=lambda: tables.LIKELIHOODS, check=check.entry(tables.LIKELIHOODS),
    )  # fmt: skip
    beta: float = setting(1.0, help="Weight of the KL divergence.", panel=fields.VAES, check=check.number("1"))
    free_bits: float = setting(
        0.0, help="KL divergence of each latent dimension that costs nothing, in nats.", panel=fields.VAES,
        check=check.number("0.1"),
    )  # fmt: skip
    kl_annealing_kimg: float = setting(
        0.0, help="Kimg over which the weight of the KL divergence rises to `beta`.", panel=fields.VAES,
        check=check.number("5", note="; 0 is none"), old_names=("kl_warmup_kimg",),
    )  # fmt: skip

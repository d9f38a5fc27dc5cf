"""What can be set for the training of a VAE from nothing, with the defaults that were measured."""

import dataclasses

from keras_transfer_gen import checks, tables
from keras_transfer_gen.recipes.settings.gan import check_shared
from keras_transfer_gen.recipes.settings.vae_methods import SOURCE_RATE

PRIORS = ("shrunk", "full", "mixture", "standard")  # those of recipes/latent_tools/fit_prior.py, which loads NumPy


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainVaeSettings:
    """Settings of `pretrain` for a VAE.

    Args:
        data: folder, zip, npz, npy or "tfds:NAME[split]" of the images to learn.
        out: the RUN folder.
        arch: a name of `tables.architectures("vae")`.
        image_size: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        max_channels: channels of the smallest feature map.
        min_channels: channels of a feature map at least.
        licence: terms of the images, for the model card.
        kimg: thousands of images to show.
        minutes: bound on the training time, or None.
        batch_size: images in a step, over all devices.
        seed: of everything random.
        likelihood: a key of `tables.LIKELIHOODS`.
        beta: weight of the divergence.
        free_bits: nats of divergence that each latent dimension has for nothing.
        kl_annealing_kimg: thousands of images over which the weight of the divergence rises to `beta`.
        learning_rate: of Adam.
        prior: what images are drawn from after training, fitted to the latents of the images: "shrunk", "full",
            "mixture", or "standard" for N(0, I).
        evaluate_every_kimg: kimg from one score on the way to the next; None takes a fifth of `kimg`.
        reference: images to score against; None keeps a tenth of `data`, 4 at least, out of training for that.
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
    arch: str = "conv_vae"
    image_size: int = 64
    channels: int = 3
    latent_dim: int = 64
    max_channels: int = 256
    min_channels: int = 32
    licence: str = ""
    kimg: float = 60.0
    minutes: float | None = None
    batch_size: int = 64
    seed: int = 0
    likelihood: str = "gaussian_optimal_sigma"
    beta: float = 1.0
    free_bits: float = 0.0
    kl_annealing_kimg: float = 0.0
    learning_rate: float = SOURCE_RATE
    prior: str = "shrunk"
    evaluate_every_kimg: float | None = None
    reference: str | None = None
    balance: float = 0.0
    resize_mode: str = "crop"
    background: str = "white"
    precision: str = "auto"
    devices: str = "auto"
    deterministic: bool = False
    fresh: bool = False

    def __post_init__(self):
        check_shared(self)
        checks.check_choice("arch", self.arch, tables.architectures("vae"), "Set it with --arch.")
        checks.check_image_shape(self.image_size, self.channels)
        for name in ("latent_dim", "max_channels", "min_channels"):
            checks.check_integer(name, getattr(self, name))
        checks.check_number("kimg", self.kimg, above=True, next_step="Such as --kimg 60.")
        checks.check_integer("batch_size", self.batch_size, next_step="Such as --batch-size 64.")
        if self.evaluate_every_kimg is not None:
            hint = "Such as --evaluate-every 5."
            checks.check_number("evaluate_every_kimg", self.evaluate_every_kimg, above=True, next_step=hint)
        tables.check_key("likelihood", self.likelihood, tables.LIKELIHOODS, "Set it with --likelihood.")
        checks.check_number("beta", self.beta, next_step="Such as --beta 1.")
        checks.check_number("free_bits", self.free_bits, next_step="Such as --free-bits 0.1.")
        checks.check_number(
            "kl_annealing_kimg", self.kl_annealing_kimg, next_step="Such as --kl-annealing-kimg 5; 0 is none."
        )
        hint = "Such as --learning-rate 0.001."
        checks.check_number("learning_rate", self.learning_rate, above=True, next_step=hint)
        checks.check_choice("prior", self.prior, PRIORS, "Set it with --prior.")

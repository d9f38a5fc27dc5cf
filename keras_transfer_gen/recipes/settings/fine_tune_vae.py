"""What can be set for a fine-tune of a VAE, with the defaults that were measured (docs/defaults.md)."""

import dataclasses

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.gan import check_shared
from keras_transfer_gen.recipes.settings.pretrain_vae import PRIORS
from keras_transfer_gen.recipes.settings.vae_methods import VAE_METHODS


@dataclasses.dataclass(frozen=True, kw_only=True)
class FineTuneVaeSettings:
    """Settings of `finetune` with a VAE as its source.

    Args:
        data: folder, zip, npz, npy or "tfds:NAME[split]" of the images to learn.
        source: preset name, RUN folder, `.keras` file or SavedModel of a VAE to start from.
        out: the RUN folder.
        method: a key of `vae_methods.VAE_METHODS`: "decoder", "bsa", "prior", "anchored" or "full".
        kimg: thousands of real images to show; of the method "prior" only to a comparison from scratch.
        minutes: bound on the training time, or None.
        batch_size: images in a step, over all devices.
        seed: of everything random.
        learning_rate: of Adam; the method's own by default.
        prior: what images are drawn from after training, fitted to the latents of the images learnt: "shrunk",
            "full", "mixture", or "standard" for N(0, I).
        anchor: weight of the divergence from the source's posterior, in the method "anchored".
        l2sp: weight of the squared distance from the source's weights, in the same.
        channels: 1 or 3 where the images shall have other channels than the source; None keeps the source's.
        reference: images to measure the bound and the scores on; without it a tenth of `data`, at least 4 images,
            is kept out of training for the bound.
        compare_scratch: also train from scratch for the same kimg.
        evaluate_every_kimg: kimg from one point of the curve to the next; None takes a tenth of `kimg`.
        balance: from 0 to 1, how far full sub-folders are held back; 1 draws one image of each at a time.
        resize_mode: "crop" or "pad" for images that aren't square.
        background: colour under transparent images and beside padded ones.
        precision: "auto", "float32" or "bfloat16".
        devices: "auto" or a comma-separated list such as "gpu:0,gpu:1".
        deterministic: ask TensorFlow for the same bits in every run.
        fresh: start again where an earlier run is in `out`.
        trust: whether you vouch for a source from the web: a SavedModel is a program. Nothing is fetched without it.

    Raises:
        UserError: for a value that can't be used.
    """

    data: str
    source: str
    out: str
    method: str = "decoder"
    kimg: float = 2.0
    minutes: float | None = None
    batch_size: int = 32
    seed: int = 0
    learning_rate: float | None = None
    prior: str = "shrunk"
    anchor: float = 1.0
    l2sp: float = 0.01
    channels: int | None = None
    reference: str | None = None
    compare_scratch: bool = False
    evaluate_every_kimg: float | None = None
    balance: float = 0.0
    resize_mode: str = "crop"
    background: str = "white"
    precision: str = "auto"
    devices: str = "auto"
    deterministic: bool = False
    fresh: bool = False
    trust: bool = False

    def __post_init__(self):
        check_shared(self)
        checks.check_choice("method", self.method, VAE_METHODS, "Set it with --method.")
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", VAE_METHODS[self.method].rate)
        checks.check_number("kimg", self.kimg, above=True, next_step="Such as --kimg 2.")
        checks.check_integer("batch_size", self.batch_size, next_step="Such as --batch-size 32.")
        hint = "Such as --learning-rate 0.001."
        checks.check_number("learning_rate", self.learning_rate, above=True, next_step=hint)
        checks.check_choice("prior", self.prior, PRIORS, "Set it with --prior.")
        checks.check_number("anchor", self.anchor, next_step="Such as --anchor 1.")
        checks.check_number("l2sp", self.l2sp, next_step="Such as --l2sp 0.01.")
        for name in ("anchor", "l2sp"):
            value = getattr(self, name)
            if not self.how.anchored and value != getattr(type(self), name):
                hint = f"Leave --{name} out, or give --method anchored."
                raise checks.user_error(name, f"left out with the method {self.method!r}", value, hint)
        if self.channels is not None:
            checks.check_choice("channels", self.channels, checks.CHANNELS, "Set it with --channels.")
        if self.evaluate_every_kimg is not None:
            hint = "Such as --evaluate-every 0.5."
            checks.check_number("evaluate_every_kimg", self.evaluate_every_kimg, above=True, next_step=hint)
        if self.method == "prior" and self.prior == "standard":
            hint = "It is all that this method changes. Give --prior shrunk, or another --method."
            raise checks.user_error("prior", "a distribution to fit, with the method 'prior'", self.prior, hint)

    @property
    def how(self):
        """The row of `VAE_METHODS` of the method."""
        return VAE_METHODS[self.method]

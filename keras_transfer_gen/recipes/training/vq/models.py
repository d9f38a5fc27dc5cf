"""The VQ-VAEs that a run trains: the source as its own model, one from scratch, a new one; how they are compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.networks.heads.feature_heads import TrainedFeatures
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.changing import with_class_rows
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.networks.tokens.residual_quantizer import build_quantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.models.resolve import resolve_source
from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.lineage import adapted_from, trained_on
from keras_transfer_gen.training.loss_scaling import scaled_for
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.freezing.freeze import freeze

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings, VqSettings

WEIGHT_DECAY, CLIPNORM = 0.01, 1.0  # of the prior's AdamW
DROPOUT, MANY = 0.15, 1000  # of the prior, and the number of images at which these two are right
NEVER = 1e12  # kimg
WAIT = 0.5  # share of the autoencoder's kimg before a discriminator acts on networks that know nothing yet


def open_source(run: Run) -> Source:
    """`Source` of a fine-tune; where the run's folder keeps it and the run goes on, that is loaded.

    Raises:
        UserError, UserFileError: where it can't be loaded, holds no VQ-VAE, or has no prior.
    """
    ref = resolve_source(run.settings)
    vq = load_vq(ref)
    if vq.prior is None:
        step = "Nothing can be drawn from it. Train one with vq.set_prior(prior) and vq.prior.fit(...)."
        raise checks.user_error("source", "a VQVAE with a prior", ref.name, step)
    return Source(vq, ref, kept=True)


def set_classes(
    vq: VQVAE, rows: Sequence[int], names: Sequence[str], shares: Sequence[float] = (), dropout: float | None = None
) -> None:
    """Gives a model other classes.

    Args:
        vq: `VQVAE` with a prior, changed in place.
        rows: of the prior's classes, for each new one and last for "no class"; see `with_class_rows`.
        names: of the new classes.
        shares: how often each is drawn where none is asked for; () all alike.
        dropout: of the prior; None keeps its own.
    """
    vq.set_prior(prior_with_classes(vq.prior, rows, dropout), names)
    vq.class_shares = list(shares)


def prior_with_classes(prior: TokenPrior, rows: Sequence[int], dropout: float | None = None) -> TokenPrior:
    """A `TokenPrior` with its own weights and other classes, not compiled; arguments as in `with_class_rows`."""
    network = with_class_rows(prior.network, rows, dropout)
    return TokenPrior(network, prior.token_noise, prior.label_dropout, name=prior.name, **prior.sampling)


def dropout_for(count: int) -> float:
    """Dropout of a prior that learns so many images: the fewer, the more, in [0.1, 0.5].

    Example:
        >>> [round(dropout_for(count), 2) for count in (10, 100, 1000, 10_000)]
        [0.47, 0.27, 0.15, 0.1]
    """
    return min(max(DROPOUT * (MANY / max(count, 1)) ** 0.25, 0.1), 0.5)


def weight_decay_for(count: int) -> float:
    """Weight decay of a prior that learns so many images: the fewer, the more, in [0.01, 0.1].

    Example:
        >>> [round(weight_decay_for(count), 3) for count in (10, 100, 1000, 10_000)]
        [0.1, 0.032, 0.01, 0.01]
    """
    return min(max(WEIGHT_DECAY * (MANY / max(count, 1)) ** 0.5, WEIGHT_DECAY), 0.1)


def temperature_for(count: int, least: float) -> float:
    """The temperature that a prior draws with which has learnt so many images: the fewer, the nearer to 1.

    Of few images it is sure of what comes next; made surer still, it draws blank images.

    Args:
        count: of images.
        least: the temperature of the source, which it does not go below; nor above 1, unless the source does.

    Example:
        >>> [round(temperature_for(count, 0.8), 2) for count in (10, 100, 1000, 10_000)]
        [1.0, 0.9, 0.8, 0.8]
    """
    return max(least, min(1.0, 1.0 - 0.1 * math.log10(max(count, 1) / 10)))


def _set_temperature(prior: TokenPrior, settings: FineTuneVqSettings, count: int) -> None:
    """Gives a prior that will learn so many images its temperature; one that learns nothing keeps its own."""
    if settings.adaptation.prior_rules is not None:
        prior.temperature = temperature_for(count, prior.temperature)


def freeze_prior(prior: TokenPrior, settings: FineTuneVqSettings) -> None:
    """Freezes what the method of a fine-tune does not train."""
    freeze(prior, [*(settings.adaptation.prior_rules or ()), (".*", True)])


def model_from_source(vq: VQVAE, settings: FineTuneVqSettings, count: int = MANY) -> VQVAE:
    """The source as the run's own model, for `count` images: step 0, encoder and codes fixed, the run's optimizers."""
    for counted in (vq, vq.prior):
        counted.step.assign(0)
        counted.images_seen.assign(0)
    freeze(vq, [("encoder(/.*)?", False), (".*", True)])
    vq.quantizer.trainable = False  # tokens keep their meaning
    freeze_prior(vq.prior, settings)
    vq.source = adapted_from(settings, vq.source)
    _set_temperature(vq.prior, settings, count)
    return compile_vq(vq, settings, wait=0.0, count=count)


def model_from_scratch(vq: VQVAE, settings: FineTuneVqSettings, count: int = MANY) -> VQVAE:
    """A compiled VQ-VAE with the source's encoder and codes, new decoder and new prior, for so many images.

    With the same tokens its nats can be compared with those of the adapted prior; it is a stronger rival than one that
    has to find its codes as well.
    """
    keras.utils.set_random_seed(settings.seed)
    decoder = keras.models.clone_model(vq.decoder)
    decoder.trainable = True
    encoder = keras.models.clone_model(vq.encoder)
    encoder.set_weights(vq.encoder.get_weights())
    quantizer = type(vq.quantizer).from_config(vq.quantizer.get_config())
    quantizer.build(encoder.output_shape)
    quantizer.set_weights(vq.quantizer.get_weights())
    encoder.trainable = quantizer.trainable = False
    prior = TokenPrior(TokenTransformer.from_config(vq.prior.network.get_config()), **vq.prior.sampling)
    reconstruction = type(vq.reconstruction).from_config(vq.reconstruction.get_config())
    fresh = VQVAE(encoder, quantizer, decoder, prior, reconstruction, vq.commitment, vq.class_names)
    fresh.source, fresh.licence, fresh.class_shares = trained_on(settings), "", list(vq.class_shares)
    _set_temperature(prior, settings, count)
    rates = defaults.VQ_LEARNING_RATE, defaults.VQ_AUTOENCODER_LEARNING_RATE
    return compile_vq(fresh, settings, *rates, count=count)


def build_networks(settings: PretrainVqSettings, num_classes: int = 0, count: int = MANY) -> tuple[Any, ...]:
    """(encoder, quantizer, decoder, transformer) of a pretraining on so many images, weights drawn from its seed."""
    keras.utils.set_random_seed(settings.seed)
    names = ("image_size", "channels", "downsampling", "max_channels", "min_channels")
    shared = {name: getattr(settings, name) for name in names}
    encoder, decoder = build_token_encoder(**shared), build_token_decoder(**shared)
    quantizer = build_quantizer(settings.codes, settings.levels)
    side = settings.image_size // settings.downsampling
    levels = settings.prior_levels
    codes = quantizer.num_codes // settings.levels * levels
    sizes = (codes, num_classes, settings.prior_width, settings.prior_depth)
    network = TokenTransformer((levels * side, side), *sizes, dropout=dropout_for(count))
    return encoder, quantizer, decoder, network


def new_model(
    settings: PretrainVqSettings, class_names: Sequence[str], shares: Sequence[float] = (), count: int = MANY
) -> VQVAE:
    """A compiled VQ-VAE of the settings of a pretraining on so many images; `shares` as in `set_classes`."""
    encoder, quantizer, decoder, network = build_networks(settings, len(class_names), count)
    vq = VQVAE(encoder, quantizer, decoder, TokenPrior(network), class_names=list(class_names))
    vq.class_shares = list(shares)
    vq.source, vq.licence = trained_on(settings), settings.licence
    return compile_vq(vq, settings, count=count)


def compile_vq(
    vq: VQVAE, settings: VqSettings, prior_rate: float | None = None, rate: float | None = None, wait: float = WAIT,
    count: int = MANY,
) -> VQVAE:  # fmt: skip
    """Compiles both parts as the settings say, with the discriminator that they ask for; returns the model.

    Args:
        vq: `VQVAE` with a prior; a discriminator that it has is used where the settings ask for one, or kept for draws.
        settings: of the run.
        prior_rate: learning rate of the prior in place of the settings'.
        rate: the same of the autoencoder.
        wait: share of the autoencoder's kimg before the discriminator acts.
        count: how many images it learns.
    """
    if settings.feature_weight:
        features = TrainedFeatures(weight=1.0)
        vq.reconstruction = PixelsAndEdges(features=features, feature_weight=settings.feature_weight)
    rate = rate or settings.autoencoder_learning_rate
    adversary: dict[str, Any] = {}
    if settings.adversarial_weight:
        if vq.discriminator is None:
            vq.set_discriminator(build_patch_discriminator(*vq.decoder.output_shape[2:]))
        start = wait * settings.autoencoder_share * settings.kimg
        adversary = {"adversarial_weight": settings.adversarial_weight, "adversarial_start_kimg": start}
        d_adam = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99)
        adversary["d_optimizer"] = scaled_for(d_adam, settings.precision)
    elif settings.drawn_share and vq.discriminator is not None:
        adversary["adversarial_start_kimg"] = NEVER  # it waits for draws, see `drawn.begin`
    else:
        vq.set_discriminator(None)
    vq.set_drawn_tokens(None)
    adam = keras.optimizers.Adam(rate, beta_2=0.99)
    vq.compile(scaled_for(adam, settings.precision), augment=settings.augment, seed=settings.seed, **adversary)
    compile_prior(vq.prior, settings, prior_rate, count)
    set_sampling(vq.prior, settings)
    return vq


def set_sampling(prior: TokenPrior, settings: VqSettings) -> None:
    """Sets by which temperature and guidance a prior draws; what the settings leave open stays."""
    for name in ("temperature", "guidance"):
        if getattr(settings, name) is not None:
            setattr(prior, name, getattr(settings, name))


def compile_prior(
    prior: TokenPrior, settings: VqSettings, rate: float | None = None, count: int = MANY
) -> TokenPrior:  # fmt: skip
    """Compiles a prior for so many images as the settings say, or with `rate` as its learning rate; returns it."""
    adamw = keras.optimizers.AdamW(
        rate or settings.learning_rate, weight_decay=weight_decay_for(count), beta_2=0.99, global_clipnorm=CLIPNORM
    )
    prior.compile(scaled_for(adamw, settings.precision), augment=settings.augment, seed=settings.seed)
    return prior


def update_rates(vq: VQVAE, settings: VqSettings, rates: Any = None) -> None:
    """Sets the learning rates of both parts; `rates` is (prior's, autoencoder's) in place of the settings'."""
    drawn_rate = None if vq.drawn_tokens is None else defaults.VQ_DRAWN_RATE
    own = settings.learning_rate, drawn_rate or settings.autoencoder_learning_rate
    vq.prior.optimizer.learning_rate, vq.optimizer.learning_rate = rates or own
    if vq.d_optimizer is not None:
        vq.d_optimizer.learning_rate = float(vq.optimizer.learning_rate)  # else Keras counts the variable as its own

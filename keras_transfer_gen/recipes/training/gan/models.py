"""The GANs that a run trains: the source as its own model, one from scratch, a new one; and how they are compiled."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import tables
from keras_transfer_gen.architectures import clone_networks
from keras_transfer_gen.objectives.path_length import PathLength
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.recipes.settings.defaults import SCRATCH_RATES
from keras_transfer_gen.recipes.training.gan import feature_heads
from keras_transfer_gen.recipes.training.gan.freezing import is_third_party
from keras_transfer_gen.recipes.training.lineage import adapted_from, trained_on
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.loss_scaling import scaled_for

if TYPE_CHECKING:
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, GanSettings, PretrainSettings


DEFAULT = "dcgan"  # architecture of the run from scratch beside a third-party source


def model_from_source(source: GAN, settings: FineTuneSettings) -> GAN:
    """The source as the run's own model: averaged weights on both sides, step 0, the settings' heads and optimizers."""
    source.generator.set_weights(source.ema_generator.get_weights())
    source.step.assign(0)
    source.images_seen.assign(0)
    # Of a third-party model nothing is known but its address, which the first sentence says already.
    before = source.spec.source if source.spec.source != str(settings.source) else ""
    source.spec = dataclasses.replace(source.spec, source=adapted_from(settings, before))
    gan = feature_heads.set_feature_heads(source, settings.feature_weight)
    compile_gan(gan, settings)
    return gan


def model_from_scratch(source: GAN, settings: FineTuneSettings, rates: tuple[float, float] = SCRATCH_RATES) -> GAN:
    """A compiled GAN of the source's shape with new weights, nothing frozen; of a third-party source the default's."""
    keras.utils.set_random_seed(settings.seed)
    networks, spec = (source.generator, source.discriminator), source.spec
    if is_third_party(source):
        architecture = tables.load(tables.ARCHITECTURES[DEFAULT])
        spec = ModelSpec(spec.image_size, spec.channels, latent_dim=architecture.latent_dim, arch=DEFAULT)
        networks = architecture.build(spec)
    else:
        architecture = tables.architecture_of(spec)
        networks = clone_networks(networks) if architecture is None else architecture.rebuild(networks)
    generator, discriminator = networks
    gan = GAN(generator, discriminator, spec=dataclasses.replace(spec, source=trained_on(settings)))
    compile_gan(gan, settings, rates)
    return gan


def new_model(settings: PretrainSettings, image_set: ImageSet | None = None) -> GAN:
    """A compiled GAN of a pretraining's settings, with the classes of its `ImageSet` where the settings say so."""
    spec = new_spec(settings, image_set)
    generator, discriminator = build_networks(settings, spec)
    gan = GAN(generator, discriminator, spec=spec)
    compile_gan(gan, settings)
    return gan


def compile_gan(gan: GAN, settings: GanSettings, rates: tuple[float, float] | None = None) -> None:
    """Compiles a GAN as the settings say.

    A run from scratch has (generator's, discriminator's) `rates` of its own, and no regularizers: it has no source.
    """
    g_rate, d_rate = rates or settings_rates(settings)
    adam = {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
    gan.compile(
        objective=settings.objective,
        penalty=penalties_of(settings),
        augment=settings.augment,
        regularizers=settings.build_regularizers() if rates is None else (),
        g_optimizer=scaled_for(keras.optimizers.Adam(g_rate, **adam), settings.precision),
        d_optimizer=scaled_for(keras.optimizers.Adam(d_rate, **adam), settings.precision),
        ema_halflife_kimg=settings.ema_halflife_kimg,
        ema_rampup=settings.averaged_share,
        seed=settings.seed,
        micro_batch=settings.micro_batch,
    )


def penalties_of(settings: GanSettings) -> Any:
    """What `GAN.compile` takes as penalties: the discriminator's first, then the path length's where it counts."""
    own = R1(settings.r1_gamma, settings.r1_interval) if settings.penalty == "r1" else settings.penalty
    return [own, PathLength(settings.path_length_weight)] if settings.path_length_weight else own


def update_rates(gan: GAN, settings: GanSettings, rates: tuple[float, float] | None = None) -> None:
    """Sets what may change when a training goes on: learning rates, averaging, weight of R1, micro-batches."""
    gan.g_optimizer.learning_rate, gan.d_optimizer.learning_rate = rates or settings_rates(settings)
    gan.ema_halflife_kimg, gan.ema_rampup = settings.ema_halflife_kimg, settings.averaged_share
    gan.micro_batch = settings.micro_batch
    if settings.penalty == "r1":
        gan.penalty.gamma = settings.r1_gamma


def settings_rates(settings: GanSettings) -> tuple[float, float]:
    """(generator's, discriminator's) learning rate."""
    return settings.generator_rate, settings.learning_rate

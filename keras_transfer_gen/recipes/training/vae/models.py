"""The VAEs that a run trains: the source as its own model, one from scratch, a new one; and how they are compiled."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.architectures import clone_networks
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.models.change_channels import change_channels
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import resolve_source
from keras_transfer_gen.recipes.settings.defaults import VAE_LEARNING_RATE
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.lineage import adapted_from, trained_on
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec
from keras_transfer_gen.recipes.training.rules import EVERYTHING
from keras_transfer_gen.training.loss_scaling import scaled_for
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP
from keras_transfer_gen.transfer.regularizers.posterior_anchor import PosteriorAnchor
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer

if TYPE_CHECKING:
    from keras_transfer_gen.protocols import Regularizer
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings, VaeSettings


LOSS = ("beta", "free_bits", "kl_annealing_kimg")  # arguments of a VAE that say how the divergence counts


def open_source(run: Run[FineTuneVaeSettings]) -> Source:
    """The source of a fine-tune, with the channels of the images, frozen as the method says.

    Args:
        run: `Run`; where its folder keeps the source and the run goes on, that is loaded.

    Returns:
        `Source`.

    Raises:
        UserError, UserFileError: where it can't be loaded or holds no VAE.
    """
    settings = run.settings
    ref = resolve_source(settings)
    return Source(adapt_source(load_vae(ref), settings), ref, kept=True)


def adapt_source(vae: VAE, settings: FineTuneVaeSettings) -> VAE:
    """A source with the channels of the settings, frozen as their method says."""
    if settings.channels is not None:
        vae = change_channels(vae, settings.channels)
    with checks.named(model="source", rules="method"):
        freeze(vae, [*settings.adaptation.rules, EVERYTHING])
    return vae


def model_from_source(source: VAE, settings: FineTuneVaeSettings) -> VAE:
    """The source as the run's own model: step 0, N(0, I) as the prior to learn with, the run's optimizer."""
    source.step.assign(0)
    source.images_seen.assign(0)
    source.set_prior(StandardNormal())
    source.spec = dataclasses.replace(source.spec, source=adapted_from(settings, source.spec.source))
    regularizers = settings.build_regularizers()
    if settings.adaptation.anchored:
        regularizers += [PosteriorAnchor(settings.posterior_kl_weight), L2SP(settings.l2sp_weight)]
    compile_vae(source, settings, regularizers=regularizers)
    return source


def model_from_scratch(source: VAE, settings: FineTuneVaeSettings) -> VAE:
    """A compiled VAE of the source's shape with new weights, nothing frozen."""
    keras.utils.set_random_seed(settings.seed)
    encoder, decoder = _new_networks(source)
    likelihood = type(source.likelihood).from_config(source.likelihood.get_config())
    spec = dataclasses.replace(source.spec, source=trained_on(settings))
    loss = {name: getattr(source, name) for name in LOSS}
    vae = VAE(encoder, decoder, likelihood=likelihood, spec=spec, **loss)
    compile_vae(vae, settings, VAE_LEARNING_RATE)
    return vae


def _new_networks(source: VAE) -> Sequence[keras.Model]:
    """Networks as the source's with new weights; a SavedModel's can't be built, so `conv_vae` stands for them."""
    layers = [layer for network in source.roles.values() for layer in network._flatten_layers()]
    if any(isinstance(layer, SavedModelLayer) for layer in layers):
        spec = source.spec
        return build_conv_vae(spec.image_size, spec.channels, spec.latent_dim)
    return clone_networks(source.roles.values())


def new_model(settings: PretrainVaeSettings) -> VAE:
    """A compiled VAE of a pretraining's settings."""
    loss = {name: getattr(settings, name) for name in ("likelihood", *LOSS)}
    encoder, decoder = build_networks(settings)
    vae = VAE(encoder, decoder, spec=new_spec(settings), **loss)
    compile_vae(vae, settings, regularizers=settings.build_regularizers())
    return vae


def compile_vae(
    vae: VAE, settings: VaeSettings, learning_rate: float | None = None, regularizers: Sequence[Regularizer | str] = ()
) -> None:
    """Compiles a VAE as the settings say, or with the given learning rate."""
    rate = learning_rate or settings.learning_rate
    optimizer = scaled_for(keras.optimizers.Adam(rate), settings.precision)
    vae.compile(optimizer, regularizers=regularizers, seed=settings.seed, micro_batch=settings.micro_batch)

"""Transfer learning for image generators: adapt a pretrained GAN to your images, measure it, ship it.

Names are loaded when they are first used (PEP 562), so that `import keras_transfer_gen` and `ktg --help` cost nothing;
they still show up in `dir()`, in `from keras_transfer_gen import *` and, through `TYPE_CHECKING`, to type checkers.
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.saved_classes import register_with_keras
from keras_transfer_gen.version import __version__

if TYPE_CHECKING:  # a line for each row of _LAZY (a test compares them); `X as X` marks a re-export
    from keras_transfer_gen.architectures import Architecture as Architecture
    from keras_transfer_gen.architectures import Option as Option
    from keras_transfer_gen.checks import UserError as UserError
    from keras_transfer_gen.data.audit import audit_images as audit_images
    from keras_transfer_gen.data.batches import load_images as load_images
    from keras_transfer_gen.data.image_set import ImageSet as ImageSet
    from keras_transfer_gen.data.sources import read_images as read_images
    from keras_transfer_gen.maths.latent_arithmetic import attribute_direction as attribute_direction
    from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation as spherical_interpolation
    from keras_transfer_gen.metrics.edge_similarity import edge_similarity as edge_similarity
    from keras_transfer_gen.metrics.features import extract_features as extract_features
    from keras_transfer_gen.metrics.fid import fid as fid
    from keras_transfer_gen.metrics.kid import kid as kid
    from keras_transfer_gen.metrics.memorisation import memorisation as memorisation
    from keras_transfer_gen.metrics.prdc import density_coverage as density_coverage
    from keras_transfer_gen.metrics.prdc import precision_recall as precision_recall
    from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae_decoder as build_conv_vae_decoder
    from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae_encoder as build_conv_vae_encoder
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator as build_dcgan_discriminator
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator as build_dcgan_generator
    from keras_transfer_gen.networks.latents.latent_mapper import ImageAdapter as ImageAdapter
    from keras_transfer_gen.networks.latents.latent_mapper import LatentMapper as LatentMapper
    from keras_transfer_gen.networks.latents.latent_mapper import insert_latent_mapper as insert_latent_mapper
    from keras_transfer_gen.networks.latents.latent_mixture import LatentMixture as LatentMixture
    from keras_transfer_gen.networks.latents.latent_mixture import insert_latent_mixture as insert_latent_mixture
    from keras_transfer_gen.networks.priors.gaussian import GaussianPrior as GaussianPrior
    from keras_transfer_gen.networks.priors.mixture import MixturePrior as MixturePrior
    from keras_transfer_gen.networks.priors.standard_normal import StandardNormal as StandardNormal
    from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder as build_token_decoder
    from keras_transfer_gen.networks.tokens.autoencoder import build_token_encoder as build_token_encoder
    from keras_transfer_gen.networks.tokens.finite_scalar_quantizer import (
        FiniteScalarQuantizer as FiniteScalarQuantizer,
    )
    from keras_transfer_gen.networks.tokens.patch_discriminator import (
        build_patch_discriminator as build_patch_discriminator,
    )
    from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer as VectorQuantizer
    from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer as ResidualQuantizer
    from keras_transfer_gen.networks.tokens.transformer import TokenTransformer as TokenTransformer
    from keras_transfer_gen.objectives.adversarial import Hinge as Hinge
    from keras_transfer_gen.objectives.adversarial import Minimax as Minimax
    from keras_transfer_gen.objectives.adversarial import NonSaturating as NonSaturating
    from keras_transfer_gen.objectives.adversarial import Relativistic as Relativistic
    from keras_transfer_gen.objectives.likelihoods import Bernoulli as Bernoulli
    from keras_transfer_gen.objectives.likelihoods import GaussianOptimalSigma as GaussianOptimalSigma
    from keras_transfer_gen.objectives.likelihoods import LaplaceOptimalScale as LaplaceOptimalScale
    from keras_transfer_gen.objectives.likelihoods import Perceptual as Perceptual
    from keras_transfer_gen.objectives.path_length import PathLength as PathLength
    from keras_transfer_gen.objectives.penalties import R1 as R1
    from keras_transfer_gen.objectives.penalties import R1R2 as R1R2
    from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges as PixelsAndEdges
    from keras_transfer_gen.protocols import Augment as Augment
    from keras_transfer_gen.protocols import Likelihood as Likelihood
    from keras_transfer_gen.protocols import Objective as Objective
    from keras_transfer_gen.protocols import Penalty as Penalty
    from keras_transfer_gen.protocols import Prior as Prior
    from keras_transfer_gen.protocols import Reconstruction as Reconstruction
    from keras_transfer_gen.protocols import Regularizer as Regularizer
    from keras_transfer_gen.recipes.latent_tools.decode import decode as decode
    from keras_transfer_gen.recipes.latent_tools.directions import find_directions as find_directions
    from keras_transfer_gen.recipes.latent_tools.edit import edit as edit
    from keras_transfer_gen.recipes.latent_tools.edit_along import edit_along as edit_along
    from keras_transfer_gen.recipes.latent_tools.encode import encode as encode
    from keras_transfer_gen.recipes.latent_tools.explore import explore as explore
    from keras_transfer_gen.recipes.latent_tools.fit_prior import fit_prior as fit_prior
    from keras_transfer_gen.recipes.latent_tools.interpolate import interpolate as interpolate
    from keras_transfer_gen.recipes.latent_tools.mix import mix as mix
    from keras_transfer_gen.recipes.latent_tools.project import project as project
    from keras_transfer_gen.recipes.latent_tools.reconstruct import reconstruct as reconstruct
    from keras_transfer_gen.recipes.latent_tools.restyle import restyle as restyle
    from keras_transfer_gen.recipes.latent_tools.walk import walk as walk
    from keras_transfer_gen.recipes.models.change_channels import change_channels as change_channels
    from keras_transfer_gen.recipes.models.change_gan import change_gan as change_gan
    from keras_transfer_gen.recipes.models.convert import convert_model as convert_model
    from keras_transfer_gen.recipes.models.export import export_saved_model as export_saved_model
    from keras_transfer_gen.recipes.models.export import export_tflite as export_tflite
    from keras_transfer_gen.recipes.models.export_web import export_web as export_web
    from keras_transfer_gen.recipes.models.grow import grow_gan as grow_gan
    from keras_transfer_gen.recipes.models.inspect_model import inspect_model as inspect_model
    from keras_transfer_gen.recipes.models.load import load_gan as load_gan
    from keras_transfer_gen.recipes.models.load import load_generator as load_generator
    from keras_transfer_gen.recipes.models.load_vae import load_vae as load_vae
    from keras_transfer_gen.recipes.models.load_vq import load_vq as load_vq
    from keras_transfer_gen.recipes.scoring.evaluate import EvaluateEvery as EvaluateEvery
    from keras_transfer_gen.recipes.scoring.evaluate import Evaluation as Evaluation
    from keras_transfer_gen.recipes.scoring.evaluate import evaluate as evaluate
    from keras_transfer_gen.recipes.settings.distill import DistillSettings as DistillSettings
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings as FineTuneSettings
    from keras_transfer_gen.recipes.settings.gan import PretrainSettings as PretrainSettings
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings as FineTuneVaeSettings
    from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings as PretrainVaeSettings
    from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings as FineTuneVqSettings
    from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings as PretrainVqSettings
    from keras_transfer_gen.recipes.training.distill import distill as distill
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune as fine_tune
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune_vae as fine_tune_vae
    from keras_transfer_gen.recipes.training.gan.feature_heads import add_feature_heads as add_feature_heads
    from keras_transfer_gen.recipes.training.gan.latent_selection import select_latents as select_latents
    from keras_transfer_gen.recipes.training.pretrain import pretrain as pretrain
    from keras_transfer_gen.recipes.training.pretrain import pretrain_vae as pretrain_vae
    from keras_transfer_gen.specs import ModelSpec as ModelSpec
    from keras_transfer_gen.spectral_norm import guard_spectral_norms as guard_spectral_norms
    from keras_transfer_gen.tables import register_architecture as register_architecture
    from keras_transfer_gen.tables import register_augment as register_augment
    from keras_transfer_gen.tables import register_feature_network as register_feature_network
    from keras_transfer_gen.tables import register_likelihood as register_likelihood
    from keras_transfer_gen.tables import register_metric as register_metric
    from keras_transfer_gen.tables import register_objective as register_objective
    from keras_transfer_gen.tables import register_penalty as register_penalty
    from keras_transfer_gen.tables import register_prior as register_prior
    from keras_transfer_gen.tables import register_reconstruction as register_reconstruction
    from keras_transfer_gen.tables import register_regularizer as register_regularizer
    from keras_transfer_gen.training.ada import ADA as ADA
    from keras_transfer_gen.training.callbacks import SampleGrid as SampleGrid
    from keras_transfer_gen.training.callbacks import ScoreEvery as ScoreEvery
    from keras_transfer_gen.training.collapse import CollapseWarning as CollapseWarning
    from keras_transfer_gen.training.diffaugment import DiffAugment as DiffAugment
    from keras_transfer_gen.training.gan import GAN as GAN
    from keras_transfer_gen.training.latent_ranking import rank_latents as rank_latents
    from keras_transfer_gen.training.live_preview import LivePreview as LivePreview
    from keras_transfer_gen.training.precision import set_precision as set_precision
    from keras_transfer_gen.training.tensorboard_log import TensorBoardLog as TensorBoardLog
    from keras_transfer_gen.training.token_prior import TokenPrior as TokenPrior
    from keras_transfer_gen.training.vae import VAE as VAE
    from keras_transfer_gen.training.vqvae import VQVAE as VQVAE
    from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model as fetch_saved_model
    from keras_transfer_gen.transfer.fetching.presets import list_presets as list_presets
    from keras_transfer_gen.transfer.freezing.blocks import freeze_d as freeze_d
    from keras_transfer_gen.transfer.freezing.blocks import freeze_g as freeze_g
    from keras_transfer_gen.transfer.freezing.blocks import last_n as last_n
    from keras_transfer_gen.transfer.freezing.freeze import freeze as freeze
    from keras_transfer_gen.transfer.freezing.rules import all_but as all_but
    from keras_transfer_gen.transfer.freezing.rules import scale_shift_only as scale_shift_only
    from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report as trainable_report
    from keras_transfer_gen.transfer.paths import leaf_layers as leaf_layers
    from keras_transfer_gen.transfer.regularizers.l2sp import L2SP as L2SP
    from keras_transfer_gen.transfer.regularizers.posterior_anchor import PosteriorAnchor as PosteriorAnchor
    from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer as SavedModelLayer
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides as SpecOverrides
    from keras_transfer_gen.transfer.weights.match_report import MatchReport as MatchReport
    from keras_transfer_gen.transfer.weights.matching import load_matching_weights as load_matching_weights
    from keras_transfer_gen.transfer.weights.read import read_weights as read_weights

_LAZY = {
    "ADA": "keras_transfer_gen.training.ada:ADA",
    "Architecture": "keras_transfer_gen.architectures:Architecture",
    "Augment": "keras_transfer_gen.protocols:Augment",
    "Bernoulli": "keras_transfer_gen.objectives.likelihoods:Bernoulli",
    "CollapseWarning": "keras_transfer_gen.training.collapse:CollapseWarning",
    "DiffAugment": "keras_transfer_gen.training.diffaugment:DiffAugment",
    "DistillSettings": "keras_transfer_gen.recipes.settings.distill:DistillSettings",
    "EvaluateEvery": "keras_transfer_gen.recipes.scoring.evaluate:EvaluateEvery",
    "Evaluation": "keras_transfer_gen.recipes.scoring.evaluate:Evaluation",
    "FineTuneSettings": "keras_transfer_gen.recipes.settings.gan:FineTuneSettings",
    "FineTuneVaeSettings": "keras_transfer_gen.recipes.settings.vae:FineTuneVaeSettings",
    "FineTuneVqSettings": "keras_transfer_gen.recipes.settings.vq:FineTuneVqSettings",
    "FiniteScalarQuantizer": "keras_transfer_gen.networks.tokens.finite_scalar_quantizer:FiniteScalarQuantizer",
    "GAN": "keras_transfer_gen.training.gan:GAN",
    "GaussianOptimalSigma": "keras_transfer_gen.objectives.likelihoods:GaussianOptimalSigma",
    "GaussianPrior": "keras_transfer_gen.networks.priors.gaussian:GaussianPrior",
    "Hinge": "keras_transfer_gen.objectives.adversarial:Hinge",
    "ImageAdapter": "keras_transfer_gen.networks.latents.latent_mapper:ImageAdapter",
    "ImageSet": "keras_transfer_gen.data.image_set:ImageSet",
    "L2SP": "keras_transfer_gen.transfer.regularizers.l2sp:L2SP",
    "LaplaceOptimalScale": "keras_transfer_gen.objectives.likelihoods:LaplaceOptimalScale",
    "LatentMapper": "keras_transfer_gen.networks.latents.latent_mapper:LatentMapper",
    "LatentMixture": "keras_transfer_gen.networks.latents.latent_mixture:LatentMixture",
    "Likelihood": "keras_transfer_gen.protocols:Likelihood",
    "LivePreview": "keras_transfer_gen.training.live_preview:LivePreview",
    "TensorBoardLog": "keras_transfer_gen.training.tensorboard_log:TensorBoardLog",
    "MatchReport": "keras_transfer_gen.transfer.weights.match_report:MatchReport",
    "Minimax": "keras_transfer_gen.objectives.adversarial:Minimax",
    "MixturePrior": "keras_transfer_gen.networks.priors.mixture:MixturePrior",
    "ModelSpec": "keras_transfer_gen.specs:ModelSpec",
    "NonSaturating": "keras_transfer_gen.objectives.adversarial:NonSaturating",
    "Objective": "keras_transfer_gen.protocols:Objective",
    "Option": "keras_transfer_gen.architectures:Option",
    "PathLength": "keras_transfer_gen.objectives.path_length:PathLength",
    "Penalty": "keras_transfer_gen.protocols:Penalty",
    "Perceptual": "keras_transfer_gen.objectives.likelihoods:Perceptual",
    "PixelsAndEdges": "keras_transfer_gen.objectives.reconstruction:PixelsAndEdges",
    "PosteriorAnchor": "keras_transfer_gen.transfer.regularizers.posterior_anchor:PosteriorAnchor",
    "PretrainSettings": "keras_transfer_gen.recipes.settings.gan:PretrainSettings",
    "PretrainVaeSettings": "keras_transfer_gen.recipes.settings.vae:PretrainVaeSettings",
    "PretrainVqSettings": "keras_transfer_gen.recipes.settings.vq:PretrainVqSettings",
    "Prior": "keras_transfer_gen.protocols:Prior",
    "R1": "keras_transfer_gen.objectives.penalties:R1",
    "R1R2": "keras_transfer_gen.objectives.penalties:R1R2",
    "Reconstruction": "keras_transfer_gen.protocols:Reconstruction",
    "Regularizer": "keras_transfer_gen.protocols:Regularizer",
    "Relativistic": "keras_transfer_gen.objectives.adversarial:Relativistic",
    "ResidualQuantizer": "keras_transfer_gen.networks.tokens.residual_quantizer:ResidualQuantizer",
    "SampleGrid": "keras_transfer_gen.training.callbacks:SampleGrid",
    "SavedModelLayer": "keras_transfer_gen.transfer.saved_model.layer:SavedModelLayer",
    "ScoreEvery": "keras_transfer_gen.training.callbacks:ScoreEvery",
    "SpecOverrides": "keras_transfer_gen.transfer.saved_model.spec_overrides:SpecOverrides",
    "StandardNormal": "keras_transfer_gen.networks.priors.standard_normal:StandardNormal",
    "TokenPrior": "keras_transfer_gen.training.token_prior:TokenPrior",
    "TokenTransformer": "keras_transfer_gen.networks.tokens.transformer:TokenTransformer",
    "UserError": "keras_transfer_gen.checks:UserError",
    "VAE": "keras_transfer_gen.training.vae:VAE",
    "VQVAE": "keras_transfer_gen.training.vqvae:VQVAE",
    "VectorQuantizer": "keras_transfer_gen.networks.tokens.quantizer:VectorQuantizer",
    "add_feature_heads": "keras_transfer_gen.recipes.training.gan.feature_heads:add_feature_heads",
    "all_but": "keras_transfer_gen.transfer.freezing.rules:all_but",
    "attribute_direction": "keras_transfer_gen.maths.latent_arithmetic:attribute_direction",
    "audit_images": "keras_transfer_gen.data.audit:audit_images",
    "build_conv_vae_decoder": "keras_transfer_gen.networks.conv_vae.conv_vae:build_conv_vae_decoder",
    "build_conv_vae_encoder": "keras_transfer_gen.networks.conv_vae.conv_vae:build_conv_vae_encoder",
    "build_dcgan_discriminator": "keras_transfer_gen.networks.dcgan.dcgan:build_dcgan_discriminator",
    "build_dcgan_generator": "keras_transfer_gen.networks.dcgan.dcgan:build_dcgan_generator",
    "build_patch_discriminator": "keras_transfer_gen.networks.tokens.patch_discriminator:build_patch_discriminator",
    "build_token_decoder": "keras_transfer_gen.networks.tokens.autoencoder:build_token_decoder",
    "build_token_encoder": "keras_transfer_gen.networks.tokens.autoencoder:build_token_encoder",
    "change_channels": "keras_transfer_gen.recipes.models.change_channels:change_channels",
    "change_gan": "keras_transfer_gen.recipes.models.change_gan:change_gan",
    "convert_model": "keras_transfer_gen.recipes.models.convert:convert_model",
    "decode": "keras_transfer_gen.recipes.latent_tools.decode:decode",
    "density_coverage": "keras_transfer_gen.metrics.prdc:density_coverage",
    "distill": "keras_transfer_gen.recipes.training.distill:distill",
    "edge_similarity": "keras_transfer_gen.metrics.edge_similarity:edge_similarity",
    "edit": "keras_transfer_gen.recipes.latent_tools.edit:edit",
    "edit_along": "keras_transfer_gen.recipes.latent_tools.edit_along:edit_along",
    "encode": "keras_transfer_gen.recipes.latent_tools.encode:encode",
    "evaluate": "keras_transfer_gen.recipes.scoring.evaluate:evaluate",
    "explore": "keras_transfer_gen.recipes.latent_tools.explore:explore",
    "export_saved_model": "keras_transfer_gen.recipes.models.export:export_saved_model",
    "export_tflite": "keras_transfer_gen.recipes.models.export:export_tflite",
    "export_web": "keras_transfer_gen.recipes.models.export_web:export_web",
    "extract_features": "keras_transfer_gen.metrics.features:extract_features",
    "fetch_saved_model": "keras_transfer_gen.transfer.fetching.fetch:fetch_saved_model",
    "fid": "keras_transfer_gen.metrics.fid:fid",
    "find_directions": "keras_transfer_gen.recipes.latent_tools.directions:find_directions",
    "fine_tune": "keras_transfer_gen.recipes.training.fine_tune:fine_tune",
    "fine_tune_vae": "keras_transfer_gen.recipes.training.fine_tune:fine_tune_vae",
    "fit_prior": "keras_transfer_gen.recipes.latent_tools.fit_prior:fit_prior",
    "freeze": "keras_transfer_gen.transfer.freezing.freeze:freeze",
    "freeze_d": "keras_transfer_gen.transfer.freezing.blocks:freeze_d",
    "freeze_g": "keras_transfer_gen.transfer.freezing.blocks:freeze_g",
    "grow_gan": "keras_transfer_gen.recipes.models.grow:grow_gan",
    "guard_spectral_norms": "keras_transfer_gen.spectral_norm:guard_spectral_norms",
    "insert_latent_mapper": "keras_transfer_gen.networks.latents.latent_mapper:insert_latent_mapper",
    "insert_latent_mixture": "keras_transfer_gen.networks.latents.latent_mixture:insert_latent_mixture",
    "inspect_model": "keras_transfer_gen.recipes.models.inspect_model:inspect_model",
    "interpolate": "keras_transfer_gen.recipes.latent_tools.interpolate:interpolate",
    "kid": "keras_transfer_gen.metrics.kid:kid",
    "last_n": "keras_transfer_gen.transfer.freezing.blocks:last_n",
    "leaf_layers": "keras_transfer_gen.transfer.paths:leaf_layers",
    "list_presets": "keras_transfer_gen.transfer.fetching.presets:list_presets",
    "load_gan": "keras_transfer_gen.recipes.models.load:load_gan",
    "load_generator": "keras_transfer_gen.recipes.models.load:load_generator",
    "load_images": "keras_transfer_gen.data.batches:load_images",
    "load_matching_weights": "keras_transfer_gen.transfer.weights.matching:load_matching_weights",
    "load_vae": "keras_transfer_gen.recipes.models.load_vae:load_vae",
    "load_vq": "keras_transfer_gen.recipes.models.load_vq:load_vq",
    "memorisation": "keras_transfer_gen.metrics.memorisation:memorisation",
    "mix": "keras_transfer_gen.recipes.latent_tools.mix:mix",
    "precision_recall": "keras_transfer_gen.metrics.prdc:precision_recall",
    "pretrain": "keras_transfer_gen.recipes.training.pretrain:pretrain",
    "pretrain_vae": "keras_transfer_gen.recipes.training.pretrain:pretrain_vae",
    "project": "keras_transfer_gen.recipes.latent_tools.project:project",
    "rank_latents": "keras_transfer_gen.training.latent_ranking:rank_latents",
    "read_images": "keras_transfer_gen.data.sources:read_images",
    "read_weights": "keras_transfer_gen.transfer.weights.read:read_weights",
    "reconstruct": "keras_transfer_gen.recipes.latent_tools.reconstruct:reconstruct",
    "register_architecture": "keras_transfer_gen.tables:register_architecture",
    "register_augment": "keras_transfer_gen.tables:register_augment",
    "register_feature_network": "keras_transfer_gen.tables:register_feature_network",
    "register_likelihood": "keras_transfer_gen.tables:register_likelihood",
    "register_metric": "keras_transfer_gen.tables:register_metric",
    "register_objective": "keras_transfer_gen.tables:register_objective",
    "register_penalty": "keras_transfer_gen.tables:register_penalty",
    "register_prior": "keras_transfer_gen.tables:register_prior",
    "register_reconstruction": "keras_transfer_gen.tables:register_reconstruction",
    "register_regularizer": "keras_transfer_gen.tables:register_regularizer",
    "restyle": "keras_transfer_gen.recipes.latent_tools.restyle:restyle",
    "scale_shift_only": "keras_transfer_gen.transfer.freezing.rules:scale_shift_only",
    "select_latents": "keras_transfer_gen.recipes.training.gan.latent_selection:select_latents",
    "set_precision": "keras_transfer_gen.training.precision:set_precision",
    "spherical_interpolation": "keras_transfer_gen.maths.latent_arithmetic:spherical_interpolation",
    "trainable_report": "keras_transfer_gen.transfer.freezing.trainable_report:trainable_report",
    "walk": "keras_transfer_gen.recipes.latent_tools.walk:walk",
}

# Names of version 0.1, which work for one release with a warning: the old name -> the name now.
_OLD = {
    "OutputNetwork": "ImageAdapter",
    "choose_latents": "rank_latents",
    "hold_frozen_still": "guard_spectral_norms",
    "mine_latents": "select_latents",
    "read_pictures": "read_images",
}

__all__ = ["__version__", *sorted(_LAZY)]


def __getattr__(name: str) -> Any:
    if name in _OLD:
        from keras_transfer_gen.deprecation import warn_renamed

        warn_renamed(f"{__name__}.{name}", _OLD[name])
        value = globals()[name] = __getattr__(_OLD[name])  # kept, so that each old name warns once
        return value
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name].split(":")
    value = globals()[name] = getattr(importlib.import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


register_with_keras()
del register_with_keras

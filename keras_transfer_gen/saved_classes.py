"""Which classes a saved model may name, and how Keras finds them after `import keras_transfer_gen` alone.

Keras looks a class up by its registered name, in a table that a module fills while it is imported. The modules are
heavy, so each name gets a stand-in there, which imports the class when a model with it is loaded. It works for both
orders of `import keras` and `import keras_transfer_gen`.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


# The class's name -> its module, below the package.
CLASSES = {
    "ADA": "training.ada",
    "Bernoulli": "objectives.likelihoods",
    "BlendedCodes": "networks.blended.blended",
    "CausalBlock": "networks.tokens.transformer",
    "ChannelScale": "networks.layers",
    "CriticBlock": "networks.stylegan2.critic",
    "CriticEnd": "networks.stylegan2.critic",
    "DecoderBlock": "networks.conv_vae.conv_vae",
    "DiffAugment": "training.diffaugment",
    "DownBlock": "networks.dcgan.dcgan",
    "DrawnTokens": "training.drawn_tokens",
    "EncoderBlock": "networks.conv_vae.conv_vae",
    "EqualizedConv2D": "networks.stylegan2.layers",
    "EqualizedDense": "networks.stylegan2.layers",
    "FeatureHead": "networks.heads.feature_heads",
    "FiniteScalarQuantizer": "networks.tokens.finite_scalar_quantizer",
    "FirstDecoderBlock": "networks.conv_vae.conv_vae",
    "Framing": "networks.framing",
    "FusedBatchNormalization": "networks.layers",
    "GAN": "training.gan",
    "GaussianOptimalSigma": "objectives.likelihoods",
    "GaussianPrior": "networks.priors.gaussian",
    "Hinge": "objectives.adversarial",
    "ImageAdapter": "networks.latents.latent_mapper",
    "Imitation": "transfer.regularizers.imitation",
    "KerasGenerator": "transfer.saved_model.keras_generator",
    "L2SP": "transfer.regularizers.l2sp",
    "LabelProjection": "networks.stylegan2.critic",
    "LaplaceOptimalScale": "objectives.likelihoods",
    "LatentMapper": "networks.latents.latent_mapper",
    "LatentMixture": "networks.latents.latent_mixture",
    "LipschitzConv2D": "networks.heads.feature_heads",
    "MapAttention": "networks.attention",
    "MappingNetwork": "networks.stylegan2.mapping",
    "MinibatchDeviation": "networks.layers",
    "Minimax": "objectives.adversarial",
    "MixturePrior": "networks.priors.mixture",
    "NonSaturating": "objectives.adversarial",
    "OnlyClass": "networks.class_rows",
    "PathLength": "objectives.path_length",
    "Perceptual": "objectives.likelihoods",
    "PixelsAndEdges": "objectives.reconstruction",
    "PosteriorAnchor": "transfer.regularizers.posterior_anchor",
    "ProjectionLogit": "networks.dcgan.conditional",
    "R1": "objectives.penalties",
    "R1R2": "objectives.penalties",
    "Refinement": "networks.dcgan.dcgan",
    "Relativistic": "objectives.adversarial",
    "ResidualBlock": "networks.tokens.autoencoder",
    "ResidualQuantizer": "networks.tokens.residual_quantizer",
    "ResizeBilinear": "metrics.resize",
    "SavedModelGenerator": "transfer.saved_model.generator",
    "SavedModelLayer": "transfer.saved_model.layer",
    "ShiftFlip": "training.shift_flip",
    "StandardNormal": "networks.priors.standard_normal",
    "StartBlock": "networks.dcgan.dcgan",
    "StyledConv2D": "networks.stylegan2.modulation",
    "StyledImage": "networks.stylegan2.modulation",
    "Styles": "networks.stylegan2.mapping",
    "SynthesisBlock": "networks.stylegan2.synthesis",
    "ToModelRange": "transfer.saved_model.generator",
    "TokenEmbedding": "networks.tokens.transformer",
    "TokenPrior": "training.token_prior",
    "TokenSampler": "training.token_sampler",
    "TokenTransformer": "networks.tokens.transformer",
    "TrainedFeatures": "networks.heads.feature_heads",
    "UpBlock": "networks.dcgan.dcgan",
    "VAE": "training.vae",
    "VQVAE": "training.vqvae",
    "VectorQuantizer": "networks.tokens.quantizer",
}

# Classes that files of version 0.1 name otherwise: the old name -> the name now.
RENAMED_CLASSES = {"BoundedConv2D": "LipschitzConv2D", "OutputNetwork": "ImageAdapter"}


def load_class(name: str) -> Any:
    """The class that a saved model names, old names included; imports its module."""
    name = RENAMED_CLASSES.get(name, name)
    return getattr(importlib.import_module(f"{PACKAGE}.{CLASSES[name]}"), name)


def register_with_keras() -> None:
    """Makes Keras find every class of `CLASSES`: at once where Keras is loaded, else as soon as it is."""
    if getattr(sys.modules.get("keras"), "saving", None) is not None:
        _register(sys.modules["keras"])
    elif not any(isinstance(finder, _KerasWatch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasWatch())


def _register(keras: ModuleType) -> None:
    known = keras.saving.get_custom_objects()
    for name in (*CLASSES, *RENAMED_CLASSES):
        known.setdefault(f"{PACKAGE}>{name}", _stand_in(name))


def _stand_in(name: str) -> type:
    """A class that Keras can call `from_config` of; the class itself takes its place when its module is imported."""

    def from_config(cls: type, config: Config) -> Any:
        return load_class(name).from_config(config)

    return type(name, (), {"from_config": classmethod(from_config), "__doc__": f"Stands for {PACKAGE}'s {name}."})


class _KerasWatch(importlib.abc.MetaPathFinder):
    """Finds nothing itself; it has the classes registered when the import of Keras, by whomever, has ended."""

    def __init__(self) -> None:
        self._searching = False

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != "keras" or self._searching:
            return None
        self._searching = True
        try:
            spec = importlib.util.find_spec("keras")
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                _register(module)

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec

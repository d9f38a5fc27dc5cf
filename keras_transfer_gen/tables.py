"""The names that options accept, and what they stand for. A new method adds one row here.

Rows are "module:attribute" strings that are imported when they are first asked for, so that a layer can offer another
layer's methods by name without importing it, and the command line can list them without loading TensorFlow.
"""

import importlib

from keras_transfer_gen import checks
from keras_transfer_gen.version import PACKAGE

OBJECTIVES = {
    "non_saturating": "keras_transfer_gen.objectives.adversarial:NonSaturating",
    "hinge": "keras_transfer_gen.objectives.adversarial:Hinge",
    "minimax": "keras_transfer_gen.objectives.adversarial:Minimax",
}
PENALTIES = {"r1": "keras_transfer_gen.objectives.penalties:R1"}
AUGMENTS = {"diffaugment": "keras_transfer_gen.training.diffaugment:DiffAugment"}
ARCHITECTURES = {
    "dcgan": "keras_transfer_gen.networks.dcgan.dcgan:build_dcgan",
    "dcgan_refined": "keras_transfer_gen.networks.dcgan.dcgan:build_refined_dcgan",
}
LIKELIHOODS = {
    "gaussian_optimal_sigma": "keras_transfer_gen.objectives.likelihoods:GaussianOptimalSigma",
    "bernoulli": "keras_transfer_gen.objectives.likelihoods:Bernoulli",
    "l1": "keras_transfer_gen.objectives.likelihoods:LaplaceOptimalScale",
}
# Names that no option takes, since more must be given with them: the option's name -> {name: what to do}.
IN_PYTHON = {
    "likelihood": {
        "perceptual": "It needs a network of features: likelihood=ktg.Perceptual(features) in Python, for ktg.VAE.",
    },
}
PRIORS = {"standard_normal": "keras_transfer_gen.networks.priors.priors:StandardNormal"}
VAE_ARCHITECTURES = {
    "conv_vae": "keras_transfer_gen.networks.conv_vae.conv_vae:build_conv_vae",
    "conv_vae_plain": "keras_transfer_gen.networks.conv_vae.conv_vae:build_plain_conv_vae",
}

# Modules with classes that a saved model may name; Keras finds a class only once its module was imported.
SERIALIZABLE = (
    "keras_transfer_gen.networks.conv_vae.conv_vae",
    "keras_transfer_gen.networks.dcgan.dcgan",
    "keras_transfer_gen.networks.heads.feature_heads",
    "keras_transfer_gen.networks.latents.latent_mapper",
    "keras_transfer_gen.networks.latents.latent_mixture",
    "keras_transfer_gen.networks.layers",
    "keras_transfer_gen.networks.priors.priors",
    "keras_transfer_gen.objectives.adversarial",
    "keras_transfer_gen.objectives.likelihoods",
    "keras_transfer_gen.objectives.penalties",
    "keras_transfer_gen.training.diffaugment",
    "keras_transfer_gen.training.gan",
    "keras_transfer_gen.training.vae",
    "keras_transfer_gen.transfer.saved_model.keras_generator",
    "keras_transfer_gen.transfer.saved_model.saved_model_generator",
    "keras_transfer_gen.transfer.saved_model.saved_model_layer",
    "keras_transfer_gen.transfer.regularizers.l2sp",
    "keras_transfer_gen.transfer.regularizers.posterior_anchor",
)


# Classes that files of version 0.1 name otherwise: the old name -> where the class is now.
RENAMED_CLASSES = {
    "BoundedConv2D": "keras_transfer_gen.networks.heads.feature_heads:LipschitzConv2D",
    "OutputNetwork": "keras_transfer_gen.networks.latents.latent_mapper:ImageAdapter",
}


def register_classes():
    """Makes Keras know every class that a `.keras` file of this package may name; call it before loading one."""
    for module in SERIALIZABLE:
        importlib.import_module(module)
    import keras  # heavy, and the command line lists these tables without it

    for old, row in RENAMED_CLASSES.items():
        keras.saving.get_custom_objects().setdefault(f"{PACKAGE}>{old}", load(row))


def resolve(name, value, table, kind):
    """The object that an option stands for.

    Args:
        name: the argument's name, for the error.
        value: None or "none" (gives None), a key of `table` (made with its defaults), or a ready `kind`.
        table: one of the tables of this module.
        kind: the abstract class that an object must be of.

    Raises:
        UserError: for an unknown key or an object of another kind.
    """
    if value is None or value == "none":
        return None
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise checks.user_error(
            name, f"an object of class {kind.__name__} or one of {', '.join(map(repr, table))}", value
        )
    return load(table[check_key(name, value, table)])()


def check_key(name, value, table, next_step=""):
    """Returns a key of a table, or raises a `UserError` that lists them.

    Args:
        name: the argument's name.
        value: what the caller gave.
        table: one of the tables of this module.
        next_step: a sentence for the end of the message.
    """
    hint = IN_PYTHON.get(name, {}).get(value) if isinstance(value, str) else None
    if hint and value not in table:
        raise checks.user_error(name, "one of " + ", ".join(map(repr, table)), value, hint)
    return checks.check_choice(name, value, table, next_step)


def load(row):
    """What a "module:attribute" row names."""
    module, attribute = row.split(":")
    return getattr(importlib.import_module(module), attribute)

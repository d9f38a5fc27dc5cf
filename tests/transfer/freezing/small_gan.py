"""Paths of what is trained in a GAN, for the tests of rule makers."""

from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves

STATISTICS = ("moving_mean", "moving_variance")


def trained_paths(model, rules):
    """Paths of the variables that are trained under the rules, everything having been trained before."""
    freeze(model, {".*": True})
    return {row.path for row in freeze(model, rules).rows if row.trainable}


def weight_paths(model):
    """Paths of all variables but moving statistics."""
    return {path for leaf in leaves(model) for path in leaf.variable_paths() if not path.endswith(STATISTICS)}


def path_begins(paths, *starts):
    """Those of the paths that begin with one of these."""
    return {path for path in paths if path.startswith(starts)}

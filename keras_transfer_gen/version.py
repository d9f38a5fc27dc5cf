"""The package's name and version; setup.py reads the version without importing anything else."""

__version__ = "0.2.0"

PACKAGE = "keras_transfer_gen"  # also the name under which Keras registers the package's classes
SAVED_MODELS = f"{PACKAGE}.saved_models"  # the package of presets and of shipped weights

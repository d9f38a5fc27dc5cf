"""Weights that are installed with the package: the presets and the feature networks, one folder each.

Installed as `keras_transfer_gen.saved_models` and read through `importlib.resources`.
"""

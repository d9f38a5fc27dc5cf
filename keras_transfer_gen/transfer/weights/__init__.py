"""Weights from files of many kinds, matched to a model by name, with a report."""

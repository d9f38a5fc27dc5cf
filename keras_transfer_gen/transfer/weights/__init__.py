"""Weights from files of many kinds, matched to a model by name; a report says which went where."""

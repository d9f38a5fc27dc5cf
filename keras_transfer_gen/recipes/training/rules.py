"""Freezing rules that every family ends with."""

EVERYTHING = (".*", True)  # the last rule: layers that were frozen when the source was trained are trainable again

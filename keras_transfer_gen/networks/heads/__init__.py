"""Heads that a discriminator gets beside its own: they judge the feature maps of a trained network."""

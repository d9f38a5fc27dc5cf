"""Layers in front of and behind a generator: latent mapper, latent mixture, image adapter."""

"""A generator that blends codes of training images which its latents choose."""

"""Pure functions from logits or images to one number an image, and the small objects that carry them."""

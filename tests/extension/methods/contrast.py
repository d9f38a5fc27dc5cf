"""A metric of generated images."""

import keras_transfer_gen as ktg


def contrast(generated_images):
    """Mean standard deviation of the pixels of an image, in levels of 255."""
    return generated_images.std(axis=(1, 2, 3)).mean()


ktg.register_metric("contrast", contrast)

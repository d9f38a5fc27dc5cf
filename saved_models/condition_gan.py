"""Turns a trained `dcgan` into a `dcgan_conditional` that generates the same images for every class and can learn them.

Such as `python saved_models/condition_gan.py --source noto_gan_64 --data CLASSES --out conditional.keras`, then
`ktg finetune --source conditional.keras --data CLASSES --labels folders --latent-selection-kimg 0 ...`.
"""

import argparse
import dataclasses

import numpy as np

import keras_transfer_gen as ktg
from keras_transfer_gen import tables
from keras_transfer_gen.data.sources import read_images

ARCH = "dcgan_conditional"


def condition_gan(gan, class_names, attention=False):
    """A conditional GAN with the averaged generator and the discriminator of another.

    Args:
        gan: `GAN` of the architecture "dcgan" or "dcgan_refined".
        class_names: list of str.
        attention: whether the 16 x 16 maps have self-attention.

    Returns:
        `GAN`, not compiled. What `gan` doesn't have begins at zero, so its images and logits are the same for every
        class. Feature heads are left out.
    """
    spec = dataclasses.replace(gan.spec, arch=ARCH, class_names=list(class_names), num_classes=len(class_names))
    widths = [gan.generator.get_layer(f"block_{side}").filters for side in (4, spec.image_size)]
    options = {"max_channels": widths[0], "min_channels": widths[1], "attention": attention}
    networks = tables.load(tables.ARCHITECTURES[ARCH]).build(spec, options)
    for new, trained in zip(networks, (gan.ema_generator, gan.discriminator), strict=True):
        known = {variable.path: variable.numpy() for variable in trained.variables}
        for variable in new.variables:
            path = variable.path.replace("logits/dense/", "logits/")
            if path in known:
                variable.assign(_padded(known[path], variable.shape))
            elif "/modulation/" in path:
                variable.assign(np.zeros(variable.shape))
    return ktg.GAN(*networks, spec=spec)


def _padded(values, shape):
    """Values with rows of zeros below them: what a class adds to the input of a dense layer counts for nothing yet."""
    return np.pad(values, [(0, wanted - actual) for wanted, actual in zip(shape, values.shape, strict=True)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="as `ktg.load_gan` takes it")
    parser.add_argument("--data", required=True, help="the images to learn, one sub-folder a class")
    parser.add_argument("--attention", action="store_true", help="add self-attention to the maps of 16 x 16 pixels")
    parser.add_argument("--out", required=True, help="the .keras file to write")
    arguments = parser.parse_args()
    source = ktg.load_gan(arguments.source)
    names = read_images(arguments.data, source.spec.image_size, source.spec.channels).class_names
    condition_gan(source, names, arguments.attention).save(arguments.out)

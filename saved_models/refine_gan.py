"""Turns a trained `dcgan` into a `dcgan_refined`, which generates the same images and can learn more.

Such as `python saved_models/refine_gan.py --source noto_gan_64 --out refined.keras`, then
`ktg finetune --source refined.keras --latent-selection-kimg 0 ...` on the images that it was trained on.
"""

import argparse
import dataclasses

import keras_transfer_gen as ktg
from keras_transfer_gen.networks.dcgan.dcgan import build_refined_dcgan


def refine_gan(gan):
    """A GAN with the averaged generator and the discriminator of another, refined.

    Args:
        gan: `GAN` of the architecture "dcgan".

    Returns:
        `GAN`, not compiled; the weights that `gan` doesn't have are zero, so its images and logits are the same.
        Feature heads are left out: a fine-tune adds new ones.
    """
    spec = dataclasses.replace(gan.spec, arch="dcgan_refined")
    width, min_channels = (gan.generator.get_layer(f"block_{side}").filters for side in (4, spec.image_size))
    networks = build_refined_dcgan(spec.image_size, spec.channels, spec.latent_dim, width, min_channels)
    for refined, trained in zip(networks, (gan.ema_generator, gan.discriminator), strict=True):
        variables = {variable.path: variable for variable in trained.variables}
        for variable in refined.variables:
            if "/refine/" not in variable.path:
                variable.assign(variables[variable.path])
    return ktg.GAN(*networks, spec=spec)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="as `ktg.load_gan` takes it")
    parser.add_argument("--out", required=True, help="the .keras file to write")
    arguments = parser.parse_args()
    refine_gan(ktg.load_gan(arguments.source)).save(arguments.out)

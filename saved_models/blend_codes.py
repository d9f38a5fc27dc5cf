"""Makes a GAN with classes of a VQ-VAE and its images: latents choose a few similar images and blend their codes.

    python saved_models/blend_codes.py --vq emoji_vq_64 --judge noto_gan_64 --data CLASSES --out start.keras

Then `ktg finetune --source start.keras --data CLASSES --labels folders --latent-selection-kimg 0 ...` trains its
generator and discriminator against each other. Which images are similar is told by the features that KID uses and by
the grids of codes, half each. The discriminator is that of a trained `dcgan`, which learns classes from nothing.
"""

import argparse
import dataclasses

import numpy as np
from condition_gan import condition_gan

import keras_transfer_gen as ktg
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.maths.semi_discrete import fit_offsets, principal_points
from keras_transfer_gen.metrics.features import reference_features
from keras_transfer_gen.networks.blended.blended import build_blended_generator
from keras_transfer_gen.networks.blended.known import blend_layer

ARCH = "blended_codes"
DIRECTIONS = 64  # principal ones that similarity is told by, of the features and of the grids


def blend_codes(vq, judge, image_set, latent_dim=64, **blends):
    """A `GAN`, not compiled, of a VQ-VAE and its images.

    Args:
        vq: `VQVAE`.
        judge: `GAN` of the architecture "dcgan", whose discriminator is taken.
        image_set: `ImageSet` with labels.
        latent_dim: length of a latent vector.
        **blends: options of `BlendedCodes`.
    """
    images, labels, names = np.asarray(image_set.images), image_set.labels, image_set.class_names
    tokens = np.asarray(vq.encode(images))
    rows, columns = vq.decoder.input_shape[1:3]
    grids = tokens.reshape(len(tokens), -1, rows, columns)
    codes = codes_of(vq.quantizer)
    vectors = np.concatenate(
        [codes[part].sum(axis=1).reshape(len(part), -1) for part in np.array_split(grids, -(-len(grids) // 100))]
    )
    similar = np.concatenate(
        [principal_points(rows, DIRECTIONS) for rows in (reference_features(images), vectors)], axis=1
    )
    points, offsets = np.zeros((len(images), latent_dim), np.float32), np.zeros(len(images), np.float32)
    for number in range(len(names)):
        own = np.flatnonzero(labels == number)
        points[own] = principal_points(similar[own], latent_dim).astype(np.float16)  # as they are kept
        offsets[own] = fit_offsets(points[own], seed=number)
    generator = build_blended_generator(vq.decoder, codes, grids, points, offsets, labels, **blends)
    shares = np.bincount(labels, minlength=len(names)) / len(labels)
    conditional = condition_gan(judge, names)
    spec = dataclasses.replace(
        conditional.spec, arch=ARCH, latent_dim=latent_dim, class_shares=shares.tolist(), source="", licence=""
    )
    return ktg.GAN(generator, conditional.discriminator, spec=spec)


def set_blends(generator, **blends):
    """Changes attributes of a generator's `BlendedCodes`, such as `separation`; those that are None stay."""
    for name, value in blends.items():
        if value is not None:
            setattr(blend_layer(generator), name, value)


def codes_of(quantizer):
    """float32 `[num_codes, code_dim]`: the codes of all levels in the order of their numbers."""
    levels = getattr(quantizer, "levels", [quantizer])
    return np.concatenate([np.asarray(level.lookup(np.arange(level.num_codes))) for level in levels])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vq", required=True, help="as `ktg.load_vq` takes it")
    parser.add_argument(
        "--judge", required=True, help="the `dcgan` whose discriminator is taken, as `ktg.load_gan` takes it"
    )
    parser.add_argument("--data", required=True, help="the images, one sub-folder a class")
    parser.add_argument("--latent-dim", type=int, default=64, help="length of a latent vector")
    parser.add_argument("--neighbours", type=int, default=8, help="images that are blended")
    parser.add_argument("--sharpness", type=float, default=3.0, help="higher: more like the best of them")
    parser.add_argument("--separation", type=float, default=2.0, help="higher: fewer unlike images are blended")
    parser.add_argument("--out", required=True, help="the .keras file to write")
    options = parser.parse_args()
    source = ktg.load_vq(options.vq)
    labelled = read_images(options.data, source.spec.image_size, source.spec.channels, labels="folders")
    names = ("latent_dim", "neighbours", "sharpness", "separation")
    settings = {name: getattr(options, name) for name in names}
    blend_codes(source, ktg.load_gan(options.judge), labelled, **settings).save(options.out)

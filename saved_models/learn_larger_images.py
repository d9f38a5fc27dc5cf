"""Gives a GAN of blended codes images of twice the side, of which it learns the details from the images that it knows.

    python saved_models/learn_larger_images.py --source SOURCE --data CLASSES --out runs/larger --kimg 64

The networks grow as by `ktg grow`. The known images keep the numbers of their codes; the codes themselves and all that
makes images of them learn to give these images in the larger size, by `PixelsAndEdges`. --out/start.keras is the GAN
with the grown discriminator, which has seen nothing yet; `images.png` shows known images above what is made of their
codes. Called again with more --kimg, it goes on where it was.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from learn_fine_codes import images_known_by, learn, parts_of, picture, psnr

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.networks.blended.known import blend_layer
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges


class KnownImages(keras.Model):
    """The images that a generator knows, made of their own codes; all its layers learn to make them as they are.

    Args:
        generator: functional model with a `BlendedCodes`.
        images: uint8 `[n, H, W, C]`, the known images.
    """

    def __init__(self, generator, images):
        super().__init__()
        generator.trainable = True
        self.blend = blend_layer(generator)
        self.decoder = keras.Model(self.blend.output, generator.output)
        self._images, self._objective = tf.constant(images), PixelsAndEdges()

    def call(self, numbers, training=False):
        """Numbers int `[batch]` -> images in [-1, 1]."""
        return self.decoder(self.blend.grids_of(numbers), training=training)

    def train_step(self, numbers):
        real = pixels.to_model_range(tf.gather(self._images, numbers))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self._objective.loss(real, self(numbers, training=True)))
        variables = self.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], variables)
        return {"error": loss}  # "loss" is a metric of Keras' own


def made_of_codes(known, numbers):
    """uint8 images of known images with these numbers."""
    return np.asarray(pixels.to_uint8(np.concatenate([known(tf.constant(part)) for part in parts_of(numbers)])))


def main():
    options = parse()
    source = ktg.load_gan(options.source)
    grown = ktg.grow_gan(source, 2 * source.spec.image_size)
    images = images_known_by(grown, options.source, options.data)
    known = KnownImages(grown.generator, images)
    shown = np.random.default_rng(0).permutation(len(images))[:320]

    def describe():
        again = made_of_codes(known, shown)
        files.write_bytes(options.out / "images.png", picture(images[shown], again))
        return f"PSNR {psnr(images[shown], again):.2f} dB"

    learn(known, known.trainable_variables, len(images), options, describe)
    grown.ema_generator.set_weights(grown.generator.get_weights())
    grown.save(options.out / "start.keras")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="a GAN of blended codes, as `ktg.load_gan` takes it")
    parser.add_argument("--data", required=True, help="the images that it knows, one sub-folder a class")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and of start.keras")
    parser.add_argument("--kimg", type=float, default=64.0, help="thousands of images shown")
    parser.add_argument("--every", type=float, default=4.0, help="kimg from one checkpoint and picture to the next")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="of Adam, at its highest")
    return parser.parse_args()


if __name__ == "__main__":
    main()

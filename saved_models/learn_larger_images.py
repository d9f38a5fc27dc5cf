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
from learn_fine_codes import batches, parts_of, picture, psnr
from train_vq import decaying

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
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
    images = np.asarray(read_images(options.data, grown.spec.image_size, grown.spec.channels, labels="folders").images)
    if len(images) != blend_layer(grown.generator).num_images:
        raise SystemExit(f"{options.data} holds {len(images)} images, which are not those that {options.source} knows")
    known = KnownImages(grown.generator, images)
    steps = round(1000 * options.kimg / options.batch_size)
    known.compile(keras.optimizers.Adam(decaying(options.learning_rate, options.kimg, options), beta_2=0.99))
    known.optimizer.build(known.trainable_variables)
    kept = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=known, optimizer=known.optimizer), options.out / "checkpoints", 1
    )
    if kept.latest_checkpoint:
        kept.checkpoint.restore(kept.latest_checkpoint)
    shown = np.random.default_rng(0).permutation(len(images))[:320]
    chunk = round(1000 * options.every / options.batch_size)
    while (begun := int(known.optimizer.iterations)) < steps:
        left = min(chunk, steps - begun)
        numbers = batches(len(images), options.batch_size, left, begun)
        error = known.fit(numbers, shuffle=False, verbose=0).history["error"][-1]
        kept.save()
        again = made_of_codes(known, shown)
        files.write_bytes(options.out / "images.png", picture(images[shown], again))
        kimg = int(known.optimizer.iterations) * options.batch_size / 1000
        print(f"{kimg:.1f} kimg: error {error:.4f}, PSNR {psnr(images[shown], again):.2f} dB", flush=True)
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

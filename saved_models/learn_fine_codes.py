"""Gives a GAN of blended codes a second, larger grid of codes, for what the first is too coarse: eyes, mouths, letters.

    python saved_models/learn_fine_codes.py --source SOURCE --vq VQ --data CLASSES --out runs/fine --kimg 100

The known images stay those of the source, and so do their first codes' numbers. An encoder looks at the images and at
what the decoder makes of these, and gives the second grid; its codes, those of the first grid and the decoder learn
beside it, by `PixelsAndEdges`. The decoder begins as that of --vq, whose codes the source has. --out/start.keras is the
GAN with the discriminator of the source; `images.png` shows known images above what is made of their codes. Called
again with more --kimg, it goes on where it was.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from blend_codes import codes_of
from keras import layers
from train_vq import decaying

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.blended.blended import FineCodes, build_blended_generator
from keras_transfer_gen.networks.blended.known import blend_layer, known_classes
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges

COMMITMENT = 0.25
SHOWN = 16  # images of a row of the picture


class FineAutoencoder(keras.Model):
    """Learns the second grid: an encoder, its quantizer, the decoder, and the codes of the first grid.

    Args:
        grids: `Grids` of the known images.
        decoder: (grid, fine grid) -> images.
        begin: grid -> the decoder's features that the fine grid is added to.
        encoder: (images, such features) -> vectors.
        quantizer: `VectorQuantizer` of the vectors.
        images: uint8 `[n, H, W, C]`, the known images.
    """

    def __init__(self, grids, decoder, begin, encoder, quantizer, images):
        super().__init__()
        self.grids, self.decoder, self.encoder, self.quantizer = grids, decoder, encoder, quantizer
        self._begin, self._images, self._objective = begin, tf.constant(images), PixelsAndEdges()

    def encode(self, numbers, training=False):
        """Numbers int `[batch]` -> (their images in [-1, 1], grids, vectors of the second grid)."""
        real = pixels.to_model_range(tf.gather(self._images, numbers))
        grid = self.grids(numbers)
        features = tf.stop_gradient(self._begin(grid, training=False))
        return real, grid, self.encoder([real, features], training=training)

    def tokens(self, numbers):
        """Numbers int `[batch]` -> tokens of the second grid: nothing is decoded."""
        return self.quantizer.tokens(self.encode(numbers)[2])

    def call(self, numbers):
        """Numbers int `[batch]` -> (images made of the codes, tokens of the second grid)."""
        _, grid, vectors = self.encode(numbers)
        fine, tokens, _ = self.quantizer.straight_through(vectors)
        return self.decoder([grid, fine], training=False), tokens

    def train_step(self, numbers):
        with tf.GradientTape() as tape:
            real, grid, vectors = self.encode(numbers, training=True)
            fine, tokens, distance = self.quantizer.straight_through(vectors)
            loss = tf.reduce_mean(self._objective.loss(real, self.decoder([grid, fine], training=True)))
            total = loss + COMMITMENT * distance
        variables = self.trainable_variables
        gradients = tape.gradient(total, [variable.value for variable in variables])
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], variables)
        step = tf.cast(self.optimizer.iterations.value, tf.int32)
        self.quantizer.update(vectors, tokens, tf.stack([1, step]))
        return {"error": loss}  # "loss" is a metric of Keras' own


class Grids(layers.Layer):
    """Numbers of known images -> their first grids; the codes can be trained."""

    def __init__(self, codes, tokens, grid):
        super().__init__()
        self.codes = self.add_weight(shape=codes.shape, name="codes")
        self.codes.assign(codes)
        self._tokens, self._shape = tf.constant(tokens, tf.int32), grid

    def call(self, numbers):
        vectors = tf.gather(tf.convert_to_tensor(self.codes), tf.gather(self._tokens, numbers))
        return tf.reduce_sum(tf.reshape(vectors, (-1, *self._shape, self.codes.shape[-1])), axis=1)


def build_autoencoder(generator, vq, images, num_codes, code_dim):
    """A `FineAutoencoder` of a generator's known images, not compiled; decoder and codes begin as those of `vq`."""
    blend = blend_layer(generator)
    decoder, begin = with_fine_input(vq.decoder, code_dim)
    encoder = build_encoder(images.shape[1:], begin.output.shape[1:], code_dim)
    quantizer = VectorQuantizer(num_codes, code_dim)
    quantizer.build(encoder.output_shape)
    grids = Grids(codes_of(vq.quantizer), blend.tokens.numpy(), blend.grid)
    return FineAutoencoder(grids, decoder, begin, encoder, quantizer, images)


def with_fine_input(decoder, code_dim):
    """(model of grids and fine grids, model of grids up to where these are added), which share layers of a decoder.

    They are added where the features first have twice as many rows as the grid.
    """
    grid = keras.Input(decoder.input_shape[1:])
    x, begin = grid, None
    for layer in decoder.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        x = layer(x)
        if begin is None and x.shape[1] == 2 * grid.shape[1]:
            begin = keras.Model(grid, x)
            fine = keras.Input((*x.shape[1:3], code_dim))
            small = keras.initializers.RandomNormal(stddev=0.02, seed=0)
            convolution = layers.Conv2D(
                x.shape[-1], 3, padding="same", use_bias=False, kernel_initializer=small, name="from_fine_codes"
            )
            x = x + convolution(fine)
    return keras.Model([grid, fine], x), begin


def build_encoder(image_shape, feature_shape, code_dim):
    """Images in [-1, 1] and features of fewer rows -> vectors for each place of the features."""
    images, features = keras.Input(image_shape), keras.Input(feature_shape)
    x = layers.Conv2D(48, 3, padding="same", activation="leaky_relu")(images)
    filters = 64
    while x.shape[1] > feature_shape[0]:
        x = layers.Conv2D(filters, 4, 2, padding="same", activation="leaky_relu")(x)
        filters = min(filters * 3 // 2, 128)
    x = layers.Concatenate()([x, features])
    for _ in range(2):
        x = layers.Conv2D(128, 3, padding="same", activation="leaky_relu")(x)
    return keras.Model([images, features], layers.Conv2D(code_dim, 1)(x))


def parts_of(numbers):
    """Arrays of at most 64 numbers each, which fit into memory."""
    return np.array_split(numbers, -(-len(numbers) // 64))


def made_of_codes(autoencoder, numbers):
    """(uint8 images, int tokens `[n, rows, columns]`) of known images with these numbers."""
    parts = [autoencoder(tf.constant(part)) for part in parts_of(numbers)]
    images, tokens = (np.concatenate(part) for part in zip(*parts, strict=True))
    return np.asarray(pixels.to_uint8(images)), tokens


def with_fine_codes(source, vq, autoencoder):
    """The GAN of a source whose known images have the second grid, not compiled; its discriminator is the source's."""
    blend = blend_layer(source.ema_generator)
    numbers = np.arange(blend.num_images)
    fine = FineCodes(
        np.asarray(autoencoder.quantizer.lookup(np.arange(autoencoder.quantizer.num_codes))),
        np.concatenate([autoencoder.tokens(tf.constant(part)) for part in parts_of(numbers)]),
        autoencoder.decoder.get_layer("from_fine_codes"),
    )
    tokens = blend.tokens.numpy().reshape(-1, *blend.grid)
    laid_out = blend.points.numpy(), blend.offsets.numpy(), known_classes(source.ema_generator)
    blends = {name: getattr(blend, name) for name in ("neighbours", "sharpness", "separation")}
    codes = autoencoder.grids.codes.numpy()
    generator = build_blended_generator(vq.decoder, codes, tokens, *laid_out, fine=fine, **blends)
    return ktg.GAN(generator, source.discriminator, spec=source.spec)


def psnr(images, again):
    """Mean PSNR in dB of uint8 images and what is made of their codes."""
    return float(np.mean(tf.image.psnr(images, again, 255)))


def batches(count, batch_size, steps, begun):
    """Numbers of known images, int32 `[batch_size]` for each step; the same for a step wherever a run is continued."""

    def drawn():
        for step in range(begun, begun + steps):
            yield np.random.default_rng(step).choice(count, batch_size, replace=False).astype(np.int32)

    shape = tf.TensorSpec((batch_size,), tf.int32)
    numbers = tf.data.Dataset.from_generator(drawn, output_signature=shape)
    return numbers.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)


def main():
    options = parse()
    source, vq = ktg.load_gan(options.source), ktg.load_vq(options.vq)
    spec = source.spec
    images = np.asarray(read_images(options.data, spec.image_size, spec.channels, labels="folders").images)
    if len(images) != blend_layer(source.ema_generator).num_images:
        raise SystemExit(f"{options.data} holds {len(images)} images, which are not those that {options.source} knows")
    autoencoder = build_autoencoder(source.ema_generator, vq, images, options.codes, options.code_dim)
    steps = round(1000 * options.kimg / options.batch_size)
    rate = decaying(options.learning_rate, options.kimg, options)
    autoencoder.compile(keras.optimizers.Adam(rate, beta_2=0.99))
    autoencoder.optimizer.build(autoencoder.trainable_variables)
    kept = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=autoencoder, optimizer=autoencoder.optimizer), options.out / "checkpoints", 1
    )
    if kept.latest_checkpoint:
        kept.checkpoint.restore(kept.latest_checkpoint)
    shown = np.random.default_rng(0).permutation(len(images))[:640]
    chunk = round(1000 * options.every / options.batch_size)
    while (begun := int(autoencoder.optimizer.iterations)) < steps:
        left = min(chunk, steps - begun)
        numbers = batches(len(images), options.batch_size, left, begun)
        history = autoencoder.fit(numbers, shuffle=False, verbose=0).history
        kept.save()
        again, tokens = made_of_codes(autoencoder, shown)
        rows = [part[row : row + SHOWN] for row in range(0, 6 * SHOWN, SHOWN) for part in (images[shown], again)]
        files.write_bytes(options.out / "images.png", pixels.to_png(pixels.to_grid(np.concatenate(rows), SHOWN)))
        kimg = int(autoencoder.optimizer.iterations) * options.batch_size / 1000
        scores = f"error {history['error'][-1]:.4f}, PSNR {psnr(images[shown], again):.2f} dB"
        print(f"{kimg:.1f} kimg: {scores}, {len(np.unique(tokens))} codes used", flush=True)
    with_fine_codes(source, vq, autoencoder).save(options.out / "start.keras")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="a GAN of blended codes, as `ktg.load_gan` takes it")
    parser.add_argument("--vq", required=True, help="the VQ-VAE that it was made of, as `ktg.load_vq` takes it")
    parser.add_argument("--data", required=True, help="the images that it knows, one sub-folder a class")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and of start.keras")
    parser.add_argument("--kimg", type=float, default=100.0, help="thousands of images shown")
    parser.add_argument("--every", type=float, default=8.0, help="kimg from one checkpoint and picture to the next")
    parser.add_argument("--codes", type=int, default=1024, help="codes of the second grid")
    parser.add_argument("--code-dim", type=int, default=16, help="length of such a code")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of Adam, at its highest")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Gives a GAN of blended codes one grid of codes more, for what those before are too coarse: eyes, mouths, letters.

    python saved_models/learn_fine_codes.py --source SOURCE --vq VQ --data CLASSES --out runs/fine --kimg 64
    python saved_models/learn_fine_codes.py --source SOURCE --data CLASSES --out runs/finer --kimg 48

The new grid has twice as many rows as the finest one before. The known images stay those of the source, and so do the
numbers of their codes. An encoder looks at the images and at what the generator makes of these, and gives the new grid;
all codes and all layers learn beside it, by `PixelsAndEdges`. With --vq the layers begin as those of the VQ-VAE whose
codes the source has. --out/start.keras is the GAN with the discriminator of the source; `images.png` shows known images
above what is made of their codes. Called again with more --kimg, it goes on where it was.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from blend_codes import codes_of, set_blends
from keras import layers
from train_vq import decaying

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.blended.blended import build_blended_generator
from keras_transfer_gen.networks.blended.fine_codes import FineCodes, add_fine_codes
from keras_transfer_gen.networks.blended.known import blend_layer, known_classes
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges

COMMITMENT = 0.25
SHOWN = 16  # images of a row of the picture


class FineAutoencoder(keras.Model):
    """Learns the finest grid of a generator's known images: an encoder, its quantizer, and all that the generator has.

    Args:
        generator: functional model with a `BlendedCodes`, whose last fine grid is to be learnt.
        features: name of the layer whose features that grid is added to.
        images: uint8 `[n, H, W, C]`, the known images.
        channels: of the encoder, at most.
        objective: `Reconstruction` that compares what is made of the codes with the images.
    """

    def __init__(self, generator, features, images, channels, objective):
        super().__init__()
        generator.trainable = True
        self.blend = blend_layer(generator)
        num_codes, rows, columns, code_dim = self.blend.fine[-1]
        begun = generator.get_layer(features).output
        self.decoder = keras.Model(self.blend.output, generator.output)
        self._begin = keras.Model(self.blend.output[:-1], begun)
        self.encoder = build_encoder(images.shape[1:], begun.shape[1:], code_dim, channels)
        self.quantizer = VectorQuantizer(num_codes, code_dim)
        self.quantizer.build((None, rows, columns, code_dim))
        self._images, self._objective = tf.constant(images), objective

    def encode(self, numbers, training=False):
        """Numbers int `[batch]` -> (their images in [-1, 1], the grids before, vectors of the finest grid)."""
        real = pixels.to_model_range(tf.gather(self._images, numbers))
        grids = self.blend.grids_of(numbers)[:-1]
        features = tf.stop_gradient(self._begin(grids, training=False))
        return real, grids, self.encoder([real, features], training=training)

    def tokens(self, numbers):
        """Numbers int `[batch]` -> tokens of the finest grid: nothing is decoded."""
        return self.quantizer.tokens(self.encode(numbers)[2])

    def call(self, numbers):
        """Numbers int `[batch]` -> (images made of the codes, tokens of the finest grid)."""
        _, grids, vectors = self.encode(numbers)
        fine, tokens, _ = self.quantizer.straight_through(vectors)
        return self.decoder([*grids, fine], training=False), tokens

    def train_step(self, numbers):
        with tf.GradientTape() as tape:
            real, grids, vectors = self.encode(numbers, training=True)
            fine, tokens, distance = self.quantizer.straight_through(vectors)
            loss = tf.reduce_mean(self._objective.loss(real, self.decoder([*grids, fine], training=True)))
            total = loss + COMMITMENT * distance
        variables = self.learnt()
        gradients = tape.gradient(total, [variable.value for variable in variables])
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], variables)
        step = tf.cast(self.optimizer.iterations.value, tf.int32)
        self.quantizer.update(vectors, tokens, tf.stack([1, step]))
        return {"error": loss}  # "loss" is a metric of Keras' own

    def learnt(self):
        """The variables that have a gradient: all but the codes of the finest grid, which follow the quantizer."""
        return [variable for variable in self.trainable_variables if variable is not self.blend.fine_codes[-1]]

    def keep_codes(self):
        """Gives the generator the codes and the tokens of the finest grid."""
        numbers = np.arange(self.blend.num_images)
        tokens = np.concatenate([self.tokens(tf.constant(part)) for part in parts_of(numbers)])
        self.blend.fine_codes[-1].assign(self.quantizer.lookup(np.arange(self.quantizer.num_codes)))
        self.blend.fine_tokens[-1].assign(tokens.reshape(len(tokens), -1))


def build_autoencoder(generator, images, num_codes, code_dim, channels, objective):
    """(`FineAutoencoder`, not compiled, the generator that it teaches); the new grid has twice as many rows."""
    blend = blend_layer(generator)
    rows = 2 * (blend.fine[-1][1] if blend.fine else blend.grid[1])
    first = next(layer for layer in generator.layers if _has_rows(layer, rows))
    small = keras.initializers.RandomNormal(stddev=0.02, seed=0)
    name = f"from_fine_codes_{rows}" if blend.fine else "from_fine_codes"
    convolution = layers.Conv2D(
        first.output.shape[-1], 3, padding="same", use_bias=False, kernel_initializer=small, name=name
    )
    convolution.build((None, rows, rows, code_dim))
    nothing = np.zeros((num_codes, code_dim), np.float32), np.zeros((blend.num_images, rows, rows), np.int16)
    finer = add_fine_codes(generator, FineCodes(*nothing, convolution))
    return FineAutoencoder(finer, first.name, images, channels, objective), finer


def _has_rows(layer, rows):
    """Whether a layer gives one map of features with so many rows."""
    shape = getattr(layer.output, "shape", ())
    return len(shape) == 4 and shape[1] == rows


def build_encoder(image_shape, feature_shape, code_dim, channels):
    """Images in [-1, 1] and features of fewer rows -> vectors for each place of the features."""
    images, features = keras.Input(image_shape), keras.Input(feature_shape)
    x = layers.Conv2D(channels * 3 // 8, 3, padding="same", activation="leaky_relu")(images)
    filters = channels // 2
    while x.shape[1] > feature_shape[0]:
        x = layers.Conv2D(filters, 4, 2, padding="same", activation="leaky_relu")(x)
        filters = min(filters * 3 // 2, channels)
    x = layers.Concatenate()([x, features])
    for _ in range(2):
        x = layers.Conv2D(channels, 3, padding="same", activation="leaky_relu")(x)
    return keras.Model([images, features], layers.Conv2D(code_dim, 1)(x))


def with_decoder_of(generator, vq):
    """A generator of the same known images, whose codes and layers are those of a VQ-VAE."""
    blend = blend_layer(generator)
    blends = {name: getattr(blend, name) for name in ("neighbours", "sharpness", "separation")}
    laid_out = blend.points.numpy(), blend.offsets.numpy(), known_classes(generator)
    tokens = blend.tokens.numpy().reshape(-1, *blend.grid)
    return build_blended_generator(vq.decoder, codes_of(vq.quantizer), tokens, *laid_out, **blends)


def parts_of(numbers):
    """Arrays of at most 64 numbers each, which fit into memory."""
    return np.array_split(numbers, -(-len(numbers) // 64))


def made_of_codes(autoencoder, numbers):
    """(uint8 images, int tokens `[n, rows, columns]`) of known images with these numbers."""
    parts = [autoencoder(tf.constant(part)) for part in parts_of(numbers)]
    images, tokens = (np.concatenate(part) for part in zip(*parts, strict=True))
    return np.asarray(pixels.to_uint8(images)), tokens


def psnr(images, again):
    """Mean PSNR in dB of uint8 images and what is made of their codes."""
    return float(np.mean(tf.image.psnr(images, again, 255)))


def picture(images, again):
    """PNG bytes: rows of known images, each above the row of what is made of their codes."""
    rows = [part[row : row + SHOWN] for row in range(0, 6 * SHOWN, SHOWN) for part in (images, again)]
    return pixels.to_png(pixels.to_grid(np.concatenate(rows), SHOWN))


def batches(count, batch_size, steps, begun):
    """Numbers of known images, int32 `[batch_size]` for each step; the same for a step wherever a run is continued."""

    def drawn():
        for step in range(begun, begun + steps):
            yield np.random.default_rng(step).choice(count, batch_size, replace=False).astype(np.int32)

    shape = tf.TensorSpec((batch_size,), tf.int32)
    numbers = tf.data.Dataset.from_generator(drawn, output_signature=shape)
    return numbers.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)


def images_known_by(gan, source, folder):
    """uint8 images of a folder, in the size of a GAN; ends the script where there are more or fewer than it knows."""
    spec = gan.spec
    images = np.asarray(read_images(folder, spec.image_size, spec.channels, labels="folders").images)
    if len(images) != blend_layer(gan.ema_generator).num_images:
        raise SystemExit(f"{folder} holds {len(images)} images, which are not those that {source} knows")
    return images


def learn(model, variables, count, options, describe):
    """Fits a model that takes numbers of known images, or goes on where it was; keeps it in --out/checkpoints.

    Args:
        model: `keras.Model`, not compiled, whose training gives "error".
        variables: those that it learns.
        count: how many images are known.
        options: of the script.
        describe: function without arguments, called after each `--every`: words on how good the model is.
    """
    steps = round(1000 * options.kimg / options.batch_size)
    rate = decaying(options.learning_rate, options.kimg, options)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99))
    model.optimizer.build(variables)
    state = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    kept = tf.train.CheckpointManager(state, options.out / "checkpoints", 1)
    if kept.latest_checkpoint:
        state.restore(kept.latest_checkpoint)
    chunk = round(1000 * options.every / options.batch_size)
    while (begun := int(model.optimizer.iterations)) < steps:
        numbers = batches(count, options.batch_size, min(chunk, steps - begun), begun)
        error = model.fit(numbers, shuffle=False, verbose=0).history["error"][-1]
        kept.save()
        kimg = int(model.optimizer.iterations) * options.batch_size / 1000
        print(f"{kimg:.1f} kimg: error {error:.4f}, {describe()}", flush=True)


def main():
    options = parse()
    source = ktg.load_gan(options.source)
    images, begin = images_known_by(source, options.source, options.data), source.ema_generator
    if options.vq:
        begin = with_decoder_of(begin, ktg.load_vq(options.vq))
    grid = options.codes, options.code_dim, options.channels
    autoencoder, generator = build_autoencoder(begin, images, *grid, PixelsAndEdges(worst_weight=options.worst_weight))
    shown = np.random.default_rng(0).permutation(len(images))[:640]

    def describe():
        again, tokens = made_of_codes(autoencoder, shown)
        files.write_bytes(options.out / "images.png", picture(images[shown], again))
        return f"PSNR {psnr(images[shown], again):.2f} dB, {len(np.unique(tokens))} codes used"

    learn(autoencoder, autoencoder.learnt(), len(images), options, describe)
    autoencoder.keep_codes()
    set_blends(generator, fine_sharpness=options.fine_sharpness, separation=options.separation)
    ktg.GAN(generator, source.discriminator, spec=source.spec).save(options.out / "start.keras")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="a GAN of blended codes, as `ktg.load_gan` takes it")
    parser.add_argument("--vq", help="the VQ-VAE that it was made of, as `ktg.load_vq` takes it, for its decoder")
    parser.add_argument("--data", required=True, help="the images that it knows, one sub-folder a class")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and of start.keras")
    parser.add_argument("--kimg", type=float, default=64.0, help="thousands of images shown")
    parser.add_argument("--every", type=float, default=8.0, help="kimg from one checkpoint and picture to the next")
    parser.add_argument("--codes", type=int, default=1024, help="codes of the new grid")
    parser.add_argument("--code-dim", type=int, default=16, help="length of such a code")
    parser.add_argument("--channels", type=int, default=128, help="of the encoder, at most; fewer are faster")
    parser.add_argument("--fine-sharpness", type=float, default=4.0, help="of the GAN: see `BlendedCodes`")
    parser.add_argument("--separation", type=float, help="of the GAN: the same; by default the source's")
    parser.add_argument("--worst-weight", type=float, default=0.25, help="see `PixelsAndEdges`")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of Adam, at its highest")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""A small GAN of blended codes of 32 px for tests, whose known images are of one colour each."""

import keras
import numpy as np

import keras_transfer_gen as ktg
from keras_transfer_gen.maths.semi_discrete import fit_offsets
from keras_transfer_gen.networks.blended.blended import build_blended_generator
from keras_transfer_gen.networks.blended.fine_codes import FineCodes, add_fine_codes
from keras_transfer_gen.networks.dcgan.conditional import build_conditional_discriminator
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder

NAMES = ("red", "green", "blue")
EACH, LATENT_DIM = 6, 5  # known images of a class


def colour_decoder():
    """A decoder of grids `[8, 8, 3]`, the colours of places in [-1, 1], to images of 32 px; it can be trained."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.UpSampling2D(4, name="enlarge")(inputs)
    x = keras.layers.BatchNormalization(name="norm", epsilon=1e-7)(x)
    decoder = keras.Model(inputs, keras.layers.Conv2D(3, 1, name="to_image")(x))
    decoder.get_layer("to_image").set_weights([np.eye(3)[np.newaxis, np.newaxis], np.zeros(3)])
    return decoder


def known_colours():
    """(codes `[36, 3]` of two levels, tokens `[18, 2, 8, 8]`, labels `[18]`): each image has a colour of its class."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), EACH)
    first = np.full((18, 3), -0.8)
    first[np.arange(18), labels] = 0.6
    codes = np.concatenate([first, rng.uniform(-0.1, 0.1, (18, 3))]).astype(np.float32)
    tokens = np.stack([np.broadcast_to(np.array([[[n]], [[n + 18]]]), (2, 8, 8)) for n in range(18)])
    return codes, tokens, labels


def blended_generator(decoder=None, **options):
    """The generator of `known_colours`; another decoder may draw them."""
    codes, tokens, labels = known_colours()
    points = np.random.default_rng(1).normal(size=(18, LATENT_DIM)).astype(np.float32)
    offsets = np.concatenate([fit_offsets(points[labels == number]) for number in range(3)])
    return build_blended_generator(decoder or colour_decoder(), codes, tokens, points, offsets, labels, **options)


def token_decoder_generator(**options):
    """A generator of the same images, by a token decoder with weights by chance."""
    keras.utils.set_random_seed(7)
    decoder = build_token_decoder(32, downsampling=4, code_dim=3, max_channels=8, min_channels=4)
    return blended_generator(decoder, **options)


def random_fine_codes(generator, rows, name="from_fine_codes"):
    """`FineCodes` by chance, 20 codes of length 2, for features of a generator with so many rows."""
    rng = np.random.default_rng(rows)
    width = next(layer.output.shape[-1] for layer in generator.layers[3:] if layer.output.shape[1] == rows)
    layer = keras.layers.Conv2D(width, 3, padding="same", name=name)
    layer.build((None, rows, rows, 2))
    return FineCodes(rng.normal(size=(20, 2)).astype(np.float32), rng.integers(0, 20, (18, rows, rows)), layer)


def fine_generator(**options):
    """`token_decoder_generator` with a second grid, `[16, 16, 2]`, by chance."""
    generator = token_decoder_generator(**options)
    return add_fine_codes(generator, random_fine_codes(generator, 16))


def blend_by_numpy(blend, latents, labels):
    """What the layer is to give, image by image: the best images of the class, averaged by softmax."""
    codes, tokens = blend.codes.numpy(), blend.tokens.numpy()
    points, offsets = (part.numpy().astype(np.float64) for part in (blend.points, blend.offsets))
    grids = []
    for z, label in zip(latents, labels, strict=True):
        own = np.flatnonzero(blend.classes.numpy()[label])
        scores = points[own] @ z + offsets[own]
        best = np.argsort(-scores)[: blend.neighbours]
        distances = np.square(points[own[best]] - points[own[best[0]]]).sum(axis=1)
        weights = np.exp(blend.sharpness * (scores[best] - scores.max()) - blend.separation * distances)
        vectors = codes[tokens[own[best]]].reshape(len(best), *blend.grid, blend.code_dim).sum(axis=1)
        grids.append(np.tensordot(weights / weights.sum(), vectors, axes=1))
    return np.stack(grids)


def blended_gan(generator=None):
    """A `GAN`, not compiled, of such a generator and a conditional discriminator with weights by chance."""
    keras.utils.set_random_seed(0)
    spec = ktg.ModelSpec(
        image_size=32, channels=3, latent_dim=LATENT_DIM, class_names=NAMES, class_shares=(0.5, 0.25, 0.25),
        arch="blended_codes",
    )  # fmt: skip
    discriminator = build_conditional_discriminator(32, 3, num_classes=3, max_channels=16, min_channels=4)
    return ktg.GAN(generator or blended_generator(), discriminator, spec=spec)

"""Small trainings whose weights must not depend on how many replicas or workers share a batch; also a script.

As a script it is one worker: `TF_CONFIG=... python replica_trainings.py OUT NAME ...` trains the named models in turn
and writes their weights and the logs of the last epoch to `OUT/<name>.<worker>.npz`.
"""

import sys
from pathlib import Path

import keras
import numpy as np

SIDE, LATENT, BATCH, STEPS = 8, 6, 32, 20


def images():
    """uint8 `[80, 8, 8, 3]`."""
    return np.random.default_rng(0).integers(0, 256, (80, SIDE, SIDE, 3), dtype=np.uint8)


def _generator():
    from keras_transfer_gen.networks.layers import FusedBatchNormalization

    latents = keras.Input((LATENT,))
    x = keras.layers.Reshape((4, 4, 8))(keras.layers.Dense(128)(latents))
    x = keras.layers.ReLU()(FusedBatchNormalization(momentum=0.9)(x))
    x = keras.layers.Conv2D(8, 3, padding="same")(keras.layers.UpSampling2D()(x))
    x = keras.layers.ReLU()(FusedBatchNormalization(momentum=0.9)(x))
    return keras.Model(latents, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x), name="generator")


def _discriminator():
    from keras_transfer_gen.networks.layers import MinibatchDeviation

    shown = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(8, 3, strides=2, padding="same")(shown))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(8, 3, padding="same")(MinibatchDeviation(4)(x)))
    return keras.Model(shown, keras.layers.Dense(1)(keras.layers.Flatten()(x)), name="discriminator")


def _gan(discriminator=None, rate=0.02, **compiled):
    from keras_transfer_gen.objectives.penalties import R1
    from keras_transfer_gen.training.gan import GAN

    gan = GAN(_generator(), discriminator or _discriminator())
    optimizers = {name: keras.optimizers.SGD(rate) for name in ("g_optimizer", "d_optimizer")}
    gan.compile(**{"penalty": R1(0.5, interval=4), "ema_halflife_kimg": 0.2, **optimizers, **compiled})
    return gan


def gan_with_r1():
    """Batch norm in the generator, minibatch deviation in the discriminator, R1 at every fourth step."""
    return _gan()


def gan_with_ada():
    """The same with an augmentation whose strength follows the discriminator, quickly."""
    from keras_transfer_gen.training.ada import ADA

    return _gan(augment=ADA(target=0.0, kimg=0.5, policy="bc"))


def gan_with_diffaugment():
    """The same with the default augmentation."""
    return _gan(augment="diffaugment")


def gan_with_heads():
    """The same with heads on the maps of the trained network."""
    from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads

    return _gan(build_feature_heads(_discriminator(), weight=0.05, width=4), rate=0.005)


def stylegan2():
    """Noise, mixed styles, path lengths, their average style, groups of images, ADA; all penalties take turns."""
    from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
    from keras_transfer_gen.networks.stylegan2.stylegan2 import (
        build_stylegan2_discriminator,
        build_stylegan2_generator,
    )
    from keras_transfer_gen.objectives.path_length import PathLength
    from keras_transfer_gen.objectives.penalties import R1
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.training.ada import ADA
    from keras_transfer_gen.training.gan import GAN

    shape = GeneratorShape(SIDE, latent_dim=LATENT, w_dim=8, widths=(8, 8), mapping_layers=2, mixing=0.9)
    generator = build_stylegan2_generator(shape)
    for variable in generator.trainable_variables:
        if variable.name == "noise_strength":
            variable.assign(0.3)
    discriminator = build_stylegan2_discriminator(DiscriminatorShape(SIDE, widths=(8, 8), group_size=4))
    spec = ModelSpec(image_size=SIDE, channels=3, latent_dim=LATENT, arch="stylegan2")
    gan = GAN(generator, discriminator, spec=spec)
    penalties = [R1(0.5, interval=4), PathLength(2.0, interval=4)]
    optimizers = {name: keras.optimizers.SGD(0.005) for name in ("g_optimizer", "d_optimizer")}
    gan.compile(penalty=penalties, augment=ADA(target=0.0, kimg=0.5), ema_halflife_kimg=0.2, **optimizers)
    return gan


def vae():
    """Batch norm in both networks, free bits, the scale that is the most likely for the batch."""
    from keras_transfer_gen.networks.layers import FusedBatchNormalization
    from keras_transfer_gen.training.vae import VAE

    shown = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(shown)
    x = keras.layers.Flatten()(keras.layers.ReLU()(FusedBatchNormalization(momentum=0.9)(x)))
    encoder = keras.Model(shown, [keras.layers.Dense(LATENT)(x), keras.layers.Dense(LATENT)(x)], name="encoder")
    decoder = _generator()
    decoder.name = "decoder"
    model = VAE(encoder, decoder, free_bits=0.05, kl_annealing_kimg=0.3)
    model.compile(optimizer=keras.optimizers.SGD(2e-5))
    return model


MODELS = {f.__name__: f for f in (gan_with_r1, gan_with_ada, gan_with_diffaugment, gan_with_heads, stylegan2, vae)}


def train(name, strategy, steps=STEPS):
    """(weights by path, logs of the last epoch) of a model after some steps with a batch of all replicas."""
    from keras_transfer_gen.data.batches import load_images

    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = MODELS[name]()
    stream = load_images(images(), SIDE, batch_size=BATCH)
    history = model.fit(stream, epochs=2, steps_per_epoch=steps // 2, verbose=0).history
    return numbered_weights(model), {key: values[-1] for key, values in history.items()}


def numbered_weights(model):
    """dict of "000", "001", ... -> ndarray."""
    return {f"{number:03}": np.array(value) for number, value in enumerate(model.get_weights())}


def weights_before(name):
    """`numbered_weights` of a model before its training."""
    keras.utils.set_random_seed(0)
    return numbered_weights(MODELS[name]())


def largest_difference(first, second):
    """Between two results of `train`: (of the weights, of the logs, relative)."""
    weights = max(float(np.abs(np.float64(value) - second[0][key]).max()) for key, value in first[0].items())
    return weights, max(abs(value - second[1][key]) / max(abs(value), 1.0) for key, value in first[1].items())


def read_result(path):
    """What `main` wrote of a model, as `train` returns it."""
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    logs = {key.removeprefix("log_"): float(value) for key, value in arrays.items() if key.startswith("log_")}
    return {key: value for key, value in arrays.items() if not key.startswith("log_")}, logs


def main(out, *names):
    from keras_transfer_gen.training.distribution import choose_strategy
    from keras_transfer_gen.worker_cluster import read_cluster

    strategy = choose_strategy()
    for name in names:
        weights, logs = train(name, strategy)
        file = Path(out, f"{name}.{read_cluster().number}.npz")
        np.savez(file, **weights, **{f"log_{key}": value for key, value in logs.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A tiny class-conditional architecture for tests, of 8 px, and images of three classes that it learns at once."""

import contextlib
import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_transfer_gen as ktg
from keras_transfer_gen import tables

NAMES = ("red", "green", "blue")  # the channel that is bright
METHOD = Path(__file__).parent / "extension" / "methods" / "conditional_toy.py"


@contextlib.contextmanager
def conditional_toy():
    """Within the block the architecture "conditional_toy" is registered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables.ARCHITECTURES, "_rows", dict(tables.ARCHITECTURES._rows))
        spec = importlib.util.spec_from_file_location(METHOD.stem, METHOD)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        yield


def colour_gan():
    """A GAN of "conditional_toy", not trained, whose generator draws each class in its colour."""
    keras.utils.set_random_seed(0)
    spec = ktg.ModelSpec(image_size=8, channels=3, latent_dim=4, class_names=NAMES, arch="conditional_toy")
    gan = ktg.GAN(*tables.architecture_of(spec).build(spec, {"features": 3}), spec=spec)
    for generator in (gan.generator, gan.ema_generator):
        generator.get_layer("classes").set_weights([4 * np.eye(3, 4, dtype=np.float32)])
        generator.get_layer("mapping").set_weights([0.1 * np.eye(4, 3, dtype=np.float32), np.zeros(3, np.float32)])
        generator.get_layer("render").set_weights([np.tile(3 * np.eye(3, dtype=np.float32), 64), np.full(192, -1.0)])
    return gan


def colours_of(gan, label=None):
    """Names of the brightest channels of 12 images."""
    return {NAMES[number] for number in gan.generate(12, seed=0, label=label).mean(axis=(1, 2)).argmax(axis=1)}


def coloured_images(count=8, seed=0, noise=20):
    """dict of class name -> uint8 `[count, 8, 8, 3]`: one bright channel, and `noise` levels of noise."""
    rng = np.random.default_rng(seed)
    images = {}
    for channel, name in enumerate(NAMES):
        images[name] = rng.integers(0, noise, (count, 8, 8, 3), np.uint8)
        images[name][..., channel] += 200
    return images


def write_classes(folder, images):
    """Writes images of classes as `folder/CLASS/00.png`, ...; returns the folder."""
    for name, of_class in images.items():
        (folder / name).mkdir(parents=True)
        for number, image in enumerate(of_class):
            (folder / name / f"{number:02}.png").write_bytes(tf.io.encode_png(image).numpy())
    return folder

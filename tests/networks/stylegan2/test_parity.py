"""Against the original programs: what they compute of the files in `tests/stylegan2_files`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.stylegan2.from_tensors import discriminator_shape, generator_shape
from keras_transfer_gen.networks.stylegan2.official import load_official, official_name
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from tests.stylegan2_fixtures import FOLDER, NAMES, reference, relative


def build(name):
    """(generator, discriminator) of a file; its noise and average style where it has them."""
    networks = read_network_file(FOLDER / name).networks
    averaged, judge = networks["G_ema"], networks["D"]
    generator = build_stylegan2_generator(generator_shape(averaged.arrays, averaged.attributes))
    discriminator = build_stylegan2_discriminator(discriminator_shape(judge.arrays, judge.attributes))
    load_official("generator", generator, averaged.arrays)
    load_official("discriminator", discriminator, judge.arrays)
    return generator, discriminator


def generator_inputs(arrays, truncation=1.0):
    inputs = {"latents": arrays["z"], "truncation": np.full(4, truncation, np.float32)}
    return inputs | ({"labels": arrays["labels"]} if "labels" in arrays else {})


@pytest.mark.parametrize("name", NAMES)
def test_styles_images_and_logits_are_those_of_the_original(name):
    arrays = reference(name)
    generator, discriminator = build(name)
    both = keras.Model(generator.input, [generator.get_layer("styles").output, generator.output])
    w, images = both(generator_inputs(arrays))
    assert relative(w, arrays["w"]) < 1e-5 and relative(images, arrays["image_const"]) < 2e-5
    seen = arrays["images_d"]
    logits = discriminator({"images": seen, "labels": arrays["labels_d"]} if "labels_d" in arrays else seen)
    assert relative(logits, arrays["logits"]) < 2e-5
    if name != "rosinality_legacy.pt":  # its average style is in no file
        assert relative(both(generator_inputs(arrays, 0.7))[0], arrays["w_psi07"]) < 1e-5


@pytest.fixture(scope="module")
def skip():
    return (*build("ada_skip.pkl"), reference("ada_skip.pkl"), reference("ada_skip_gradients.npz"))


def test_truncated_images_are_those_of_the_original(skip):
    generator, _, arrays, _ = skip
    assert relative(generator(generator_inputs(arrays, 0.7)), arrays["image_psi07_const"]) < 2e-5


def check_gradients(role, variables, gradients, wanted):
    stored = {key.split("/", 1)[1]: value for key, value in wanted.items() if "/" in key}
    largest = max(np.abs(value).max() for value in stored.values())
    compared = 0
    for variable, gradient in zip(variables, gradients, strict=True):
        name = official_name(role, variable.path)
        value = stored[name]
        gradient = np.zeros(value.shape) if gradient is None else np.asarray(gradient)
        if name == "b4.fc.weight":
            gradient = gradient.reshape(4, 4, -1, len(value)).transpose(3, 2, 0, 1).reshape(value.shape)
        elif name.startswith("synthesis.") and name.endswith("conv0.weight"):
            gradient = gradient.transpose(2, 3, 0, 1)  # `reference` gives kernels as [out, k, k, in]
            value = np.moveaxis(value, 3, 1)
        elif gradient.ndim == 4:
            gradient, value = gradient.transpose(3, 2, 0, 1), np.moveaxis(value, 3, 1)
        elif gradient.ndim == 3:
            gradient = gradient.transpose(2, 0, 1)
        elif gradient.ndim == 2:
            gradient = gradient.T
        bound = 1e-4 * np.abs(value).max() if np.abs(value).max() > 1e-6 * largest else 1e-6 * largest
        assert np.abs(gradient - value).max() <= bound, name
        compared += 1
    assert compared == len(stored) > 15


def test_r1_gradients_are_those_of_the_original(skip):
    _, discriminator, arrays, wanted = skip
    images = tf.constant(arrays["images_d"])
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(images)
            total = tf.reduce_sum(discriminator(images))
        penalty = tf.reduce_sum(tf.square(inner.gradient(total, images)), axis=(1, 2, 3))
        mean = tf.reduce_mean(penalty)
    assert relative(penalty, wanted["r1_penalty"]) < 1e-5
    variables = [variable.value for variable in discriminator.trainable_variables]
    gradients = tape.gradient(mean, variables)
    check_gradients("discriminator", discriminator.trainable_variables, gradients, wanted_of(wanted, "r1_grad"))


def test_path_length_gradients_are_those_of_the_original(skip):
    generator, _, arrays, wanted = skip
    both = keras.Model(generator.input, [generator.get_layer("styles").output, generator.output])
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            w, images = both(generator_inputs(arrays))
            total = tf.reduce_sum(images * wanted["pl_noise"])
        lengths = tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(inner.gradient(total, w)), axis=2), axis=1))
        loss = tf.reduce_mean(tf.square(lengths - 0.01 * tf.reduce_mean(lengths)))
    assert relative(lengths, wanted["pl_lengths"]) < 1e-5
    variables = generator.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    check_gradients("generator", variables, gradients, wanted_of(wanted, "pl_grad"))


def wanted_of(arrays, kind):
    return {key: value for key, value in arrays.items() if key.startswith(f"{kind}/")}

"""Frozen weights cost no gradient: the products of a step are counted in its graph."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import convolution
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN

IMAGES = np.zeros((4, 32, 32, 3), np.uint8)


def kernel_gradients(graph):
    """The shapes of kernels of which a graph computes the gradient, of operations that its results need."""
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    known = {id(operation): operation for operation in waiting}
    while waiting:
        operation = waiting.pop()
        for source in [tensor.op for tensor in operation.inputs] + list(operation.control_inputs):
            if id(source) not in known:
                known[id(source)] = source
                waiting.append(source)
    filters = [operation for operation in known.values() if operation.type == "Conv2DBackpropFilter"]
    return sorted(math.prod(operation.outputs[0].shape) for operation in filters)


def graph_of_a_step(freeze):
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(32, max_channels=32, latent_dim=8))
    freeze(gan)
    gan.compile(penalty=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "are_faster_here", lambda: False)
        return tf.function(lambda: gan.train_step(tf.constant(IMAGES))).get_concrete_function().graph


def freeze_d(gan):
    for side in (32, 16):
        gan.discriminator.get_layer(f"block_{side}").trainable = False


def scale_and_shift_only(gan):
    for layer in gan.generator._flatten_layers():
        if isinstance(layer, keras.layers.Conv2D):
            layer.trainable = False


def test_frozen_layers_have_no_kernel_gradient():
    full = kernel_gradients(graph_of_a_step(lambda gan: None))
    assert len(full) == 2 * 4 + 4  # four convolutions judge real and generated images, four make them
    assert len(kernel_gradients(graph_of_a_step(freeze_d))) == 2 * 2 + 4
    assert len(kernel_gradients(graph_of_a_step(scale_and_shift_only))) == 2 * 4

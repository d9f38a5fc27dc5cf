"""How much memory a training takes, estimated from its networks before a step is traced.

What counts are the weights and what the optimizers keep of them, the gradients, and the tensors that a forward pass
keeps for its gradient. Peaks that were measured are within a factor of `WITHIN` of it
(`benchmarks/engine/memory.py`).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen.protocols import without_lipschitz_bounded

ALIASES = frozenset((  # operations whose output is their input's memory
    "EnsureShape", "ExpandDims", "Identity", "IdentityN", "PreventGradient", "Reshape", "Snapshot", "Squeeze",
    "StopGradient",
))  # fmt: skip
KEEPS_INPUTS = frozenset((  # operations whose gradient reads what went in
    "BatchMatMulV2", "Conv2D", "Conv2DBackpropInput", "Einsum", "FusedBatchNormV3", "LeakyRelu", "MatMul", "Mul",
    "RealDiv", "Square", "SquaredDifference",
))  # fmt: skip
KEEPS_OUTPUT = frozenset((  # operations whose gradient reads what came out
    "Elu", "Exp", "Relu", "Relu6", "Rsqrt", "Selu", "Sigmoid", "Softmax", "Softplus", "Sqrt", "Tanh",
))  # fmt: skip
WITHIN = 1.2  # factor between the estimate and what was measured
RUNTIME = 100_000_000  # bytes: the step's graph, buffers of threads
TRAINED_NETWORK = 200_000_000  # bytes: the graph and the kernels' buffers of the trained network of feature heads
WORKSPACE = 1.15  # of what gradients read: what kernels take for a moment, and what the allocator leaves in pieces
GRADIENTS = 3  # of a GAN, for each trained weight: its own, the penalty's, and what the optimizer makes of their sum
SLOTS = 2  # of an optimizer for each weight, as Adam has them
HALF = 0.5  # of a tensor's bytes in bfloat16 and float16
PATH_LENGTHS = 1.8  # passes of the generator that path lengths keep: of half of the batch, with a second derivative
PASSES_OF_D = 4  # through a discriminator that are kept at once: real, generated, and the penalty's two
BATCH = 11  # images of the pass that is traced; a number that no kernel and no layer begins with


@dataclasses.dataclass(frozen=True)
class TrainingMemory:
    """Bytes that a training takes beside TensorFlow itself.

    Args:
        weights: of the networks, their averages and the optimizers.
        fixed: of a step of any size: gradients, and what the step's graph takes.
        per_image: of a step, for each image that goes through the networks at once.
    """

    weights: int
    fixed: int
    per_image: int

    def step(self, images: int) -> int:
        """Bytes of a step of so many images at once."""
        return self.fixed + images * self.per_image

    def most_images(self, free: float) -> int:
        """How many images at once fit into some bytes (int); 0 where none does."""
        return max(0, int((free - self.fixed) // max(self.per_image, 1)))


def gan_memory(
    generator: keras.Model, discriminator: keras.Model, half: bool = False, path_lengths: bool = False
) -> TrainingMemory:
    """`TrainingMemory` of a GAN's step.

    The generator's pass is kept all the time. Beside it stand real and generated images in the discriminator and the
    penalty of the former, or the way through all of the discriminator to the generator; heads on the maps of a trained
    network have no gradient to images in the former.

    Args:
        generator: Keras model.
        discriminator: Keras model.
        half: whether it is trained in bfloat16 or float16.
        path_lengths: whether the generator's path lengths are penalised.
    """
    own = pass_bytes(without_lipschitz_bounded(discriminator))
    whole = pass_bytes(discriminator)
    g_weights, d_weights = (_weight_bytes(network.weights) for network in (generator, discriminator))
    kept = (1 + PATH_LENGTHS * path_lengths) * pass_bytes(generator) + max(PASSES_OF_D * own, whole)
    trained = _weight_bytes(generator.trainable_weights) + _weight_bytes(discriminator.trainable_weights)
    heads = TRAINED_NETWORK * (own != whole)
    return TrainingMemory(
        weights=(2 + SLOTS) * g_weights + (1 + SLOTS) * d_weights,  # the averaged generator too
        fixed=RUNTIME + heads + (GRADIENTS + 2 * path_lengths) * trained,
        per_image=int(WORKSPACE * kept * (HALF if half else 1.0)),
    )


def vae_memory(encoder: keras.Model, decoder: keras.Model, half: bool = False) -> TrainingMemory:
    """`TrainingMemory` of a VAE's step: one pass through both networks.

    Args:
        encoder: Keras model.
        decoder: Keras model.
        half: whether it is trained in bfloat16 or float16.
    """
    weights, trained = (
        sum(_weight_bytes(getattr(network, name)) for network in (encoder, decoder))
        for name in ("weights", "trainable_weights")
    )
    kept = pass_bytes(encoder) + pass_bytes(decoder)
    return TrainingMemory(
        weights=(1 + SLOTS) * weights,
        fixed=RUNTIME + 2 * trained,
        per_image=int(WORKSPACE * kept * (HALF if half else 1.0)),
    )


def pass_bytes(network: keras.Model) -> int:
    """Bytes that one image's pass through a network keeps until its gradient is taken.

    Args:
        network: built Keras model whose inputs have fixed shapes but for the batch.

    Returns:
        int: the sum over the tensors that gradients read.
    """

    def run(inputs: Any) -> Any:
        return network(inputs, training=True)

    specs = tf.nest.map_structure(lambda t: tf.TensorSpec((BATCH, *t.shape[1:]), t.dtype), network.input)
    graph = tf.function(run, autograph=False).get_concrete_function(specs).graph
    owners: dict[Any, Any] = {}
    kept: dict[Any, int] = {}
    for operation in graph.get_operations():
        inputs = [owners.get(tensor.ref(), tensor.ref()) for tensor in operation.inputs]
        if operation.type in ALIASES and inputs:
            owners[operation.outputs[0].ref()] = inputs[0]
        read = inputs if operation.type in KEEPS_INPUTS else []
        read = [t.ref() for t in operation.outputs[:1]] if operation.type in KEEPS_OUTPUT else read
        kept.update((ref, _bytes_of(ref.deref())) for ref in read)
    return sum(kept.values()) // BATCH


def _bytes_of(tensor: tf.Tensor) -> int:
    """Bytes of a tensor with a row for each image; 0 of any other."""
    shape = tensor.shape
    rows = shape.rank and shape.is_fully_defined() and shape[0] == BATCH
    return math.prod(shape.as_list()) * tensor.dtype.size if rows else 0


def _weight_bytes(weights: list[keras.Variable]) -> int:
    return sum(math.prod(weight.shape) * 4 for weight in weights)

"""How much of the machine's matrix-product peak the GAN step reaches.

    python benchmarks/engine/peak_flops.py [--out benchmarks/results/engine/peak_flops]

The peak is the fastest of a few large square matrix products in the same precision; the step (64 px, batch 32, no
penalty, no augmentation) is counted by the products that its graph computes: convolutions, their gradients and matrix
products. Both take turns, round by round. The last line is JSON with "share_float32" and "share_bfloat16".
"""

import argparse
import json
import math
from pathlib import Path

import interleaved
import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import files
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.precision import set_precision

BATCH, SIZE, SIDES = 32, 64, (1024, 1536, 2048)


def needed_operations(graph):
    """The operations of a `FuncGraph` that its results or effects depend on; the others are never run."""
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    known = {id(operation): operation for operation in waiting}
    while waiting:
        operation = waiting.pop()
        for source in [tensor.op for tensor in operation.inputs] + list(operation.control_inputs):
            if id(source) not in known:
                known[id(source)] = source
                waiting.append(source)
    return list(known.values())


def operations_of(graph, batch):
    """Floating-point operations of one call of a graph: two for each product of its convolutions and matrix products.

    Args:
        graph: `FuncGraph`.
        batch: what a dimension is that the graph doesn't know.
    """

    def size(tensor):
        return math.prod(batch if side is None else side for side in tensor.shape)

    total = 0
    for operation in needed_operations(graph):
        inputs = operation.inputs
        if operation.type == "Conv2D":
            total += 2 * size(operation.outputs[0]) * math.prod(inputs[1].shape[:3])
        elif operation.type == "Conv2DBackpropInput":
            total += 2 * size(inputs[2]) * math.prod(inputs[1].shape[:3])
        elif operation.type == "Conv2DBackpropFilter":
            total += 2 * size(inputs[2]) * math.prod(operation.outputs[0].shape[:3])
        elif operation.type == "MatMul":
            inner = inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
            total += 2 * size(operation.outputs[0]) * (batch if inner is None else inner)
    return total


def gan_step(precision):
    """(function of a number of steps, floating-point operations of a step)."""
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(SIZE))
    gan.compile(penalty=None)
    set_precision(gan, precision)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8))
    step = tf.function(lambda: gan.train_step(images)).get_concrete_function()
    return interleaved.repeated(step, wait=gan.step.numpy), operations_of(step.graph, BATCH)


def matrix_product(precision, side):
    """Function of a number of products of two `[side, side]` matrices."""
    left, right = (tf.cast(tf.random.stateless_normal((side, side), (0, part)), precision) for part in (0, 1))
    product = tf.function(lambda: tf.matmul(left, right))

    def run(steps):
        for _ in range(steps):
            last = product()
        last.numpy()

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="rounds that are counted")
    parser.add_argument("--steps", type=int, default=4, help="steps, and products, in a round")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    result = {**interleaved.measured_here(), "gflops": {}}
    for precision in ("float32", "bfloat16"):
        step, operations = gan_step(precision)
        variants = {"step": step, **{str(side): matrix_product(precision, side) for side in SIDES}}
        seconds = interleaved.times_in_turn(variants, options.repeats, options.steps)
        rates = {"step": operations / np.median(seconds["step"]) / 1e9}
        rates["peak"] = max(2 * side**3 / np.median(seconds[str(side)]) / 1e9 for side in SIDES)
        result["gflops"][precision] = {name: round(float(rate), 1) for name, rate in rates.items()}
        result["gflop_a_step"] = round(operations / 1e9, 2)
        result[f"share_{precision}"] = round(float(rates["step"] / rates["peak"]), 3)
        print(f"{precision}: {result['gflops'][precision]} GFLOP/s", flush=True)
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

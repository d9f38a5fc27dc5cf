"""The products of a step are counted once each, and only those that are computed."""

from pathlib import Path

import pytest
import tensorflow as tf

from tests.scripts import import_script

ENGINE = Path(__file__).resolve().parents[3] / "benchmarks" / "engine"


@pytest.fixture(scope="module")
def peak_flops():
    return import_script(ENGINE, "peak_flops")


def graph_of(function, *shapes):
    specs = [tf.TensorSpec(shape) for shape in shapes]
    return tf.function(function).get_concrete_function(*specs).graph


def test_a_matrix_product_is_two_operations_for_each_product(peak_flops):
    graph = graph_of(lambda a, b: tf.matmul(a, b, transpose_a=True), (3, None), (3, 5))
    assert peak_flops.operations_of(graph, batch=7) == 2 * 3 * 5 * 7


def test_a_convolution_and_its_gradients_cost_the_same_and_unused_ones_nothing(peak_flops):
    once = 2 * (4 * 4 * 6) * (3 * 3 * 2)

    def both(images, kernel):
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            answer = tf.reduce_sum(tf.square(tf.nn.conv2d(images, kernel, 2, "SAME")))
        return tape.gradient(answer, [images, kernel])

    shapes = (1, 8, 8, 2), (3, 3, 2, 6)
    assert peak_flops.operations_of(graph_of(both, *shapes), batch=1) == 3 * once
    assert peak_flops.operations_of(graph_of(lambda *x: both(*x)[0], *shapes), batch=1) == 2 * once
